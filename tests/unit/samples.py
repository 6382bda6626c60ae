"""Statuses, batches and a clock that stands still, for tests of the library."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from statusbeam.log.journal.batch import Batch
from statusbeam.log.journal.entry import Entry
from statusbeam.log.publishing.ports import Journal
from statusbeam.log.snapshot.job_state import Head
from statusbeam.model.clock import Clock
from statusbeam.model.job_key import JobKey
from statusbeam.model.parse import parse_status
from statusbeam.model.update import StatusUpdate

NOW = 1_795_163_400.0  # 2026-11-20T08:30:00Z


def entry(**changes: Any) -> dict[str, Any]:
    """A caller's document for one status."""
    return {
        "jobId": "job-1",
        "userId": "ana",
        "tenantId": "city",
        "status": "agent_invoking",
        "message": "Looking at the map",
        "agentName": "Geo Agent",
        **changes,
    }


def update(event_id: str = "event-1", **changes: Any) -> StatusUpdate:
    """The status that such an entry becomes."""
    return parse_status(entry(**changes), event_id=event_id, now=NOW)


def batch(batch_id: str = "b1", count: int = 1, **changes: Any) -> Batch:
    """A batch of `count` statuses."""
    return batch_of([update(f"{batch_id}.{index}", **changes) for index in range(count)], batch_id)


def batch_of(updates: Iterable[StatusUpdate], batch_id: str = "b1") -> Batch:
    """A batch of these statuses."""
    entries = tuple(Entry(index=index, update=update) for index, update in enumerate(updates))
    return Batch(batch_id=batch_id, entries=entries)


def job_key(job_id: str = "job-1", tenant_id: str = "city") -> JobKey:
    """The key of the job that such an entry is of."""
    return JobKey(tenant_id, job_id)


def head_of(journal: Journal, job_id: str) -> Head | None:
    """Where a job stands; None for one that has no status or whose time is over."""
    snapshot = journal.snapshot(job_key(job_id))
    return snapshot.head if snapshot else None


@dataclass(slots=True)
class StoppedClock:
    """Time that passes only during sleeps, or when a test moves it."""

    time: float = NOW
    slept: list[float] = field(default_factory=list)
    on_sleep: Callable[[], None] = lambda: None

    def clock(self) -> Clock:
        """The clock to hand in."""
        return Clock(now=lambda: self.time, sleep=self._sleep, chance=lambda: 0.5)

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds
        self.on_sleep()
