"""The receiver's clock: it counts the leases, independent of the sender's clock.

>>> clock = ReceiverClock.of({"sentAt": "2026-11-20T07:30:00Z"}, received_at=1_795_163_400.0)
>>> clock.behind                       # the sender is an hour slow, the first 5 s of it may be the way
3595.0

A payload has the time of sending by the sender's clock, at each try anew. The receiver's time is the time at
which the queue took the message. Without a queue it is the publisher's own time, and the delay of an
asynchronous invoke counts as a slow clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from statusbeam.model.limits import CLOCK_BEHIND_SECONDS, CLOCK_SLOW_SECONDS, CLOCK_TOLERANCE_SECONDS
from statusbeam.model.metadata import MetadataKey
from statusbeam.model.parse import SENT_AT
from statusbeam.model.validation import moment_of, wire_time


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverClock:
    """The time at which a payload was received, and the seconds that its sender's clock is behind (below 0:
    ahead)."""

    received_at: float  # epoch seconds
    behind: float = 0.0

    @classmethod
    def of(cls, payload: object, *, received_at: float) -> Self:
        """The clock for one payload; without a readable `sentAt` its sender's clock counts as right."""
        sent = sent_at(payload)
        behind = 0.0 if sent is None else received_at - sent
        if behind > CLOCK_SLOW_SECONDS:  # no clock is so slow: the payload was late
            behind = 0.0
        # Less the tolerance instead of nothing below it: two payloads of one sender must not differ by it.
        tolerated = min(max(behind, -CLOCK_TOLERANCE_SECONDS), CLOCK_TOLERANCE_SECONDS)
        return cls(received_at=received_at, behind=round(behind - tolerated, 3))

    def applied_to(self, status: dict[str, Any]) -> dict[str, Any]:
        """The status with its timestamp by this clock; `reportedAt` in its metadata keeps a changed one.

        A time that is impossible all the same becomes the time of receipt.
        """
        reported = status.get("timestamp")
        seconds = _seconds(reported)
        if seconds is None:
            return status
        happened = seconds + self.behind
        ahead = happened - self.received_at
        if not -CLOCK_BEHIND_SECONDS <= ahead <= CLOCK_TOLERANCE_SECONDS:
            happened = self.received_at
        elif not self.behind:
            return status
        metadata = {**(status.get("metadata") or {}), MetadataKey.REPORTED_AT: reported}
        return {**status, "timestamp": time_at(happened), "metadata": metadata}


def sent_at(payload: object) -> float | None:
    """The time of sending by the sender's clock, in epoch seconds; None if the payload has none."""
    return _seconds(payload.get(SENT_AT)) if isinstance(payload, Mapping) else None


def time_at(seconds: float) -> str:
    """A time in epoch seconds as the wire has it."""
    return wire_time(datetime.fromtimestamp(seconds, UTC))


def _seconds(time: object) -> float | None:
    if not isinstance(time, str):
        return None
    try:
        return moment_of(time).timestamp()
    except (ValueError, OverflowError):
        return None
