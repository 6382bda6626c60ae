"""Statusbeam in your own stack: the API, its tables, the publisher, and their grants."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Names, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from statusbeam.model.settings import (
    CANARY_TENANT,
    PUBLIC_TENANT,
    VIEW_TOKEN_PATTERN,
    PublisherSettings,
)

from .api.firewall import ApiFirewall
from .api.sign_in import create_sign_in
from .api.status_api import StatusApi
from .api.view_tokens import ViewTokens
from .localcloud import (
    add_local_output,
    local_api_options,
    local_api_url,
    local_readers,
    resources_for,
)
from .monitoring.alarms import Alarms
from .monitoring.budget import Budget
from .monitoring.canary import Canary
from .monitoring.deployment import Deployment, add_alarms
from .options import (
    ApiOptions,
    BudgetOptions,
    CanaryOptions,
    FirewallOptions,
    NewUserPool,
    PageOptions,
    PrivateNetwork,
    PublishingOptions,
    ReaderOptions,
    ResourceOptions,
)
from .page.page import Page
from .page.page_config import PageConfig
from .publishing.job_requests import JobRequests
from .publishing.publishers import create_publishers, route_to
from .publishing.status_route import StatusRoute
from .python_function import LibraryLayer
from .storage.status_details import StatusDetails
from .storage.tables import StatusTable, UserSessionsTable


class Statusbeam(Construct):
    """A whole deployment of Statusbeam.

        status = Statusbeam(self, "Status")
        agent = lambda_.Function(self, "Agent", layers=[status.library], environment=status.environment, ...)
        status.grant_report(agent)

    Teams that must not report for other tenants get queues of their own:

        status = Statusbeam(self, "Status", publishing=PublishingOptions(tenant_queues=("acme", "city")))
        status.routes["acme"].grant(agent)  # its variables: status.routes["acme"].environment()

    `canary` probes the deployment on a schedule, as a client of it.

    `library` is for functions of the same stack; other stacks create theirs as `LibraryLayer`. With `page`,
    `page_url` is the address of the page. `name` distinguishes deployments: it names the API and the audience
    of view tokens. By default it consists of the stack's name and the construct's id.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str | None = None,
        resources: ResourceOptions = ResourceOptions(),
        readers: ReaderOptions = NewUserPool(),
        api: ApiOptions = ApiOptions(),
        publishing: PublishingOptions = PublishingOptions(),
        firewall: FirewallOptions | None = None,
        alarms: bool = False,
        dashboard: bool = False,
        canary: CanaryOptions | None = None,
        budget: BudgetOptions | None = None,
        page: PageOptions | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        local_url = local_api_url(self)
        resources = resources_for(self, resources)
        if local_url is not None:
            api, readers, firewall = local_api_options(api, local_url), local_readers(self), None
            dashboard, budget = False, None
        name = name or Names.unique_resource_name(self, max_length=64)
        self.library = LibraryLayer(self, "Library")
        self.resources = resources
        self.status_table = StatusTable(self, "StatusTable", resources=resources)
        self.sessions_table = UserSessionsTable(self, "UserSessionsTable", resources=resources)
        self._details = StatusDetails(self, "StatusDetails", resources=resources, days=publishing.log_days)
        self.view_tokens = ViewTokens(
            self,
            "ViewTokens",
            resources=resources,
            audience=name,
            rotation_days=api.view_token_rotation_days,
            library=self.library,
        )
        self._requests = JobRequests(self, "JobRequests", resources=resources, library=self.library)
        self._sign_in = create_sign_in(self, readers=readers, resources=resources, library=self.library)
        self.api = StatusApi(
            self,
            "StatusApi",
            name=name,
            resources=resources,
            options=api,
            sign_in=self._sign_in,
            authorizer=self.view_tokens.authorizer,
            view_token_pattern=VIEW_TOKEN_PATTERN,
            status_table=self.status_table.table,
            sessions_table=self.sessions_table.table,
            detail_reader=self._details.reader,
            job_requests=self._requests.function,
        )
        self._firewall = self._create_firewall(firewall, resources, name) if firewall else None
        self._publishers = create_publishers(
            self,
            resources=resources,
            options=publishing,
            settings=self._publisher_settings(publishing, api_key=api.api_key_expires is not None),
            network=api.private_network,
        )
        self.publisher = self._publishers.shared
        self.tenant_publishers = self._publishers.of_tenants
        self._transport = publishing.transport
        self.route = route_to(self.publisher, publishing)
        self.routes: Mapping[str, StatusRoute] = {
            tenant: route_to(publisher, publishing) for tenant, publisher in self.tenant_publishers.items()
        }
        self._requests.publish_through(self.publisher.function)
        self._grant()
        self._canary = self._create_canary(canary, publishing, api.private_network) if canary else None
        self.alarms = self._alarms(resources) if alarms else None
        if dashboard:
            self._create_dashboard(name)
        if budget is not None:
            Budget(self, "Budget", options=budget, topic=self.alarms.topic if self.alarms else None)
        self.page_url = self._page_url(page, name, local_url)
        if local_url is not None:
            add_local_output(self, self.outputs)

    def grant_report(self, grantee: iam.IGrantable) -> None:
        """Let a role or a function report statuses for every tenant of the deployment."""
        self.route.grant(grantee)

    @property
    def environment(self) -> dict[str, str]:
        """The variables of a function that reports statuses."""
        return self.route.environment()

    @property
    def sign_in(self) -> Mapping[str, str]:
        """The sign-in settings of clients: the user pool or the issuer, and the client id."""
        return self._sign_in.outputs

    @property
    def app_clients(self) -> tuple[str, ...]:
        """The ids of the clients whose tokens the API accepts."""
        return self._sign_in.app_clients

    @property
    def user_claim(self) -> str:
        """The claim of readers' tokens that is the user's id in statuses."""
        return self._sign_in.user_claim

    @property
    def claims(self) -> Mapping[str, str]:
        """The claims that hold tenant and roles, for a provider other than Cognito."""
        return self._sign_in.claims

    @property
    def page_config(self) -> PageConfig:
        """The configuration of a page. Raises ValueError if the API has no real-time endpoint."""
        if self.api.realtime_url is None:
            raise ValueError(
                "a page needs a real-time endpoint, and an emulator without localcloud's data plane has none"
            )
        return PageConfig(
            graphql_url=self.api.graphql_url,
            realtime_url=self.api.realtime_url,
            sign_in=self._sign_in.page,
            sign_in_origins=self._sign_in.origins,
        )

    @property
    def outputs(self) -> Mapping[str, str]:
        """The addresses and ids for callers and clients, by name. `statusbeam --stack` reads them as outputs.

        for name, value in status.outputs.items():
            CfnOutput(self, name, value=value)
        """
        found = {
            **self._own_outputs,
            "AlarmTopicArn": self.alarms.topic.topic_arn if self.alarms else None,
            "WebUrl": self.page_url,
        }
        return {name: value for name, value in found.items() if value is not None}

    @property
    def _own_outputs(self) -> dict[str, str | None]:
        """The outputs of the deployment itself, without what watches and shows it."""
        publisher = self.publisher
        return {
            "GraphqlUrl": self.api.graphql_url,
            "RealtimeUrl": self.api.realtime_url,
            "ApiId": self.api.api.api_id,
            "ApiKey": self.api.api.api_key,
            **self.sign_in,
            "UserClaim": self.user_claim,
            "PublisherFunctionArn": publisher.function.function_arn,
            "StatusTransport": self._transport,
            "StatusQueueUrl": publisher.queue.queue_url,
            "StatusDeadLetterQueueUrl": publisher.queue_dead_letters.queue_url,
            "DeadLetterQueueUrl": publisher.dead_letters.queue_url,
            "StatusTable": self.status_table.table.table_name,
            "UserSessionsTable": self.sessions_table.table.table_name,
            "ViewTokenSecretArn": self.view_tokens.secret_arn,
            "ViewTokenAudience": self.view_tokens.audience,
            "LibraryLayerArn": self.library.layer_version_arn,
            "TenantQueueUrls": self._tenant_queue_urls(),
        }

    def _tenant_queue_urls(self) -> str | None:
        """The queues of tenants that have their own, as JSON."""
        urls = {tenant: publisher.queue.queue_url for tenant, publisher in self.tenant_publishers.items()}
        return Stack.of(self).to_json_string(urls) if urls else None

    def _page_url(self, options: PageOptions | None, name: str, local_url: str | None) -> str | None:
        """The address of the page. localcloud serves one itself."""
        if local_url is not None:
            return local_url.removesuffix("graphql")
        if options is None:
            return None
        return Page(
            self, "Page", name=name, config=self.page_config, options=options, resources=self.resources
        ).url

    def _create_firewall(
        self, options: FirewallOptions, resources: ResourceOptions, name: str
    ) -> ApiFirewall:
        return ApiFirewall(
            self, "Firewall", options=options, resources=resources, name=name, api_arn=self.api.api.arn
        )

    def _publisher_settings(self, publishing: PublishingOptions, *, api_key: bool) -> PublisherSettings:
        return PublisherSettings(
            appsync_api_url=self.api.graphql_url,
            appsync_api_id=self.api.api.api_id,
            user_sessions_table=self.sessions_table.table.table_name,
            status_table=self.status_table.table.table_name,
            log_retention_days=publishing.log_days,
            job_retention_days=publishing.job_days,
            publisher_tenant=publishing.tenant,
            redacted_fields=",".join(publishing.redacted_fields) or None,
            redacted_patterns=" ".join(publishing.redacted_patterns) or None,
            detail_bucket=self._details.bucket_name,
            firewall_pass=self._firewall.publisher_pass if self._firewall else None,
            api_key_tenant=PUBLIC_TENANT if api_key else None,
        )

    def _grant(self) -> None:
        self.view_tokens.grant_read(self.view_tokens.role)
        for publisher in self._publishers:
            self._grant_publisher(publisher.role)
        source = self.api.status_source
        self.status_table.grant(source, "dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query")
        self.status_table.grant_list(source)
        self.sessions_table.grant(
            self.api.sessions_source,
            "dynamodb:GetItem",  # also by AppSync itself, when the condition of a write fails
            "dynamodb:Query",  # the sessions of an ended login
            "dynamodb:PutItem",  # the ended logins
            "dynamodb:UpdateItem",  # the sessions
            "dynamodb:DeleteItem",
        )
        self._details.grant_get(self._details.role)
        self._details.grant_read(self.api.details_source)
        self._requests.grant_request(self.api.requests_source)

    def _grant_publisher(self, role: iam.Role) -> None:
        self.api.api.grant_mutation(role, "publishStatus")
        self.status_table.grant(
            role,
            "dynamodb:GetItem",
            "dynamodb:Query",
            "dynamodb:PutItem",
            "dynamodb:UpdateItem",  # adds to the histories of steps
        )
        self.sessions_table.grant(role, "dynamodb:Query")
        self._details.grant_put(role)

    def _create_canary(
        self, options: CanaryOptions, publishing: PublishingOptions, network: PrivateNetwork | None
    ) -> Canary:
        canary = Canary(
            self,
            "Canary",
            options=options,
            resources=self.resources,
            outputs={name: value for name, value in self._own_outputs.items() if value is not None},
            tenant=publishing.tenant or CANARY_TENANT,
            network=network,
        )
        canary.grant(
            publisher=self.publisher,
            route=self.route,
            view_tokens=self.view_tokens,
            status_table=self.status_table,
            sessions_table=self.sessions_table,
        )
        return canary

    def _deployment(self) -> Deployment:
        functions = {
            "Authorizer": self.view_tokens.authorizer,
            "SecretRotation": self.view_tokens.rotation,
            "TokenTrigger": self._sign_in.token_trigger,
            "JobRequests": self._requests.function,
            "DetailReader": self._details.reader,
        }
        return Deployment(
            publishers=self._publishers,
            api=self.api.api,
            tables={"StatusTable": self.status_table.table, "SessionsTable": self.sessions_table.table},
            functions={name: function for name, function in functions.items() if function is not None},
            canary=self._canary,
        )

    def _alarms(self, resources: ResourceOptions) -> Alarms:
        alarms = Alarms(self, "Alarms", resources=resources)
        add_alarms(alarms, self._deployment())
        return alarms

    def _create_dashboard(self, name: str) -> None:
        from .monitoring.dashboard import Dashboard  # noqa: PLC0415 - loads another construct library

        region = Stack.of(self).region  # the names of dashboards are shared by all regions of an account
        Dashboard(
            self,
            "Dashboard",
            name=f"{name}-{region}",
            deployment=self._deployment(),
            alarms=self.alarms,
        )
