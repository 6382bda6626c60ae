"""A state machine of the example with its role, its log group and its traces."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from statusbeam.cdk.compliance import accept
from statusbeam.cdk.encryption import customer_key
from statusbeam.cdk.options import ResourceOptions

_LOG_DELIVERY = (
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
)
_TRACES = (
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
)


class LoggedMachine(Construct):
    """Grants go to `role`."""

    def __init__(
        self, scope: Construct, construct_id: str, *, log_group_name: str, resources: ResourceOptions
    ) -> None:
        super().__init__(scope, construct_id)
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("states.amazonaws.com"))
        self._log_group = logs.LogGroup(
            self,
            "Logs",
            log_group_name=log_group_name,
            retention=resources.log_retention,
            encryption_key=customer_key(self, resources),
            removal_policy=resources.removal_policy,
        )

    def grant_observation(self) -> None:
        """Allow log delivery and traces; neither kind of action supports resources."""
        iam.Grant.add_to_principal(grantee=self.role, actions=[*_LOG_DELIVERY, *_TRACES], resource_arns=["*"])
        accept(
            self.role,
            rule="AwsSolutions-IAM5[Resource::*]",
            reason="Log delivery and X-Ray support no resources; functions are granted one by one.",
        )

    def _machine(self, definition: sfn.IChainable, *, timeout: Duration) -> sfn.StateMachine:
        return sfn.StateMachine(
            self,
            "Machine",
            definition_body=sfn.DefinitionBody.from_chainable(definition),
            # The construct would grant itself every version of each function.
            role=self.role.without_policy_updates(),
            # without execution data: users' texts are personal, and a task token is a credential
            logs=sfn.LogOptions(
                destination=self._log_group, level=sfn.LogLevel.ALL, include_execution_data=False
            ),
            tracing_enabled=True,
            timeout=timeout,
        )
