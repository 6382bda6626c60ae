"""The closer: jobs whose execution ended without a last word get one, redriven ones are reopened.

It has no stack of its own: it belongs beside the state machines it looks after, yours as the example's.
"""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import ArnFormat, Duration, Fn, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from ..bundling import build_bundle
from ..compliance import accept_wildcard
from ..dead_letters import dead_letter_queue
from ..publishing.status_route import StatusRoute
from ..python_function import AsyncDelivery, PythonFunction
from ..stage import StageConfig

_ENDED = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")
# A last word is right however late it comes, but after hours somebody should look.
_MAX_EVENT_AGE = Duration.hours(6)
_DELIVERIES = 20  # by EventBridge, to Lambda
_RETRIES = 2  # by Lambda, of a closer that failed


class ExecutionCloser(Construct):
    """`role` takes the route's grant, `dead_letters` holds the events that did not get through.

    `state_machines` are standard workflows of which an execution is a whole job, with jobId, userId and
    tenantId at the top of its input; a child workflow among them would end its parent's job. EventBridge has
    room for some twenty of them a rule.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        route: StatusRoute,
        library: lambda_.ILayerVersion,
        state_machines: Sequence[sfn.IStateMachine],
    ) -> None:
        super().__init__(scope, construct_id)
        self._state_machines = state_machines
        self.dead_letters = dead_letter_queue(self, "DeadLetters", stage=stage)
        closer = PythonFunction(
            self,
            "Closer",
            bundle=build_bundle(sources=("lambdas/__init__.py", "lambdas/execution_closer")),
            handler="lambdas.execution_closer.handler.handler",
            environment=route.settings().to_env(),
            log_retention=stage.log_retention,
            removal_policy=stage.removal_policy,
            timeout=Duration.seconds(30),
            layers=[library],
            async_delivery=AsyncDelivery(
                retry_attempts=_RETRIES, max_event_age=_MAX_EVENT_AGE, on_failure=self.dead_letters
            ),
        )
        self.role = closer.role
        target = targets.LambdaFunction(
            closer.function,
            dead_letter_queue=self.dead_letters,
            max_event_age=_MAX_EVENT_AGE,
            retry_attempts=_DELIVERIES,
        )
        events.Rule(self, "Rule", event_pattern=self._pattern(), targets=[target])

    def grant_reading_inputs(self) -> None:
        """Let the closer ask for an input that was too large for its event."""
        for machine in self._state_machines:
            executions = Stack.of(self).format_arn(
                service="states",
                resource="execution",
                resource_name=f"{Fn.select(6, Fn.split(':', machine.state_machine_arn))}:*",
                arn_format=ArnFormat.COLON_RESOURCE_NAME,
            )
            iam.Grant.add_to_principal(
                grantee=self.role, actions=["states:DescribeExecution"], resource_arns=[executions]
            )
            accept_wildcard(
                self.role, resource=executions, reason="An execution has its name only when it is started."
            )

    def _pattern(self) -> events.EventPattern:
        redriven = {"status": ["RUNNING"], "redriveCount": [{"numeric": [">", 0]}]}
        return events.EventPattern(
            source=["aws.states"],
            detail_type=["Step Functions Execution Status Change"],
            detail={
                "stateMachineArn": [machine.state_machine_arn for machine in self._state_machines],
                "$or": [{"status": list(_ENDED)}, redriven],
            },
        )
