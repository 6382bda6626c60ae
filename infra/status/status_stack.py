"""The status stack, as a table of contents: what there is, who may do what, and what others need to know."""

from __future__ import annotations

import datetime as dt

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.web.web_stack import PageConfig
from statusbeam.cdk.alarms import Alarms
from statusbeam.cdk.api.firewall import ApiFirewall
from statusbeam.cdk.api.readers import Readers, readers
from statusbeam.cdk.api.status_api import StatusApi
from statusbeam.cdk.api.view_tokens import ViewTokens
from statusbeam.cdk.publishing.publisher import Publisher
from statusbeam.cdk.python_function import library_layer
from statusbeam.cdk.stage import StageConfig
from statusbeam.cdk.storage.status_details import StatusDetails
from statusbeam.cdk.storage.tables import StatusTable, UserSessionsTable
from statusbeam.model.settings import VIEW_TOKEN_PATTERN, PublisherSettings


class StatusStack(Stack):
    """Everything every deployment runs. `publisher` is for stacks whose code reports statuses."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        api_key_expires: dt.datetime | None,
    ) -> None:
        super().__init__(scope, construct_id, env=stage.environment, synthesizer=stage.synthesizer())
        library = library_layer(self)
        status = StatusTable(self, "StatusTable", stage=stage)
        sessions = UserSessionsTable(self, "UserSessionsTable", stage=stage)
        details = StatusDetails(self, "StatusDetails", stage=stage)
        view_tokens = ViewTokens(self, "ViewTokens", stage=stage, library=library)
        signed_in = readers(self, stage=stage, library=library)
        api = StatusApi(
            self,
            "StatusApi",
            stage=stage,
            signed_in=signed_in,
            authorizer=view_tokens.authorizer,
            view_token_pattern=VIEW_TOKEN_PATTERN,
            status_table=status.table,
            sessions_table=sessions.table,
            detail_reader=details.reader,
            api_key_expires=api_key_expires,
        )
        self.publisher = Publisher(
            self,
            "StatusPublisher",
            stage=stage,
            settings=PublisherSettings(
                appsync_api_url=api.graphql_url,
                appsync_api_id=api.api.api_id,
                user_sessions_table=sessions.table.table_name,
                status_table=status.table.table_name,
                log_retention_days=stage.status_log_days,
                job_retention_days=stage.job_days,
                publisher_tenant=stage.publisher_tenant,
                redacted_fields=stage.redacted_fields,
                detail_bucket=details.bucket_name,
            ),
        )
        self._api = api
        self._signed_in = signed_in
        self._export()
        self._grant(status=status, sessions=sessions, view_tokens=view_tokens, api=api)
        details.grant_put(self.publisher.role)
        details.grant_get(details.role)
        details.grant_read(api.details_source)
        self._output(
            status=status,
            sessions=sessions,
            view_tokens=view_tokens,
            api=api,
            signed_in=signed_in,
            library=library,
        )

        if stage.firewall is not None:
            name = f"statusbeam-{stage.name.lower()}"
            ApiFirewall(self, "Firewall", firewall=stage.firewall, name=name, api_arn=api.api.arn)
        if stage.alarms:
            self._watch(Alarms(self, "Alarms", stage=stage))

    def _watch(self, alarms: Alarms) -> None:
        alarms.dead_letters(
            {
                "StatusDeadLetters": self.publisher.queue_dead_letters,
                "InvokeDeadLetters": self.publisher.dead_letters,
            }
        )
        alarms.backlog(self.publisher.queue)
        alarms.function("Publisher", self.publisher.function)
        CfnOutput(self, "OutputAlarmTopicArn", value=alarms.topic.topic_arn).override_logical_id(
            "AlarmTopicArn"
        )

    @property
    def page(self) -> PageConfig:
        """What a page of this stage needs to know. Raises ValueError where there is no real-time endpoint."""
        if self._api.realtime_url is None:
            raise ValueError("an emulator alone has no real-time endpoint for a page")
        return PageConfig(
            graphql_url=self._api.graphql_url,
            realtime_url=self._api.realtime_url,
            sign_in={name[0].lower() + name[1:]: value for name, value in self._signed_in.outputs.items()},
            sign_in_origin=self._signed_in.origin,
        )

    def _export(self) -> None:
        # For either transport: an export that appears and goes with the choice could not go while in use.
        self.export_value(self.publisher.function.function_arn)
        self.export_value(self.publisher.queue.queue_arn)
        self.export_value(self.publisher.queue.queue_url)

    def _grant(
        self, *, status: StatusTable, sessions: UserSessionsTable, view_tokens: ViewTokens, api: StatusApi
    ) -> None:
        view_tokens.grant_read(view_tokens.role)
        api.api.grant_mutation(self.publisher.role, "publishStatus")
        status.grant(
            self.publisher.role,
            "dynamodb:GetItem",
            "dynamodb:Query",
            "dynamodb:PutItem",
            "dynamodb:UpdateItem",  # adds to the histories of steps
        )
        sessions.grant(self.publisher.role, "dynamodb:Query")
        status.grant(api.status_source, "dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query")
        status.grant_list_by_user(api.status_source)
        # GetItem: AppSync looks at what is there when the condition of a write fails.
        sessions.grant(api.sessions_source, "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem")

    def _output(
        self,
        *,
        status: StatusTable,
        sessions: UserSessionsTable,
        view_tokens: ViewTokens,
        api: StatusApi,
        signed_in: Readers,
        library: lambda_.ILayerVersion,
    ) -> None:
        outputs = {
            "GraphqlUrl": api.graphql_url,
            "RealtimeUrl": api.realtime_url,
            "ApiId": api.api.api_id,
            "ApiKey": api.api.api_key,
            **signed_in.outputs,
            "PublisherFunctionArn": self.publisher.function.function_arn,
            "StatusQueueUrl": self.publisher.queue.queue_url,
            "StatusDeadLetterQueueUrl": self.publisher.queue_dead_letters.queue_url,
            "DeadLetterQueueUrl": self.publisher.dead_letters.queue_url,
            "StatusTable": status.table.table_name,
            "UserSessionsTable": sessions.table.table_name,
            "ViewTokenSecretArn": view_tokens.secret_arn,
            "ViewTokenAudience": view_tokens.audience,
            "LibraryLayerArn": library.layer_version_arn,
        }
        for name, value in outputs.items():
            if value is not None:
                CfnOutput(self, f"Output{name}", value=value).override_logical_id(name)
