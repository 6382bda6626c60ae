"""Notifications of jobs, from the status table's stream, so only committed events are sent."""

from __future__ import annotations

import json
from typing import Final

from aws_cdk import Duration
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as event_sources
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from statusbeam.model.settings import (
    NOTIFICATION_MEMORY_MB,
    NOTIFICATION_RECEIVES,
    NotificationChannel,
    NotificationSettings,
    ThreadsTable,
    channels_text,
)

from ..bundling import LOG, build_bundle, function_sources
from ..compliance import accept, accept_wildcard
from ..dead_letters import dead_letter_queue
from ..encryption import customer_key, grant_decrypt, grant_encrypt_decrypt
from ..options import NotificationOptions
from ..publishing.status_queue import StatusQueue
from ..python_function import PythonFunction
from ..statusbeam import Statusbeam
from .stream_filter import HEADS_WITH_EVENT

_TIMEOUT: Final = Duration.seconds(30)
_STREAM_RETRIES: Final = 50
_LEASE_RECEIVES: Final = 10


class StatusNotifications(Construct):
    """Sends the events of a deployment's jobs to `options.channels`.

        StatusNotifications(self, "Notifications", status=status, options=NotificationOptions(channels=(…,)))

    `dead_letters` holds events and lease checks that failed. `delivery_dead_letters` holds deliveries that
    the receiver did not accept.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, status: Statusbeam, options: NotificationOptions
    ) -> None:
        super().__init__(scope, construct_id)
        self._resources = status.resources
        self.dead_letters = dead_letter_queue(self, "DeadLetters", resources=self._resources)
        deliveries = StatusQueue(
            self,
            "Deliveries",
            resources=self._resources,
            consumer_timeout=_TIMEOUT,
            receives=NOTIFICATION_RECEIVES,
        )
        self.delivery_dead_letters = deliveries.dead_letters
        leases = self._lease_queue()
        in_slack = any(channel.kind == "slack" for channel in options.channels)
        threads = self._threads_table() if in_slack else None
        settings = NotificationSettings(
            status_table=status.status_table.table.table_name,
            notification_channels=channels_text(options.channels),
            notification_queue_url=deliveries.queue.queue_url,
            lease_queue_url=leases.queue_url,
            threads_table=threads.table_name if threads else None,
            job_link=options.job_link,
        )
        lifecycle = self._create_lifecycle(status, settings, deliveries.queue, leases)
        sender = self._create_sender(settings, options.channels, threads)
        deliveries.feed(sender)
        if status.alarms is not None:
            status.alarms.dead_letters(
                {
                    "NotificationDeadLetters": self.delivery_dead_letters,
                    "JobEventDeadLetters": self.dead_letters,
                }
            )
            status.alarms.function("JobLifecycle", lifecycle)
            status.alarms.function("NotificationSender", sender)

    def _create_lifecycle(
        self, status: Statusbeam, settings: NotificationSettings, deliveries: sqs.IQueue, leases: sqs.Queue
    ) -> lambda_.Function:
        lifecycle = self._function("Lifecycle", "job_lifecycle", settings)
        stream = status.status_table.stream()
        status.status_table.grant(lifecycle.role, "dynamodb:GetItem", "dynamodb:Query")
        granted = iam.Grant.add_to_principal(
            grantee=lifecycle.role,
            actions=["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"],
            resource_arns=[stream],
        )
        listed = iam.Grant.add_to_principal(
            grantee=lifecycle.role, actions=["dynamodb:ListStreams"], resource_arns=["*"]
        )
        accept_wildcard(lifecycle.role, resource="*", reason="dynamodb:ListStreams supports no resource.")
        self.dead_letters.grant_send_messages(lifecycle.role)
        mapping = lambda_.CfnEventSourceMapping(
            self,
            "Commits",
            event_source_arn=stream,
            function_name=lifecycle.function.function_name,
            starting_position="TRIM_HORIZON",
            bisect_batch_on_function_error=True,
            function_response_types=["ReportBatchItemFailures"],
            maximum_retry_attempts=_STREAM_RETRIES,
            destination_config=lambda_.CfnEventSourceMapping.DestinationConfigProperty(
                on_failure=lambda_.CfnEventSourceMapping.OnFailureProperty(
                    destination=self.dead_letters.queue_arn
                )
            ),
            filter_criteria=lambda_.CfnEventSourceMapping.FilterCriteriaProperty(
                filters=[lambda_.CfnEventSourceMapping.FilterProperty(pattern=json.dumps(HEADS_WITH_EVENT))]
            ),
        )
        granted.apply_before(mapping)
        listed.apply_before(mapping)
        for queue in (deliveries, leases):
            queue.grant_send_messages(lifecycle.role)
        lifecycle.function.add_event_source(
            event_sources.SqsEventSource(leases, batch_size=1, report_batch_item_failures=True)
        )
        self._accept_key_grants(lifecycle.role)
        return lifecycle.function

    def _create_sender(
        self,
        settings: NotificationSettings,
        channels: tuple[NotificationChannel, ...],
        threads: dynamodb.Table | None,
    ) -> lambda_.Function:
        sender = self._function("Sender", "notification_sender", settings)
        for channel in channels:
            action = "events:PutEvents" if channel.kind == "event_bridge" else "secretsmanager:GetSecretValue"
            iam.Grant.add_to_principal(grantee=sender.role, actions=[action], resource_arns=[channel.target])
        grant_decrypt(sender.role, self._resources.key_arn, service="secretsmanager")
        if threads is not None:
            iam.Grant.add_to_principal(
                grantee=sender.role,
                actions=["dynamodb:GetItem", "dynamodb:PutItem"],
                resource_arns=[threads.table_arn],
            )
            grant_encrypt_decrypt(sender.role, self._resources.key_arn, service="dynamodb")
        self._accept_key_grants(sender.role)
        return sender.function

    def _function(self, construct_id: str, folder: str, settings: NotificationSettings) -> PythonFunction:
        return PythonFunction(
            self,
            construct_id,
            bundle=build_bundle(sources=(*function_sources(folder), *LOG, "statusbeam/notifications")),
            handler=f"lambdas.{folder}.handler.handler",
            environment=settings.to_env(),
            resources=self._resources,
            timeout=_TIMEOUT,
            memory_mb=NOTIFICATION_MEMORY_MB,
        )

    def _lease_queue(self) -> sqs.Queue:
        key = customer_key(self, self._resources, "LeasesKey")
        queue = sqs.Queue(
            self,
            "Leases",
            enforce_ssl=not self._resources.emulated,
            encryption=sqs.QueueEncryption.KMS if key else sqs.QueueEncryption.SQS_MANAGED,
            encryption_master_key=key,
            visibility_timeout=_TIMEOUT,
            retention_period=Duration.days(4),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=_LEASE_RECEIVES),
            removal_policy=self._resources.removal_policy,
        )
        if self._resources.emulated:
            reason = "The emulator speaks plain HTTP, on the loopback interface only."
            accept(queue, rule="AwsSolutions-SQS4", reason=reason)
        return queue

    def _threads_table(self) -> dynamodb.Table:
        key = customer_key(self, self._resources, "ThreadsKey")
        encryption = dynamodb.TableEncryption
        table = dynamodb.Table(
            self,
            "Threads",
            partition_key=_text(ThreadsTable.PARTITION_KEY),
            sort_key=_text(ThreadsTable.SORT_KEY),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=encryption.CUSTOMER_MANAGED if key else encryption.AWS_MANAGED,
            encryption_key=key,
            time_to_live_attribute=ThreadsTable.TTL,
            removal_policy=self._resources.removal_policy,
            deletion_protection=self._resources.deletion_protection,
        )
        reason = "Without a backup, a job gets a second message in Slack. No status is lost."
        accept(table, rule="AwsSolutions-DDB3", reason=reason)
        return table

    def _accept_key_grants(self, role: iam.Role) -> None:
        if self._resources.key_arn is None:
            return
        for action in ("kms:GenerateDataKey*", "kms:ReEncrypt*"):
            accept(
                role,
                rule=f"AwsSolutions-IAM5[Action::{action}]",
                reason="The construct library grants the use of an encrypted queue with this action.",
            )


def _text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
