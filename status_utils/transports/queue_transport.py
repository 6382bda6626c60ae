"""The way to the publisher that keeps the order: a FIFO queue with the job as message group.

    >>> QueueTransport("https://sqs.eu-west-1.amazonaws.com/123456789012/statuses.fifo").send(payload)

What is sent of one job, by whoever and from wherever, is committed in the order in which the queue took it.
boto3 is loaded at the first send.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..aws_clients import OwnClient, sqs_client, transport_errors
from .queue_messages import messages_of

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class QueueTransport:
    """A Transport to the publisher's queue. One client serves all threads."""

    def __init__(self, queue_url: str, *, new_client: Callable[[], SQSClient] | None = None) -> None:
        self._queue_url = queue_url
        self._client = OwnClient(new_client or sqs_client)

    def prepare(self) -> None:
        """Load the SDK, which takes longer than sending. Raises what boto3 does."""
        self._client.get()

    def send(self, payload: Mapping[str, Any]) -> None:
        """See Transport.send.

        A payload of several jobs, or above the limit of a message, is several messages; when one of them does
        not get through, the payload may be sent again as it is: what had got through is not committed twice.
        """
        with transport_errors():
            for message in messages_of(payload):
                self._client.get().send_message(
                    QueueUrl=self._queue_url,
                    MessageGroupId=message.group_id,
                    MessageDeduplicationId=message.deduplication_id,
                    MessageBody=message.body,
                )
