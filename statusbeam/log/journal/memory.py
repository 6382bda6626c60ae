"""The Journal in memory: for a local run in one process, and for tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

from statusbeam.model.clock import Clock
from statusbeam.model.job_key import JobKey
from statusbeam.model.limits import DAY_SECONDS, MARKER_SECONDS
from statusbeam.model.update import StatusUpdate

from ..snapshot.job_state import Head, Job
from .batch import Batch
from .commits import Change, Commit, change_of, new_epoch, part_of, redelivery
from .conditions import ConditionNotMetError
from .entry import Entry

if TYPE_CHECKING:
    from .estimator import Estimator


@dataclass(slots=True)
class _Job:
    snapshot: Job
    expires_at: float
    log: dict[int, tuple[Entry, float]] = field(default_factory=dict)  # (entry, until), by sequence
    markers: dict[str, tuple[int, int, float, str]] = field(default_factory=dict)


class MemoryJournal:
    """A Journal that lasts as long as the process. `refused` holds the evidence."""

    def __init__(
        self,
        *,
        log_retention_days: int = 7,
        job_retention_days: int = 90,
        clock: Clock | None = None,
        estimator: Estimator | None = None,
    ) -> None:
        self.refused: list[StatusUpdate] = []
        self._log_seconds = log_retention_days * DAY_SECONDS
        self._job_seconds = job_retention_days * DAY_SECONDS
        self._clock = clock or Clock()
        self._estimate = partial(estimator, self.snapshot) if estimator else None
        self._jobs: dict[JobKey, _Job] = {}
        self._lock = Lock()

    def commit(self, batch: Batch, *, deadline: float) -> Commit:  # noqa: ARG002 - nothing here can take long
        """See Journal.commit."""
        with self._lock:
            now = self._clock.now()
            job = self._live(batch.job, now)
            before = part_of(job.snapshot, batch) if job else None
            try:
                change = change_of(before, batch, epoch=new_epoch(now), now=now, estimate=self._estimate)
            except ConditionNotMetError:
                change = None
            if job and job.markers.get(batch.batch_id, (0, 0, 0.0, ""))[2] > now:
                first, last, _, digest = job.markers[batch.batch_id]
                committed = self._range(job, first, last, now)
                return redelivery(batch, count=last - first + 1, committed=committed, digest=digest)
            if change is None:
                return Commit(updates=(), skipped=True)
            if not change.entries:
                return Commit(updates=(), shed=change.shed)
            self._keep(batch.batch_id, job, change, now)
            return Commit(updates=change.updates, shed=change.shed, change=change)

    def _keep(self, batch_id: str, job: _Job | None, change: Change, now: float) -> None:
        head = change.after.head
        job = self._jobs[head.key] = job or _Job(snapshot=change.after, expires_at=0.0)
        job.snapshot = job.snapshot.after(change.after)
        job.expires_at = now + self._job_seconds
        first = head.sequence - len(change.entries) + 1
        for sequence, entry in enumerate(change.entries, first):
            job.log[sequence] = (entry, now + self._log_seconds)
        until = now + min(MARKER_SECONDS, self._job_seconds)
        job.markers[batch_id] = (first, head.sequence, until, change.digest)

    def keep_refused(self, batch: Batch) -> None:
        """See Journal.keep_refused."""
        self.refused.extend(batch.updates)

    def snapshot(self, job: JobKey) -> Job | None:
        """See Journal.snapshot."""
        found = self._live(job, self._clock.now())
        return found.snapshot if found else None

    def updates(self, job: JobKey, *, first: int, last: int) -> tuple[StatusUpdate, ...]:
        """See Journal.updates."""
        now = self._clock.now()
        found = self._live(job, now)
        return self._range(found, first, last, now) if found else ()

    def heads(self) -> list[Head]:
        """The heads of all jobs that have not expired."""
        now = self._clock.now()
        with self._lock:
            return [job.snapshot.head for job in self._jobs.values() if job.expires_at > now]

    def attributes(self, job: JobKey, sequence: int) -> Mapping[str, str]:
        """The hidden attributes of one log entry."""
        return self._jobs[job].log[sequence][0].attributes

    def _live(self, job: JobKey, now: float) -> _Job | None:
        found = self._jobs.get(job)
        return found if found and found.expires_at > now else None

    @staticmethod
    def _range(job: _Job, first: int, last: int, now: float) -> tuple[StatusUpdate, ...]:
        kept = (job.log.get(sequence) for sequence in range(first, min(last, job.snapshot.head.sequence) + 1))
        return tuple(found[0].update for found in kept if found and found[1] > now)
