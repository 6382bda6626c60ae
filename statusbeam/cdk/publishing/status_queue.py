"""A queue that keeps each job's order, and the event source mapping of its consumer."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as event_sources
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from statusbeam.model.settings import MESSAGES_PER_INVOCATION, QUEUE_RECEIVES, queue_concurrency

from ..compliance import accept
from ..encryption import customer_key
from ..options import ResourceOptions


class StatusQueue(Construct):
    """Messages of `queue` have the job as their group. `dead_letters` holds those that failed too often."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        resources: ResourceOptions,
        consumer_timeout: Duration,
        receives: int = QUEUE_RECEIVES,
    ) -> None:
        super().__init__(scope, construct_id)
        self._resources = resources
        # The shortest that Lambda accepts: if its publisher dies, a job waits this long. AWS advises six
        # times the timeout because of throttled batches, which reserved concurrency prevents.
        self._visibility = consumer_timeout
        self.dead_letters = self._fifo("DeadLetters", kept=Duration.days(14))
        accept(self.dead_letters, rule="AwsSolutions-SQS3", reason="This queue is the dead-letter queue.")
        self.queue = self._fifo(
            "Queue",
            kept=Duration.days(4),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=receives),
        )

    def _fifo(
        self, construct_id: str, *, kept: Duration, dead_letter_queue: sqs.DeadLetterQueue | None = None
    ) -> sqs.Queue:
        key = customer_key(self, self._resources, f"{construct_id}Key")
        queue = sqs.Queue(
            self,
            construct_id,
            fifo=True,
            # 300 messages a second for each job, 9,000 and more for all.
            deduplication_scope=sqs.DeduplicationScope.MESSAGE_GROUP,
            fifo_throughput_limit=sqs.FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
            # No content-based deduplication: two statuses may have the same content.
            enforce_ssl=not self._resources.emulated,
            encryption=sqs.QueueEncryption.KMS if key else sqs.QueueEncryption.SQS_MANAGED,
            encryption_master_key=key,
            retention_period=kept,
            visibility_timeout=self._visibility,
            dead_letter_queue=dead_letter_queue,
            removal_policy=self._resources.removal_policy,
        )
        if self._resources.emulated:
            reason = "The emulator speaks plain HTTP, on the loopback interface only."
            accept(queue, rule="AwsSolutions-SQS4", reason=reason)
        return queue

    def feed(self, consumer: lambda_.Function, *, reserved_concurrency: int | None = None) -> None:
        """Connect the queue to its consumer, with the consumer's grants."""
        consumer.add_event_source(
            event_sources.SqsEventSource(
                self.queue,
                batch_size=MESSAGES_PER_INVOCATION,
                report_batch_item_failures=True,
                # The remaining concurrency is for invokes. A throttled batch counts as a delivery of each of
                # its messages.
                max_concurrency=(
                    queue_concurrency(reserved_concurrency) if reserved_concurrency is not None else None
                ),
            )
        )
