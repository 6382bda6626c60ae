"""A queued delivery: one event for one channel.

Deliveries of one job and channel are a message group, so they keep their order. A failing receiver delays
only this job's events on this channel.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from statusbeam.model.settings import NotificationChannel
from statusbeam.model.validation import json_text

from .job_event import JobEvent

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_FIRST_RETRY_SECONDS: Final = 10
_RETRY_FACTOR: Final = 4
_LONGEST_RETRY_SECONDS: Final = 6 * 3_600


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event for one channel."""

    channel: str
    event: JobEvent

    @property
    def group(self) -> str:
        """The message group."""
        return _digest(self.channel, self.event.key.text)

    @property
    def deduplication_id(self) -> str:
        """The deduplication id: equal for the same event of the same channel."""
        return _digest(self.channel, self.event.key.text, self.event.type, self.event.id)

    def body(self) -> str:
        """The message."""
        return json_text({"channel": self.channel, "event": self.event.document()})

    @classmethod
    def from_body(cls, body: str) -> Self:
        """Parse the text that `body` returned."""
        found: dict[str, Any] = json.loads(body)
        return cls(channel=found["channel"], event=JobEvent.from_document(found["event"]))


def deliveries_of(event: JobEvent, channels: Iterable[NotificationChannel]) -> list[Delivery]:
    """One delivery for each channel that accepts the event."""
    tenant_id = event.key.tenant_id
    return [Delivery(channel=one.name, event=event) for one in channels if one.takes(event.type, tenant_id)]


class DeliveryQueue:
    """The FIFO queue, with a botocore client handed in. Its method raises ClientError and BotoCoreError."""

    def __init__(self, client: SQSClient, url: str) -> None:
        self._client = client
        self._url = url

    def put(self, deliveries: Iterable[Delivery]) -> None:
        """Queue the deliveries. The same delivery within five minutes is queued once."""
        for delivery in deliveries:
            self._client.send_message(
                QueueUrl=self._url,
                MessageBody=delivery.body(),
                MessageGroupId=delivery.group,
                MessageDeduplicationId=delivery.deduplication_id,
            )


def retry_seconds(received: int, *, asked: int | None, chance: Callable[[], float]) -> int:
    """How long a delivery waits after it failed for the `received`th time.

    `asked` is the receiver's `Retry-After`. A random part keeps deliveries from flooding a receiver that has
    recovered.
    """
    longest = min(_FIRST_RETRY_SECONDS * _RETRY_FACTOR ** (received - 1), _LONGEST_RETRY_SECONDS)
    wanted = int(longest * (1 + chance()) / 2)
    return min(max(wanted, asked or 0), _LONGEST_RETRY_SECONDS)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
