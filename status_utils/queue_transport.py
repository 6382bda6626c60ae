"""The way to the publisher that keeps the order: a FIFO queue with the job as message group.

    >>> QueueTransport("https://sqs.eu-west-1.amazonaws.com/123456789012/statuses.fifo").send(payload)

What is sent of one job, by whoever and from wherever, is committed in the order in which the queue took it.
boto3 is loaded at the first send.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any

from .aws_clients import sqs_client
from .errors import TransportError
from .queue_messages import QueueMessage, messages_of

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from mypy_boto3_sqs import SQSClient

_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500


class QueueTransport:
    """A Transport to the publisher's queue. One client serves all threads."""

    def __init__(self, queue_url: str, *, new_client: Callable[[], SQSClient] | None = None) -> None:
        self._queue_url = queue_url
        self._new_client = new_client or sqs_client
        self._client: SQSClient | None = None
        self._lock = Lock()

    def send(self, payload: Mapping[str, Any]) -> None:
        """See Transport.send.

        A payload of several jobs, or above the limit of a message, is several messages; when one of them does
        not get through, the payload may be sent again as it is: what had got through is not committed twice.
        """
        for message in messages_of(payload):
            self._send(message)

    def _send(self, message: QueueMessage) -> None:
        try:
            from botocore.exceptions import (  # noqa: PLC0415 - loaded at first send
                BotoCoreError,
                ClientError,
                ConnectionError,  # noqa: A004 - botocore's own
                HTTPClientError,
            )
        except ImportError as error:
            raise TransportError("boto3 is not installed", code="no_boto3", retriable=False) from error
        try:
            self._ready_client().send_message(
                QueueUrl=self._queue_url,
                MessageGroupId=message.group_id,
                MessageDeduplicationId=message.deduplication_id,
                MessageBody=message.body,
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            raise TransportError(str(error), code=code, retriable=_may_pass(error)) from error
        except BotoCoreError as error:
            # What kept botocore from an answer may be gone the next time; a missing region stays missing.
            passing = isinstance(error, HTTPClientError | ConnectionError)
            raise TransportError(str(error), code=type(error).__name__, retriable=passing) from error

    def _ready_client(self) -> SQSClient:
        with self._lock:
            if self._client is None:
                self._client = self._new_client()
            return self._client


def _may_pass(error: ClientError) -> bool:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    throttled = "Throttl" in error.response["Error"]["Code"]
    return throttled or status == _TOO_MANY_REQUESTS or status >= _SERVER_ERROR
