"""The ports in memory: for a local run in one process, and for tests of code that reports statuses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any

from .clock import Clock
from .events import StatusUpdate
from .journal.batch import Batch
from .journal.commits import Change, Commit, change_of, new_epoch, part_of, redelivery
from .journal.only_if_open import NotOpenError
from .limits import DAY_SECONDS, MARKER_SECONDS
from .snapshot.job_state import Head, Job
from .validation import json_text

if TYPE_CHECKING:
    from .eta.step_history import StepHistory, WorkflowKey
    from .ports import Estimator


@dataclass(slots=True)
class _Job:
    snapshot: Job
    expires_at: float
    log: dict[int, tuple[StatusUpdate, float]] = field(default_factory=dict)
    markers: dict[str, tuple[int, int, float, str]] = field(default_factory=dict)
    attributes: dict[int, Mapping[str, str]] = field(default_factory=dict)


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
        self._jobs: dict[str, _Job] = {}
        self._lock = Lock()

    def commit(self, batch: Batch, *, deadline: float) -> Commit:  # noqa: ARG002 - nothing here can take long
        """See Journal.commit."""
        with self._lock:
            now = self._clock.now()
            job = self._live(batch.job_id, now)
            before = part_of(job.snapshot, batch) if job else None
            try:
                change = change_of(before, batch, epoch=new_epoch(now), now=now, estimate=self._estimate)
            except NotOpenError:
                change = None
            if job and job.markers.get(batch.batch_id, (0, 0, 0.0, ""))[2] > now:
                first, last, _, digest = job.markers[batch.batch_id]
                committed = self._range(job, first, last, now)
                return redelivery(batch, count=last - first + 1, committed=committed, digest=digest)
            if change is None:
                return Commit(updates=(), passed_over=True)
            if not change.updates:
                return Commit(updates=(), shed=change.shed)
            self._keep(batch.batch_id, job, change, now)
            return Commit(updates=change.updates, shed=change.shed, change=change)

    def _keep(self, batch_id: str, job: _Job | None, change: Change, now: float) -> None:
        head, updates = change.after.head, change.updates
        job = self._jobs[head.job_id] = job or _Job(snapshot=change.after, expires_at=0.0)
        job.snapshot = Job(head=head, agents={**job.snapshot.agents, **change.after.agents})
        job.expires_at = now + self._job_seconds
        first = head.sequence - len(updates) + 1
        for sequence, update in enumerate(updates, first):
            job.log[sequence] = (update, now + self._log_seconds)
        job.attributes.update(change.attributes)
        until = now + min(MARKER_SECONDS, self._job_seconds)
        job.markers[batch_id] = (first, head.sequence, until, change.digest)

    def keep_refused(self, batch: Batch) -> None:
        """See Journal.keep_refused."""
        self.refused.extend(batch.updates)

    def head(self, job_id: str) -> Head | None:
        """See Journal.head."""
        job = self._live(job_id, self._clock.now())
        return job.snapshot.head if job else None

    def snapshot(self, job_id: str) -> Job | None:
        """See Journal.snapshot."""
        job = self._live(job_id, self._clock.now())
        return job.snapshot if job else None

    def updates(self, job_id: str, *, first: int, last: int) -> tuple[StatusUpdate, ...]:
        """See Journal.updates."""
        now = self._clock.now()
        job = self._live(job_id, now)
        return self._range(job, first, last, now) if job else ()

    def attributes(self, job_id: str, sequence: int) -> Mapping[str, str]:
        """What is kept beside one log entry."""
        return self._jobs[job_id].attributes.get(sequence, {})

    def _live(self, job_id: str, now: float) -> _Job | None:
        job = self._jobs.get(job_id)
        return job if job and job.expires_at > now else None

    @staticmethod
    def _range(job: _Job, first: int, last: int, now: float) -> tuple[StatusUpdate, ...]:
        kept = (job.log.get(sequence) for sequence in range(first, min(last, job.snapshot.head.sequence) + 1))
        return tuple(entry[0] for entry in kept if entry and entry[1] > now)


class MemoryDetailStore:
    """A DetailStore that lasts as long as the process."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put(self, key: str, body: bytes) -> None:
        """See DetailStore.put."""
        self.objects[key] = body


class MemorySessionStore:
    """A SessionStore that lasts as long as the process."""

    def __init__(self) -> None:
        self._sessions: dict[tuple[str, str], dict[str, float]] = {}
        self._lock = Lock()

    def open(self, tenant_id: str, user_id: str | None, connection_id: str, *, until: float) -> None:
        """A client of the user connects, or an operator of the tenant (None), until epoch seconds at most."""
        with self._lock:
            self._sessions.setdefault((tenant_id, user_id or ""), {})[connection_id] = until

    def close(self, tenant_id: str, user_id: str | None, connection_id: str) -> None:
        """It leaves."""
        with self._lock:
            self._sessions.get((tenant_id, user_id or ""), {}).pop(connection_id, None)

    def is_watched(self, tenant_id: str, user_id: str, *, now: float) -> bool:
        """See SessionStore.is_watched."""
        with self._lock:
            watchers = [self._sessions.get((tenant_id, who), {}) for who in (user_id, "")]
            return any(until > now for sessions in watchers for until in sessions.values())


class MemoryHistories:
    """Histories that last as long as the process. `reads` counts how often they were asked for."""

    def __init__(self) -> None:
        self.reads = 0
        self._steps: dict[WorkflowKey, dict[str, StepHistory]] = {}
        self._lock = Lock()

    def read(self, workflow: WorkflowKey) -> Mapping[str, StepHistory]:
        """See Histories.read."""
        with self._lock:
            self.reads += 1
            return dict(self._steps.get(workflow, {}))

    def add(self, workflow: WorkflowKey, lessons: Mapping[str, StepHistory]) -> None:
        """See Histories.add."""
        with self._lock:
            known = self._steps.setdefault(workflow, {})
            for name, lesson in lessons.items():
                known[name] = known[name].merged(lesson) if name in known else lesson


class MemoryBroadcaster:
    """A Broadcaster that keeps what it was given in `pushed`."""

    def __init__(self) -> None:
        self.pushed: list[StatusUpdate] = []

    def push(self, update: StatusUpdate) -> None:
        """See Broadcaster.push."""
        self.pushed.append(update)


class MemoryTransport:
    """A Transport that keeps what it was given in `sent`, as it comes out of the wire's JSON."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def send(self, payload: Mapping[str, Any]) -> None:
        """See Transport.send."""
        self.sent.append(json.loads(json_text(payload)))
