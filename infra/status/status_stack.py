"""The status stack: Statusbeam as the stage wants it, and the outputs that callers and clients need."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from infra.stages import StageConfig
from statusbeam.cdk.notifications.status_notifications import StatusNotifications
from statusbeam.cdk.statusbeam import Statusbeam


class StatusStack(Stack):
    """Everything every deployment runs. The stacks of the example and of the page refer to `status`."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        api_key_expires: dt.datetime | None,
    ) -> None:
        super().__init__(scope, construct_id, env=stage.environment, synthesizer=stage.synthesizer())
        self.status = Statusbeam(
            self,
            "Default",  # CDK leaves this id out of the logical ids, which hold the stored data
            name=f"statusbeam-{stage.name.lower()}",
            resources=stage.resources,
            readers=stage.readers,
            api=replace(stage.api, api_key_expires=api_key_expires),
            publishing=stage.publishing,
            firewall=stage.firewall,
            alarms=stage.alarms,
        )
        if stage.notifications is not None:
            StatusNotifications(self, "Notifications", status=self.status, options=stage.notifications)
        self._export()
        self._output()

    def _export(self) -> None:
        # For either transport: CloudFormation keeps an export in use, so the choice must not remove one.
        publisher = self.status.publisher
        self.export_value(publisher.function.function_arn)
        self.export_value(publisher.queue.queue_arn)
        self.export_value(publisher.queue.queue_url)

    def _output(self) -> None:
        status, publisher = self.status, self.status.publisher
        outputs = {
            "GraphqlUrl": status.api.graphql_url,
            "RealtimeUrl": status.api.realtime_url,
            "ApiId": status.api.api.api_id,
            "ApiKey": status.api.api.api_key,
            **status.sign_in,
            "PublisherFunctionArn": publisher.function.function_arn,
            "StatusQueueUrl": publisher.queue.queue_url,
            "StatusDeadLetterQueueUrl": publisher.queue_dead_letters.queue_url,
            "DeadLetterQueueUrl": publisher.dead_letters.queue_url,
            "StatusTable": status.status_table.table.table_name,
            "UserSessionsTable": status.sessions_table.table.table_name,
            "ViewTokenSecretArn": status.view_tokens.secret_arn,
            "ViewTokenAudience": status.view_tokens.audience,
            "LibraryLayerArn": status.library.layer_version_arn,
            "TenantQueueUrls": self._tenant_queues(),
            "AlarmTopicArn": status.alarms.topic.topic_arn if status.alarms else None,
        }
        for name, value in outputs.items():
            if value is not None:
                CfnOutput(self, f"Output{name}", value=value).override_logical_id(name)

    def _tenant_queues(self) -> str | None:
        """The queues of tenants that have their own, as JSON."""
        urls = {
            tenant: publisher.queue.queue_url for tenant, publisher in self.status.tenant_publishers.items()
        }
        return self.to_json_string(urls) if urls else None
