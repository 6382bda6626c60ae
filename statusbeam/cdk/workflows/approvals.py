"""Approvals let a workflow wait for an answer of its job's people, by `answerWaiting`.

approvals = Approvals(self, "Approvals", library=library)
ask = checkpoints.approval(approvals, "Approval", prompt="Close the street?", timeout=Duration.hours(1))
machine = sfn.StateMachine(self, "Machine", ...)
approvals.serve(machine)
"""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from statusbeam.model.settings import EVENT_SOURCE, WAITING_ANSWERED, ApprovalSettings, ApprovalsTable

from ..bundling import build_bundle, function_sources
from ..compliance import accept, accept_wildcard
from ..dead_letters import dead_letter_queue
from ..encryption import customer_key, grant_encrypt_decrypt
from ..localcloud import resources_for
from ..monitoring.alarms import Alarms
from ..options import ResourceOptions
from ..python_function import AsyncDelivery, PythonFunction

# A late answer is still useful, but after hours an operator should look.
_MAX_EVENT_AGE = Duration.hours(6)
_DELIVERIES = 20  # by EventBridge, to Lambda
_RETRIES = 2  # by Lambda, of a function that failed


class Approvals(Construct):
    """Stores the task tokens of waiting states, and sends each state its answer.

    Such a state invokes `function`. `dead_letters` holds undelivered answers.
    `watch` adds alarms.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        library: lambda_.ILayerVersion,
        resources: ResourceOptions = ResourceOptions(),
    ) -> None:
        super().__init__(scope, construct_id)
        resources = resources_for(self, resources)
        self._emulated = resources.emulated
        self.dead_letters = dead_letter_queue(self, "DeadLetters", resources=resources)
        table = self._table(resources)
        approvals = PythonFunction(
            self,
            "Approvals",
            bundle=build_bundle(sources=function_sources("approvals")),
            handler="lambdas.approvals.handler.handler",
            environment=ApprovalSettings(approvals_table=table.table_name).to_env(),
            resources=resources,
            timeout=Duration.seconds(30),
            layers=[library],
            async_delivery=AsyncDelivery(
                retry_attempts=_RETRIES, max_event_age=_MAX_EVENT_AGE, on_failure=self.dead_letters
            ),
        )
        self.function = approvals.function
        self._role = approvals.role
        target = targets.LambdaFunction(
            approvals.function,
            dead_letter_queue=self.dead_letters,
            max_event_age=_MAX_EVENT_AGE,
            retry_attempts=_DELIVERIES,
        )
        answers = events.EventPattern(source=[EVENT_SOURCE], detail_type=[WAITING_ANSWERED])
        events.Rule(self, "Answers", event_pattern=answers, targets=[target])
        iam.Grant.add_to_principal(
            grantee=self._role,
            actions=["dynamodb:UpdateItem", "dynamodb:DeleteItem"],
            resource_arns=[table.table_arn],
        )
        grant_encrypt_decrypt(self._role, resources.key_arn, service="dynamodb")

    def watch(self, alarms: Alarms) -> None:
        """Add alarms on its dead letters, and on errors and throttles of its function."""
        alarms.dead_letters({"ApprovalDeadLetters": self.dead_letters})
        alarms.function("Approvals", self.function)

    def serve(self, machine: sfn.StateMachine) -> None:
        """Send the states of a machine their answers."""
        # The emulator does not know the machine of a token.
        resource = "*" if self._emulated else machine.state_machine_arn
        # In a policy of its own: the function must not depend on the machine, which depends on the function.
        policy = iam.Policy(
            self,
            f"AnswersTo{machine.node.id}",
            statements=[iam.PolicyStatement(actions=["states:SendTaskSuccess"], resources=[resource])],
            roles=[self._role],
        )
        if self._emulated:
            accept_wildcard(
                policy, resource="*", reason="The emulator does not know the machine of a task token."
            )

    def _table(self, resources: ResourceOptions) -> dynamodb.Table:
        key = customer_key(self, resources)
        table = dynamodb.Table(
            self,
            "Waits",
            partition_key=_text(ApprovalsTable.PARTITION_KEY),
            sort_key=_text(ApprovalsTable.SORT_KEY),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED
            if key
            else dynamodb.TableEncryption.AWS_MANAGED,
            encryption_key=key,
            time_to_live_attribute=ApprovalsTable.TTL,
            removal_policy=resources.removal_policy,
            deletion_protection=resources.deletion_protection,
        )
        reason = "The table holds current waits. A restored copy would hold used task tokens."
        accept(table, rule="AwsSolutions-DDB3", reason=reason)
        return table


def _text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
