"""The closer ends a job if its execution ended without a final status, reopens redriven ones, and stops the
executions of cancelled jobs.

It belongs in the stack of the state machines that it watches.
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

from ..bundling import build_bundle, function_sources
from ..compliance import accept_wildcard
from ..dead_letters import dead_letter_queue
from ..localcloud import resources_for
from ..monitoring.alarms import Alarms
from ..options import ResourceOptions
from ..publishing.status_route import StatusRoute
from ..python_function import AsyncDelivery, LibraryLayer, PythonFunction
from .execution_stopper import ExecutionStopper

_ENDED = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")
# A late final status is still useful, but after hours an operator should look.
_MAX_EVENT_AGE = Duration.hours(6)
_DELIVERIES = 20  # by EventBridge, to Lambda
_RETRIES = 2  # by Lambda, of a closer that failed


class ExecutionCloser(Construct):
    """Ends the jobs of these state machines, and stops them.

        ExecutionCloser(self, "Closer", route=status.route, state_machines=[machine])

    `library` is a layer of the same stack; None: the closer creates one. `dead_letters` holds the events that
    could not be handled. `watch` adds alarms.

    `state_machines` are standard workflows. Each execution is a whole job, with jobId, userId and tenantId at
    the top of its input. A child workflow among them would end its parent's job. A rule of EventBridge has
    room for about twenty of them.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        route: StatusRoute,
        state_machines: Sequence[sfn.IStateMachine],
        library: lambda_.ILayerVersion | None = None,
        resources: ResourceOptions = ResourceOptions(),
    ) -> None:
        super().__init__(scope, construct_id)
        library = library or LibraryLayer(self, "Library")
        resources = resources_for(self, resources)
        self.dead_letters = dead_letter_queue(self, "DeadLetters", resources=resources)
        closer = PythonFunction(
            self,
            "Closer",
            bundle=build_bundle(sources=function_sources("execution_closer")),
            handler="lambdas.execution_closer.handler.handler",
            environment=route.environment(),
            resources=resources,
            timeout=Duration.seconds(30),
            layers=[library],
            async_delivery=AsyncDelivery(
                retry_attempts=_RETRIES, max_event_age=_MAX_EVENT_AGE, on_failure=self.dead_letters
            ),
        )
        target = targets.LambdaFunction(
            closer.function,
            dead_letter_queue=self.dead_letters,
            max_event_age=_MAX_EVENT_AGE,
            retry_attempts=_DELIVERIES,
        )
        events.Rule(self, "Rule", event_pattern=_ends_and_redrives(state_machines), targets=[target])
        route.grant(closer.role)
        executions = [self._executions_of(machine) for machine in state_machines]
        for arn in executions:
            # For an input that was too large for its event.
            iam.Grant.add_to_principal(
                grantee=closer.role, actions=["states:DescribeExecution"], resource_arns=[arn]
            )
            reason = "The name of an execution is known only when it starts."
            accept_wildcard(closer.role, resource=arn, reason=reason)
        self._functions = {"Closer": closer.function}
        self._functions["Stopper"] = ExecutionStopper(
            self,
            "ExecutionStopper",
            state_machines=state_machines,
            executions=executions,
            library=library,
            dead_letters=self.dead_letters,
            resources=resources,
        ).function

    def watch(self, alarms: Alarms) -> None:
        """Add alarms on its dead letters, and on errors and throttles of its functions."""
        alarms.dead_letters({"ExecutionDeadLetters": self.dead_letters})
        for name, function in self._functions.items():
            alarms.function(name, function)

    def _executions_of(self, machine: sfn.IStateMachine) -> str:
        """The ARN of all executions of a state machine."""
        return Stack.of(self).format_arn(
            service="states",
            resource="execution",
            resource_name=f"{Fn.select(6, Fn.split(':', machine.state_machine_arn))}:*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )


def _ends_and_redrives(state_machines: Sequence[sfn.IStateMachine]) -> events.EventPattern:
    redriven = {"status": ["RUNNING"], "redriveCount": [{"numeric": [">", 0]}]}
    return events.EventPattern(
        source=["aws.states"],
        detail_type=["Step Functions Execution Status Change"],
        detail={
            "stateMachineArn": [machine.state_machine_arn for machine in state_machines],
            "$or": [{"status": list(_ENDED)}, redriven],
        },
    )
