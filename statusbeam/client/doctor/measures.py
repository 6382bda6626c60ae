"""The latencies and losses of a probe's statuses. All times come from one monotonic clock."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final


@dataclass(slots=True)
class Passage:
    """The times of one status at each place. None: it was not seen there."""

    produced: float
    """The sender handed it to the queue, or to Lambda."""
    committed: float | None = None
    """A read of the table showed it."""
    pushed: float | None = None
    """AppSync delivered it to the socket."""
    received: float | None = None
    """The client returned it to the application, in order."""
    pushes: int = 0
    receipts: int = 0

    @property
    def committed_at(self) -> float | None:
        """The earliest proof of the commit: a read of the table, a push, or a receipt."""
        seen = [at for at in (self.committed, self.pushed, self.received) if at is not None]
        return min(seen) if seen else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """What a probe measured."""

    sent: int
    committed: int
    pushed: int
    received: int
    lost: int
    """Committed, and not received."""
    duplicates: int
    """Repeated pushes, and statuses that the client returned twice."""
    recovered: int
    """Received from the log, because their push was lost."""
    reconnects: int
    latencies: dict[str, tuple[float, ...]] = field(default_factory=dict)
    """Milliseconds from one place to the next, of each status, by stretch: `producedToCommitted`."""


PRODUCED_TO_RECEIVED: Final = "producedToReceived"
"""The stretch of the whole way."""


_STRETCHES: Final = (
    ("produced", "committed"),
    ("committed", "pushed"),
    ("pushed", "received"),
    ("produced", "received"),
)


def measures_of(passages: Sequence[Passage], *, reconnects: int) -> Measures:
    """The measures of the statuses that were sent."""
    committed = [each for each in passages if each.committed_at is not None]
    received = [each for each in passages if each.received is not None]
    return Measures(
        sent=len(passages),
        committed=len(committed),
        pushed=sum(each.pushes > 0 for each in passages),
        received=len(received),
        lost=sum(each.received is None for each in committed),
        duplicates=sum(max(0, each.pushes - 1) + max(0, each.receipts - 1) for each in passages),
        recovered=sum(_is_recovered(each) for each in received),
        reconnects=reconnects,
        latencies=_latencies(passages),
    )


def percentile(values: Iterable[float], share: float) -> float:
    """The nearest-rank percentile of values: at least one."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _is_recovered(passage: Passage) -> bool:
    return passage.received is not None and (passage.pushed is None or passage.pushed > passage.received)


def _latencies(passages: Sequence[Passage]) -> dict[str, tuple[float, ...]]:
    taken = {f"{begin}To{end.capitalize()}": tuple(_taken(passages, begin, end)) for begin, end in _STRETCHES}
    return {stretch: values for stretch, values in taken.items() if values}


def _taken(passages: Sequence[Passage], begin: str, end: str) -> Iterator[float]:
    for passage in passages:
        times = {
            "produced": passage.produced,
            "committed": passage.committed_at,
            "pushed": passage.pushed,
            "received": passage.received,
        }
        started, ended = times[begin], times[end]
        if started is not None and ended is not None and ended >= started:
            yield (ended - started) * 1000
