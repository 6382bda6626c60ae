"""The AppSync API: its readers, its limits, its log group, and a resolver for every field of the schema."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from aws_cdk import Annotations, Duration, Expiration
from aws_cdk import aws_appsync as appsync
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from statusbeam.model.settings import ResolverVariables

from ..bundling import scratch_folder
from ..compliance import accept
from ..encryption import customer_key
from ..options import ApiOptions, ResourceOptions
from .resolver_code import (
    LOGIN_CHECK,
    PASS_THROUGH,
    UNGUARDED,
    FieldName,
    ResolverBundles,
    ResolverError,
    root_fields,
    schema_text,
)
from .resolver_settings import JOB_STATES
from .sign_in import SignIn

# The deepest a client needs is four: listStatusUpdates → updates → earlier → a field.
_QUERY_DEPTH_LIMIT = 6
# With introspection on, tools ask for the schema 15 levels deep.
_INTROSPECTION_DEPTH_LIMIT = 15
_RESOLVER_COUNT_LIMIT = 20

# The data source of each field, or of each function of a pipeline. Every pipeline begins with LOGIN_CHECK.
UNITS = {
    "Mutation.publishStatus": "none",
    "Subscription.onStatusUpdate": "sessions",
    "Subscription.onTenantStatus": "sessions",
}
STEPS = {
    LOGIN_CHECK: "sessions",
    "getStatusDetail.logEntry": "status",
    "getStatusDetail.spilled": "details",
    "getJob.snapshot": "status",
    "listJobs.page": "status",
    "listTenantJobs.state": "status",
    "countTenantJobs.state": "status",
    "listStatusUpdates.head": "status",
    "listStatusUpdates.range": "status",
    "listStatusUpdates.first": "status",
    "getHeads": "status",
    "endSessions.mark": "sessions",
    "endSessions.userSessions": "sessions",
    "endSessions.tenantSessions": "sessions",
    "endSessions.delete": "sessions",
    "changeJob.head": "status",
    "cancelJob.record": "requests",
    "answerWaiting.wait": "status",
    "answerWaiting.record": "requests",
    "syncSession.session": "sessions",
    "syncSession.tenantSession": "sessions",
}
PIPELINES = {
    "Query.getStatusDetail": ("getStatusDetail.logEntry", "getStatusDetail.spilled"),
    # Up to three reads until head and agents belong to one commit.
    "Query.getJob": ("getJob.snapshot", "getJob.snapshot", "getJob.snapshot"),
    "Query.listJobs": ("listJobs.page", "getHeads"),
    # The index has the jobs of each overall state apart.
    "Query.listTenantJobs": (*("listTenantJobs.state",) * JOB_STATES, "getHeads"),
    "Query.countTenantJobs": ("countTenantJobs.state",) * JOB_STATES,
    "Query.listStatusUpdates": (
        "listStatusUpdates.head",
        "listStatusUpdates.range",
        "listStatusUpdates.first",
    ),
    "Mutation.endSessions": (
        "endSessions.mark",
        "endSessions.userSessions",
        "endSessions.delete",
        "endSessions.tenantSessions",
        "endSessions.delete",
    ),
    # reads the head again, with the recorded request
    "Mutation.cancelJob": ("changeJob.head", "cancelJob.record", "changeJob.head"),
    "Mutation.answerWaiting": ("answerWaiting.wait", "answerWaiting.record", "changeJob.head"),
    "Mutation.syncSession": ("syncSession.session", "syncSession.tenantSession", "getHeads"),
}


class StatusApi(Construct):
    """The API. `status_source`, `sessions_source`, `details_source` and `requests_source`, its data sources'
    roles, take the stack's grants."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        resources: ResourceOptions,
        options: ApiOptions,
        sign_in: SignIn,
        authorizer: lambda_.IFunction,
        view_token_pattern: str,
        status_table: dynamodb.ITable,
        sessions_table: dynamodb.ITable,
        detail_reader: lambda_.IFunction,
        job_requests: lambda_.IFunction,
    ) -> None:
        super().__init__(scope, construct_id)
        self._options = options
        self._emulated = resources.emulated
        schema = schema_text(api_key=options.api_key_expires is not None, oidc=sign_in.oidc)
        modes = self._modes(sign_in, authorizer=authorizer, view_token_pattern=view_token_pattern)
        variables = {
            ResolverVariables.STATUS_TABLE: status_table.table_name,
            ResolverVariables.SESSIONS_TABLE: sessions_table.table_name,
            ResolverVariables.USER_CLAIM: sign_in.user_claim,
            **sign_in.claims,
        }
        self.api = self._make_api(name, schema, modes, variables)
        self._log(resources)
        self.status_source = self._source_role("StatusSourceRole")
        self.sessions_source = self._source_role("SessionsSourceRole")
        self.details_source = self._source_role("DetailsSourceRole")
        self.requests_source = self._source_role("RequestsSourceRole")
        self._sources: dict[str, appsync.BaseDataSource] = {
            "none": self.api.add_none_data_source("None"),
            "status": self._table_source("Status", status_table, self.status_source),
            "sessions": self._table_source("Sessions", sessions_table, self.sessions_source),
            "details": self._lambda_source("Details", detail_reader, self.details_source),
            "requests": self._lambda_source("Requests", job_requests, self.requests_source),
        }
        self._bundles = ResolverBundles.read()
        self._steps = {
            name: self._function(name, source, self._bundles.function(name)) for name, source in STEPS.items()
        }
        for field in root_fields(schema):
            self._resolve(field)

    def _make_api(
        self, name: str, schema: str, modes: list[appsync.AuthorizationMode], variables: dict[str, str]
    ) -> appsync.GraphqlApi:
        open_schema = self._options.introspection
        return appsync.GraphqlApi(
            self,
            "Api",
            name=name,
            definition=appsync.Definition.from_file(str(_written(schema))),
            authorization_config=appsync.AuthorizationConfig(
                default_authorization=modes[0], additional_authorization_modes=modes[1:]
            ),
            introspection_config=appsync.IntrospectionConfig.ENABLED
            if open_schema
            else appsync.IntrospectionConfig.DISABLED,
            query_depth_limit=_INTROSPECTION_DEPTH_LIMIT if open_schema else _QUERY_DEPTH_LIMIT,
            resolver_count_limit=_RESOLVER_COUNT_LIMIT,
            environment_variables=variables,
            visibility=appsync.Visibility.PRIVATE if self._options.private_network else None,
            xray_enabled=True,
        )

    @property
    def graphql_url(self) -> str:
        """The URL for queries and mutations, of the API or of localcloud's data plane."""
        return self._options.appsync_url_override or self.api.graphql_url

    @property
    def realtime_url(self) -> str | None:
        """The URL for subscriptions; None for an emulator without a data plane."""
        override = self._options.appsync_url_override
        if override is not None:
            return override.replace("http", "ws", 1) + "/realtime"
        return None if self._emulated else _resource(self.api).attr_realtime_url

    def _modes(
        self, sign_in: SignIn, *, authorizer: lambda_.IFunction, view_token_pattern: str
    ) -> list[appsync.AuthorizationMode]:
        """The authorization modes; the first one is the default."""
        modes = [
            sign_in.mode,
            appsync.AuthorizationMode(authorization_type=appsync.AuthorizationType.IAM),
            appsync.AuthorizationMode(
                authorization_type=appsync.AuthorizationType.LAMBDA,
                lambda_authorizer_config=appsync.LambdaAuthorizerConfig(
                    handler=authorizer,
                    results_cache_ttl=Duration.seconds(0),  # the authorizer sets the time for each token
                    validation_regex=view_token_pattern,
                ),
            ),
        ]
        expires = self._options.api_key_expires
        if expires is not None:
            # INSECURE: every browser can show this one secret. It reads the tenant "public" only.
            Annotations.of(self).add_warning_v2(
                "statusbeam:api-key",
                "INSECURE: the API has a key; each holder reads the tenant 'public'",
            )
            modes.append(
                appsync.AuthorizationMode(
                    authorization_type=appsync.AuthorizationType.API_KEY,
                    api_key_config=appsync.ApiKeyConfig(
                        name="demo",
                        description="Demo readers of the tenant public",
                        expires=Expiration.at_date(expires),
                    ),
                )
            )
        return modes

    def _log(self, resources: ResourceOptions) -> None:
        # Not the construct library's log_config: that sets the retention with a custom resource, which costs
        # a function and a wildcard policy and does not deploy to the emulator. The name is AppSync's choice.
        role = iam.Role(self, "LogRole", assumed_by=iam.ServicePrincipal("appsync.amazonaws.com"))
        group = logs.LogGroup(
            self,
            "Logs",
            log_group_name=f"/aws/appsync/apis/{self.api.api_id}",
            retention=resources.log_retention,
            encryption_key=customer_key(self, resources),
            removal_policy=resources.removal_policy,
        )
        # no CreateLogGroup: AppSync must not create the group before this stack does
        group.grant_write(role)
        accept(
            self.api,
            rule="AwsSolutions-ASC3",
            reason="Verbose content would write users' tokens and statuses into the log group.",
        )
        _resource(self.api).log_config = appsync.CfnGraphQLApi.LogConfigProperty(
            cloud_watch_logs_role_arn=role.role_arn,
            exclude_verbose_content=True,
            field_log_level=self._options.log_level,
        )

    def _source_role(self, construct_id: str) -> iam.Role:
        return iam.Role(self, construct_id, assumed_by=iam.ServicePrincipal("appsync.amazonaws.com"))

    def _lambda_source(
        self, construct_id: str, function: lambda_.IFunction, role: iam.Role
    ) -> appsync.LambdaDataSource:
        return appsync.LambdaDataSource(
            self,
            construct_id,
            api=self.api,
            name=construct_id,
            lambda_function=function,
            service_role=role.without_policy_updates(),
        )

    def _table_source(
        self, construct_id: str, table: dynamodb.ITable, role: iam.Role
    ) -> appsync.DynamoDbDataSource:
        # The construct grants itself the whole table. An immutable role ignores this, so only our grants
        # count.
        return appsync.DynamoDbDataSource(
            self,
            construct_id,
            api=self.api,
            name=construct_id,
            table=table,
            service_role=role.without_policy_updates(),
        )

    def _resolve(self, field: FieldName) -> None:
        name = str(field)
        if name not in UNITS and name not in PIPELINES:
            raise ResolverError(f"{name} has no data source; add it to statusbeam/cdk/api/status_api.py")
        code = self._bundles.resolver(field)
        if name not in UNGUARDED:
            self._bundles.check_held(field, PIPELINES.get(name, ()))
        if name in UNGUARDED:
            self._resolver(field, code, data_source=self._sources[UNITS[name]])
        elif name in UNITS:
            own = self._function(name, UNITS[name], code)
            outer = self._bundles.function(PASS_THROUGH)
            self._resolver(field, outer, pipeline_config=[self._steps[LOGIN_CHECK], own])
        else:
            steps = [self._steps[step] for step in (LOGIN_CHECK, *PIPELINES[name])]
            self._resolver(field, code, pipeline_config=steps)

    def _resolver(
        self,
        field: FieldName,
        code: str,
        *,
        data_source: appsync.BaseDataSource | None = None,
        pipeline_config: Sequence[appsync.IAppsyncFunction] | None = None,
    ) -> None:
        appsync.Resolver(
            self,
            str(field).replace(".", ""),
            api=self.api,
            type_name=field.type_name,
            field_name=field.field_name,
            code=appsync.Code.from_inline(code),
            runtime=appsync.FunctionRuntime.JS_1_0_0,
            data_source=data_source,
            pipeline_config=pipeline_config,
        )

    def _function(self, name: str, source: str, code: str) -> appsync.AppsyncFunction:
        return appsync.AppsyncFunction(
            self,
            f"Step{name}",
            api=self.api,
            name=name.replace(".", "_"),  # a function's name is an identifier
            data_source=self._sources[source],
            code=appsync.Code.from_inline(code),
            runtime=appsync.FunctionRuntime.JS_1_0_0,
        )


def _resource(api: appsync.GraphqlApi) -> appsync.CfnGraphQLApi:
    resource = api.node.default_child
    if not isinstance(resource, appsync.CfnGraphQLApi):
        raise TypeError(f"GraphqlApi holds a {type(resource).__name__}")
    return resource


def _written(schema: str) -> Path:
    # The construct reads schemas from files only, and reads them at once.
    path = scratch_folder() / f"{hashlib.sha256(schema.encode()).hexdigest()[:16]}.graphql"
    path.write_text(schema, encoding="utf-8")
    return path
