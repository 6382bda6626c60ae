"""The status stack: Statusbeam with the stage's options, and the outputs for callers and clients."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from infra.stages import StageConfig
from statusbeam.cdk.notifications.status_notifications import StatusNotifications
from statusbeam.cdk.statusbeam import Statusbeam


class StatusStack(Stack):
    """The parts of every deployment. The stacks of the example and of the page refer to `status`."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        api_key_expires: dt.datetime | None,
    ) -> None:
        super().__init__(scope, construct_id, env=stage.environment)
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
            dashboard=stage.dashboard,
            canary=stage.canary,
            budget=stage.budget,
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
        for name, value in self.status.outputs.items():
            CfnOutput(self, f"Output{name}", value=value).override_logical_id(name)
