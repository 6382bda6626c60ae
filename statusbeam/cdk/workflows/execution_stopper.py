"""The stopper stops the executions of cancelled jobs, for the given state machines."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from statusbeam.model.settings import CANCEL_REQUESTED, EVENT_SOURCE, ExecutionsTable, StopperSettings

from ..bundling import build_bundle, function_sources
from ..compliance import accept, accept_wildcard
from ..encryption import customer_key, grant_encrypt_decrypt
from ..options import ResourceOptions
from ..python_function import AsyncDelivery, PythonFunction

# A caller waits for the end of its job, and repeats an old request itself.
_MAX_EVENT_AGE = Duration.hours(1)
_RETRIES = 2


class ExecutionStopper(Construct):
    """It stores the running executions of each job. It gets only events of the given state machines."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        state_machines: Sequence[sfn.IStateMachine],
        executions: Sequence[str],
        library: lambda_.ILayerVersion,
        dead_letters: sqs.IQueue,
        resources: ResourceOptions,
    ) -> None:
        super().__init__(scope, construct_id)
        table = self._table(resources)
        stopper = PythonFunction(
            self,
            "Stopper",
            bundle=build_bundle(sources=function_sources("execution_stopper")),
            handler="lambdas.execution_stopper.handler.handler",
            environment=StopperSettings(executions_table=table.table_name).to_env(),
            resources=resources,
            timeout=Duration.seconds(30),
            layers=[library],
            async_delivery=AsyncDelivery(
                retry_attempts=_RETRIES, max_event_age=_MAX_EVENT_AGE, on_failure=dead_letters
            ),
        )
        self.function = stopper.function
        target = targets.LambdaFunction(
            stopper.function, dead_letter_queue=dead_letters, max_event_age=_MAX_EVENT_AGE
        )
        events.Rule(self, "Changes", event_pattern=_starts_and_ends(state_machines), targets=[target])
        events.Rule(self, "Requests", event_pattern=_requests(), targets=[target])
        _grant(stopper.role, table, executions)
        grant_encrypt_decrypt(stopper.role, resources.key_arn, service="dynamodb")

    def _table(self, resources: ResourceOptions) -> dynamodb.Table:
        key = customer_key(self, resources)
        table = dynamodb.Table(
            self,
            "Executions",
            partition_key=_text(ExecutionsTable.PARTITION_KEY),
            sort_key=_text(ExecutionsTable.SORT_KEY),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED
            if key
            else dynamodb.TableEncryption.AWS_MANAGED,
            encryption_key=key,
            time_to_live_attribute=ExecutionsTable.TTL,
            removal_policy=resources.removal_policy,
            deletion_protection=resources.deletion_protection,
        )
        reason = "The table holds running executions. A restored copy would name ended ones."
        accept(table, rule="AwsSolutions-DDB3", reason=reason)
        return table


def _grant(role: iam.Role, table: dynamodb.ITable, executions: Sequence[str]) -> None:
    iam.Grant.add_to_principal(
        grantee=role,
        actions=["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:Query"],
        resource_arns=[table.table_arn],
    )
    for arn in executions:
        # Describe: for an input that was too large for its event.
        iam.Grant.add_to_principal(
            grantee=role, actions=["states:DescribeExecution", "states:StopExecution"], resource_arns=[arn]
        )
        accept_wildcard(role, resource=arn, reason="The name of an execution is known only when it starts.")


def _starts_and_ends(state_machines: Sequence[sfn.IStateMachine]) -> events.EventPattern:
    return events.EventPattern(
        source=["aws.states"],
        detail_type=["Step Functions Execution Status Change"],
        detail={
            "stateMachineArn": [machine.state_machine_arn for machine in state_machines],
            "status": ["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"],
        },
    )


def _requests() -> events.EventPattern:
    return events.EventPattern(source=[EVENT_SOURCE], detail_type=[CANCEL_REQUESTED])


def _text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
