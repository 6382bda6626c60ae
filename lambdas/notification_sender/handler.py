"""Sends queued notifications, one message an invocation. A failed message waits longer after each attempt.

After the last attempt, the queue moves it to the dead letters. Then the sender sends the job's next
notification.
"""

from __future__ import annotations

import logging
import random
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from lambdas.notification_sender._wiring import channels, sqs
from statusbeam.model.errors import NotificationError
from statusbeam.model.settings import NOTIFICATION_RECEIVES
from statusbeam.notifications.deliveries import Delivery, retry_seconds

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_log = logging.getLogger(__name__)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Send the messages of a batch. The answer names the one that failed."""
    for record in event["Records"]:
        delivery = Delivery.from_body(record["body"])
        try:
            channel = channels().get(delivery.channel)
            if channel is None:
                _log.warning("channel=<%s> | skipped: the channel no longer exists", delivery.channel)
                continue
            channel.send(delivery.event)
        except NotificationError as error:
            _log.warning(
                "channel=<%s>, event_id=<%s>, type=<%s>, code=<%s> | not sent: %s",
                delivery.channel, delivery.event.id, delivery.event.type, error.code, error.message,
            )  # fmt: skip
            _retry_later(record, error.retry_after)
            return {"batchItemFailures": [{"itemIdentifier": record["messageId"]}]}
        _log.info(
            "channel=<%s>, event_id=<%s>, type=<%s> | sent",
            delivery.channel, delivery.event.id, delivery.event.type,
        )  # fmt: skip
    return {"batchItemFailures": []}


def _retry_later(record: dict[str, Any], asked: int | None) -> None:
    """Best effort: if the call fails, SQS delivers again when the visibility timeout ends."""
    received = int(record["attributes"]["ApproximateReceiveCount"])
    if received >= NOTIFICATION_RECEIVES:
        wait = 0  # SQS moves it to the dead-letter queue next
    else:
        wait = retry_seconds(received, asked=asked, chance=random.random)
    *_, account, name = record["eventSourceARN"].split(":")
    try:
        url = sqs().get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
        sqs().change_message_visibility(
            QueueUrl=url, ReceiptHandle=record["receiptHandle"], VisibilityTimeout=wait
        )
    except (BotoCoreError, ClientError) as error:
        _log.warning("error=<%s> | SQS delivers again when the visibility timeout ends", type(error).__name__)
