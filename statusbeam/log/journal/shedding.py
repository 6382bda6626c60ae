"""How much of a flood is taken: a token bucket a job, and one a tenant.

    >>> kept, bucket = admitted(None, updates, now=time.time(), rate=20, burst=200)
    >>> len(updates) - len(kept)
    0

Progress and heartbeats are left out, the older before the newer; what begins or ends something never is.
Of what is left out the newest is never much newer than what was taken: a full bucket takes `rate` a second.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from statusbeam.model.limits import JOBS_REMEMBERED, TENANT_BURST, TENANT_STATUSES_PER_SECOND
from statusbeam.model.update import StatusUpdate
from statusbeam.model.words import StatusType

from ..snapshot.fold import invocation_of

_BATCHES_REMEMBERED: Final = 100
"""Of one job, so many that were left out are told apart."""
_SHEDDABLE: Final = (StatusType.PROGRESS, StatusType.HEARTBEAT)


@dataclass(frozen=True, slots=True)
class Bucket:
    """What may still come at `at_ms` (epoch milliseconds): `level` is in thousandths of a status."""

    level: int
    at_ms: int

    def filled(self, now_ms: int, *, rate: int, burst: int) -> Bucket:
        """The bucket at a later time; clocks that disagree neither fill nor empty it."""
        passed = max(0, now_ms - self.at_ms)
        return Bucket(min(burst * 1000, self.level + passed * rate), max(self.at_ms, now_ms))

    def without(self, statuses: int) -> Bucket:
        """The bucket after so many more."""
        return Bucket(max(0, self.level - statuses * 1000), self.at_ms)


def admitted(
    bucket: Bucket | None, updates: Sequence[StatusUpdate], *, now: float, rate: int, burst: int
) -> tuple[list[int], Bucket]:
    """Which of `updates` are taken, as their places in order, and the bucket after it (None: a full one).

    `rate` is in statuses a second; `burst` of them may come at once.
    """
    now_ms = int(now * 1000)
    full = (bucket or Bucket(burst * 1000, now_ms)).filled(now_ms, rate=rate, burst=burst)
    kept = [place for place, update in enumerate(updates) if update.type not in _SHEDDABLE]
    left = full.without(len(kept))
    if len(kept) < len(updates):
        some = _newest_first(updates)[: left.level // 1000]
        left = left.without(len(some))
        kept = sorted(kept + some)
    return kept, left


def _newest_first(updates: Sequence[StatusUpdate]) -> list[int]:
    """The places of what may be left out: the newest of each invocation, then the others."""
    newest: list[int] = []
    others: list[int] = []
    seen: set[str | None] = set()
    for place in range(len(updates) - 1, -1, -1):
        if updates[place].type in _SHEDDABLE:
            invocation = invocation_of(updates[place])
            (others if invocation in seen else newest).append(place)
            seen.add(invocation)
    return newest + others


class Shedding:
    """What one process knows of the flood: a bucket a tenant, and what was left out of each job since its
    last commit here. Bounded; what is forgotten begins anew."""

    def __init__(self, *, rate: int = TENANT_STATUSES_PER_SECOND, burst: int = TENANT_BURST) -> None:
        self._rate = rate
        self._burst = burst
        self._tenants: OrderedDict[str, Bucket] = OrderedDict()
        self._left_out: OrderedDict[str, dict[str, int]] = OrderedDict()  # by job and batch

    def left_out(self, tenant_id: str, updates: Sequence[StatusUpdate], *, now: float) -> frozenset[int]:
        """The places of what the tenant's limit leaves out."""
        before = self._tenants.pop(tenant_id, None)
        kept, after = admitted(before, updates, now=now, rate=self._rate, burst=self._burst)
        _keep(self._tenants, tenant_id, after)
        return frozenset(range(len(updates))).difference(kept)

    def waiting(self, job_id: str, batch_id: str) -> int:
        """How many statuses of the job's other batches were left out and no status has said so yet."""
        waiting = self._left_out.get(job_id, {})
        return sum(shed for batch, shed in waiting.items() if batch != batch_id)

    def note(self, job_id: str, batch_id: str, *, committed: bool, shed: int) -> None:
        """A batch was taken: what was left out is told by the commit, or by a later one.

        A batch that was left out and comes again, because another one of its payload failed, counts once.
        """
        waiting = self._left_out.pop(job_id, {})
        if committed:
            return
        if shed:
            waiting[batch_id] = shed
        if len(waiting) > _BATCHES_REMEMBERED:
            first, second = list(waiting)[:2]
            waiting = {second: waiting.pop(first) + waiting.pop(second)} | waiting
        if waiting:
            _keep(self._left_out, job_id, waiting)


def _keep(kept: OrderedDict[str, Any], key: str, value: Any) -> None:
    kept[key] = value
    if len(kept) > JOBS_REMEMBERED:
        kept.popitem(last=False)
