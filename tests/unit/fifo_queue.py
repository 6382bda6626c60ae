"""The status queue in moto, with Lambda's handling of its messages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from moto import mock_aws

from status_utils.transports.queue_transport import QueueTransport

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True, slots=True)
class FifoQueue:
    """The queue as its sender and as Lambda see it."""

    client: SQSClient
    url: str
    arn: str

    def transport(self) -> QueueTransport:
        """The way into it."""
        return QueueTransport(self.url, new_client=lambda: self.client)

    def event(self) -> dict[str, Any]:
        """Up to ten messages, as Lambda hands them to a function."""
        messages = self.client.receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=10, AttributeNames=["All"]
        )
        return {"Records": [self._record(dict(message)) for message in messages.get("Messages", [])]}

    def _record(self, message: dict[str, Any]) -> dict[str, Any]:
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
            "messageAttributes": {},
            "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": self.arn,
            "awsRegion": "us-east-1",
        }


@contextmanager
def fifo_queue() -> Iterator[FifoQueue]:
    """An empty queue, with the attributes that the stack gives it."""
    with mock_aws():
        client = boto3.client("sqs", region_name="us-east-1")
        url = client.create_queue(
            QueueName="statuses.fifo",
            Attributes={
                "FifoQueue": "true",
                "DeduplicationScope": "messageGroup",
                "FifoThroughputLimit": "perMessageGroupId",
                "VisibilityTimeout": "6",
            },
        )["QueueUrl"]
        arn = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        yield FifoQueue(client, url, arn)
