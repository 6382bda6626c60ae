"""The transport by SQS, which keeps the order: a FIFO queue with the job as message group.

    >>> QueueTransport("https://sqs.eu-west-1.amazonaws.com/123456789012/statuses.fifo").send(payload)

The publisher commits the statuses of one job in the order in which the queue accepted them, from all senders.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .aws_clients import aws_errors_of, sqs_client
from .process_local import ProcessLocal
from .queue_messages import messages_of

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class QueueTransport:
    """Sends to the publisher's queue. One client serves all threads."""

    def __init__(self, queue_url: str, *, new_client: Callable[[], SQSClient] | None = None) -> None:
        self._queue_url = queue_url
        self._client = ProcessLocal(new_client or sqs_client)

    def prepare(self) -> None:
        """Load boto3, which takes longer than sending. Raises what boto3 raises."""
        self._client.get()

    def send(self, payload: Mapping[str, Any]) -> None:
        """See Transport.send.

        A payload of several jobs, or above the limit of one message, becomes several messages. If one of them
        fails, the caller may send the same payload again: the publisher commits no message twice.
        """
        with aws_errors_of(self._client):
            for message in messages_of(payload):
                self._client.get().send_message(
                    QueueUrl=self._queue_url,
                    MessageGroupId=message.group_id,
                    MessageDeduplicationId=message.deduplication_id,
                    MessageBody=message.body,
                )
