"""Publishes messages of the queue: one payload each, in the order of the job. SQS redelivers failed messages.

An invocation gets one message, so a message that ends the process, or uses up its time, fails
no other message. A message is one commit, with its own batch id (the payload's, or the message's): a
redelivery is the same commit again.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, TypedDict

from botocore.exceptions import BotoCoreError, ClientError

from lambdas.status_publisher.time_limit import OutOfTimeError
from statusbeam.log.publishing.payload import payload_of_text
from statusbeam.log.publishing.pipeline import PublishResult
from statusbeam.model.errors import BroadcastError, SessionStoreError, StatusError
from statusbeam.model.settings import QUEUE_RECEIVES

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

Record = Mapping[str, Any]

_RETRY_SECONDS = (2, 10, 60, 120, 300)
"""The pauses before SQS redelivers a message that the table did not accept: eight minutes in total."""

_FAULTY_RETRY_SECONDS = 1
"""The same for a message that makes the publisher fail: no retry helps, and its job waits for the last
one."""

_MILLISECONDS = re.compile("[0-9]{1,14}")
_RECEIVED = re.compile("[1-9][0-9]{0,8}")

_log = logging.getLogger("statusbeam.queue")  # a child of the logger whose format the handler sets


class BatchItemFailure(TypedDict):
    """One message that SQS delivers again."""

    itemIdentifier: str


class QueueAnswer(TypedDict):
    """A partial batch response: SQS deletes all other messages."""

    batchItemFailures: list[BatchItemFailure]


@dataclass(slots=True)
class Outcome:
    """The result of a batch of messages."""

    failed: list[Record] = field(default_factory=list)
    faulty: set[str] = field(default_factory=set)
    """Ids of the failed messages that hit a bug or ran out of time: a longer pause cannot help them."""
    given_up: int = 0
    """Committed messages whose push failed for good: clients read their statuses from the log."""

    def not_pushed(self, record: Record, *, retriable: bool) -> None:
        """Record a failed push. The first time, SQS delivers the message again.

        The waiting message delays its whole job. The dead-letter queue is for messages that are not in the
        log.
        """
        if retriable and _received(record) == 1:
            self.failed.append(record)
        else:
            self.given_up += 1

    def not_committed(self, record: Record, error: BaseException) -> None:
        """Deliver a message again, or move it to the dead-letter queue."""
        ours = isinstance(error, StatusError)
        _log.error(
            "message_id=<%s>, received=<%s>, error=<%s> | message failed",
            record["messageId"],
            _received(record),
            type(error).__name__,
            exc_info=None if ours else error,  # a bug or a timeout; the pipeline has logged all other errors
        )
        self.failed.append(record)
        if not ours:
            self.faulty.add(record["messageId"])

    def answer(self) -> QueueAnswer:
        """For Lambda."""
        return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in self.failed]}


def records_of(event: object) -> Sequence[Record] | None:
    """The messages of an event from SQS; None for any other event, which is a payload itself."""
    records = event.get("Records") if isinstance(event, dict) else None
    return records if isinstance(records, list) and records and all(map(_is_sqs, records)) else None


def _is_sqs(record: object) -> bool:
    # a caller may send any event, and retries of an incomplete record would always fail
    if not (isinstance(record, dict) and record.get("eventSource") == "aws:sqs"):
        return False
    texts = all(isinstance(record.get(part), str) for part in ("messageId", "body", "receiptHandle"))
    attributes, arn = record.get("attributes"), record.get("eventSourceARN")
    received = attributes.get("ApproximateReceiveCount") if isinstance(attributes, dict) else None
    counted = isinstance(received, str) and _RECEIVED.fullmatch(received) is not None
    return texts and counted and isinstance(arn, str) and arn.count(":") == 5


def publish_messages(
    records: Sequence[Record],
    publish: Callable[..., PublishResult],
    *,
    deadline: float,
    now: Callable[[], float],
) -> Outcome:
    """Publish messages in their order; `deadline` is in epoch seconds.

    If the slowest message so far would take longer than the remaining time, the next one fails untried. A
    table that does not answer costs seconds a message, and when the function runs out of time all messages
    wait for the visibility timeout.

    After a message that was not committed, all later ones of its group fail untried, so that none overtakes
    it. At its last delivery they are tried: it moves to the dead-letter queue, and must not take them along.
    After a push that may succeed later, the rest is only committed: pushes must not take the commits' time.

    `publish` raises OutOfTimeError for a message that exceeds its time limit.
    """
    outcome = Outcome()
    stopped: set[str] = set()
    pushing = True
    began, slowest = now(), 0.0
    for record in records:
        group = _group(record)
        at = now()
        began, slowest = at, max(slowest, at - began)
        if group in stopped or at + slowest >= deadline:
            outcome.failed.append(record)
            stopped.add(group)
            continue
        try:
            publish(
                payload_of_text(record["body"]),
                batch_id=record["messageId"],
                deadline=deadline,
                pushing=pushing,
                received_at=_queued_at(record),
            )
        except (BroadcastError, SessionStoreError) as error:  # the pipeline has logged the reason
            pushing = pushing and not error.retriable
            outcome.not_pushed(record, retriable=error.retriable)
            continue
        except (Exception, OutOfTimeError) as error:  # noqa: BLE001 - one message must not fail the others
            outcome.not_committed(record, error)
            if _received(record) < QUEUE_RECEIVES:
                stopped.add(group)
            continue
        if not pushing:
            outcome.not_pushed(record, retriable=True)
    return outcome


def _group(record: Record) -> str:
    # a queue without groups has no order, so each message is independent
    return str(record["attributes"].get("MessageGroupId") or record["messageId"])


def _queued_at(record: Record) -> float | None:
    """The time at which the queue took the message: its wait since then is independent of the sender's
    clock."""
    sent = record["attributes"].get("SentTimestamp")
    return int(sent) / 1000 if isinstance(sent, str) and _MILLISECONDS.fullmatch(sent) else None


class Retries:
    """Sets when SQS redelivers failed messages, in place of the end of their visibility timeout."""

    def __init__(self, client: SQSClient) -> None:
        self._client = client
        self._url = cache(self._find_url)

    def retry_soon(self, failed: Sequence[Record], *, faulty: Set[str] = frozenset()) -> None:
        """Set the pauses of failed messages: short at the first failure, and for the ids in `faulty`.

        Best effort; errors are logged.
        """
        queues: dict[str, list[Record]] = {}
        for record in failed:
            queues.setdefault(record["eventSourceARN"], []).append(record)
        for arn, records in queues.items():
            try:
                self._make_visible(arn, records, faulty)
            except (BotoCoreError, ClientError) as error:
                code = error.response["Error"]["Code"] if isinstance(error, ClientError) else None
                _log.warning(
                    "queue=<%s>, error=<%s>, code=<%s> | failed messages wait for their visibility timeout",
                    arn,
                    type(error).__name__,
                    code,
                )

    def _make_visible(self, arn: str, records: Sequence[Record], faulty: Set[str]) -> None:
        # One by one: localcloud's IAM checks the batch call as another action, which AWS does not have.
        for record in records:
            self._client.change_message_visibility(
                QueueUrl=self._url(arn),
                ReceiptHandle=record["receiptHandle"],
                VisibilityTimeout=_retry_seconds(record, faulty=record["messageId"] in faulty),
            )

    def _find_url(self, arn: str) -> str:
        *_, account, name = arn.split(":")
        return self._client.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]


def _received(record: Record) -> int:
    return int(record["attributes"]["ApproximateReceiveCount"])


def _retry_seconds(record: Record, *, faulty: bool) -> int:
    received = _received(record)
    if received >= QUEUE_RECEIVES:
        return 0  # SQS moves it to the dead-letter queue next, and the job need not wait for that
    return _FAULTY_RETRY_SECONDS if faulty else _RETRY_SECONDS[received - 1]
