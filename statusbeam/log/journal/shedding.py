"""The limit of a flood: a token bucket, for a job or for a tenant.

    >>> taken, bucket = within_limit(None, entries, now=time.time(), rate=20, burst=200)
    >>> len(entries) - len(taken)
    0

The limit sheds progress and heartbeats, the older before the newer, and never a beginning or an end. A shed
status is never much newer than the newest taken one: a full bucket takes `rate` a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from statusbeam.model.words import StatusType

from ..snapshot.fold import invocation_of
from .entry import Entry

_SHEDDABLE: Final = (StatusType.PROGRESS, StatusType.HEARTBEAT)


@dataclass(frozen=True, slots=True)
class Bucket:
    """The room of a bucket at `at_ms` (epoch milliseconds): `level` is in thousandths of a status."""

    level: int
    at_ms: int

    def filled(self, now_ms: int, *, rate: int, burst: int) -> Bucket:
        """The bucket at a later time; clocks that disagree neither fill nor empty it."""
        passed = max(0, now_ms - self.at_ms)
        return Bucket(min(burst * 1000, self.level + passed * rate), max(self.at_ms, now_ms))

    def without(self, statuses: int) -> Bucket:
        """The bucket after a number of further statuses."""
        return Bucket(max(0, self.level - statuses * 1000), self.at_ms)


def within_limit(
    bucket: Bucket | None, entries: Sequence[Entry], *, now: float, rate: int, burst: int
) -> tuple[Sequence[Entry], Bucket]:
    """The entries that the limit takes, in their order, and the bucket after them (None: a full one).

    `rate` is in statuses a second; `burst` of them may come at once.
    """
    now_ms = int(now * 1000)
    full = (bucket or Bucket(burst * 1000, now_ms)).filled(now_ms, rate=rate, burst=burst)
    sheddable = [] if len(entries) <= full.level // 1000 else _newest_first(entries)
    if not sheddable:
        return entries, full.without(len(entries))
    left = full.without(len(entries) - len(sheddable))
    places = sheddable[: left.level // 1000]
    room = set(places)
    taken = [e for at, e in enumerate(entries) if at in room or e.update.type not in _SHEDDABLE]
    return taken, left.without(len(places))


def _newest_first(entries: Sequence[Entry]) -> list[int]:
    """The places of statuses that may be shed: the newest of each invocation, then the others."""
    newest: list[int] = []
    others: list[int] = []
    seen: set[str | None] = set()
    places = [place for place, entry in enumerate(entries) if entry.update.type in _SHEDDABLE]
    for place in reversed(places):
        invocation = invocation_of(entries[place].update)
        (others if invocation in seen else newest).append(place)
        seen.add(invocation)
    return newest + others
