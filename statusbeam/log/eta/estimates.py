"""The remaining time of jobs: estimated before each commit, learnt from the jobs that complete.

    estimates = Estimates(histories)
    journal = DynamoJournal(…, estimator=estimates.before_commit)
    Pipeline(journal=journal, …, estimates=estimates)

An estimate costs a commit no read: histories are cached, and the process that made all commits of a job has
the whole job. Other processes read the whole job once in REFRESH_SECONDS; in between, readers count the last
estimate down. An estimate never fails a commit: without the data there is none.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from statusbeam.model.bounded import Bounded
from statusbeam.model.clock import Clock
from statusbeam.model.errors import StatusError
from statusbeam.model.job_key import JobKey
from statusbeam.model.words import OverallStatus

from ..journal.commits import Change
from ..snapshot.agent_state import AgentState
from ..snapshot.job_state import Eta, Head, Job
from .critical_path import estimate, observations, steps_of
from .histories import Histories
from .step_correlation import MIN_RUNS, increments
from .step_history import StepHistory, WorkflowKey

HISTORY_SECONDS: Final = 60
"""The seconds that a workflow's history is cached."""

REFRESH_SECONDS: Final = 10
"""The seconds between two reads of a job to which other processes commit as well."""

_AT_MOST_EVERY_MS: Final = 1_000
"""The seconds between two estimates of a job while none of its steps begins or ends."""

_WORKFLOWS_KEPT: Final = 200
_JOBS_KEPT: Final = 500

Snapshot = Callable[[JobKey], Job | None]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _CachedJob:
    """A job as one commit left it, with all of its agents."""

    epoch: str | None
    sequence: int
    agents: Mapping[str, AgentState]


class Estimates:
    """Estimates of one publisher's process."""

    def __init__(self, histories: Histories, *, clock: Clock | None = None) -> None:
        self._histories = histories
        self._clock = clock or Clock()
        self._kept: Bounded[WorkflowKey, tuple[float, Mapping[str, StepHistory]]] = Bounded(_WORKFLOWS_KEPT)
        self._known: Bounded[JobKey, _CachedJob] = Bounded(_JOBS_KEPT)
        self._read_at: Bounded[JobKey, float] = Bounded(_JOBS_KEPT)
        self._snapshot: Snapshot | None = None

    def before_commit(self, snapshot: Snapshot, before: Job | None, after: Job) -> Eta | None:
        """See Estimator."""
        self._snapshot = snapshot
        workflow = _workflow_of(after.head)
        if workflow is None or after.head.ended or not _is_due(before, after):
            return None
        try:
            history = self._history(workflow)
            if not any(step.runs >= MIN_RUNS for step in history.values()):
                return None
            whole = self._whole(snapshot, before, after)
        except StatusError as error:
            _log.warning("job_id=<%s>, code=<%s> | no estimate", after.head.job_id, error.code)
            return None
        if whole is None:
            return None
        return estimate(steps_of(whole, (whole.head.updated_ms or 0) / 1000), history)

    def learn(self, change: Change) -> None:
        """Remember the job as this commit left it; if it completed the job, add its steps to the history.

        The process that made a commit calls this once. A redelivery is no commit, so no job counts twice. A
        process that dies before this call leaves one job out.
        """
        workflow = _workflow_of(change.after.head)
        if workflow is None:
            return
        whole = self._remember(change)
        if not _completes(change):
            return
        self._known.pop(change.after.head.key, None)
        try:
            if whole is None and self._snapshot is not None:
                whole = self._snapshot(change.after.head.key)
            took = [] if whole is None else observations(whole)
            if took:
                self._add(workflow, took)
        except StatusError as error:
            _log.warning("job_id=<%s>, code=<%s> | not in the history", change.after.head.job_id, error.code)

    def _add(self, workflow: WorkflowKey, took: Sequence[tuple[str, float]]) -> None:
        history = self._history(workflow)
        added = increments(took, history)
        self._histories.add(workflow, added)
        # This process sees its own increments at once, those of others when it reads the history again.
        merged = {name: history.get(name, StepHistory()).merged(more) for name, more in added.items()}
        self._kept[workflow] = (self._kept[workflow][0], {**history, **merged})

    def _history(self, workflow: WorkflowKey) -> Mapping[str, StepHistory]:
        now = self._clock.now()
        read_at, history = self._kept.get(workflow, (None, None))
        if history is None or read_at is None or not 0 <= now - read_at < HISTORY_SECONDS:
            history = self._histories.read(workflow)
            self._kept[workflow] = (now, history)
        return history

    def _whole(self, snapshot: Snapshot, before: Job | None, after: Job) -> Job | None:
        """The job after the commit with all of its agents; None where that is not worth a read."""
        if before is None:
            return after
        head = before.head
        known = self._known.get(head.key)
        if known is None or (known.epoch, known.sequence) != (head.epoch, head.sequence):
            known = self._read(snapshot, head, after.head)
        return None if known is None else Job(head=head, agents=known.agents).after(after)

    def _read(self, snapshot: Snapshot, head: Head, after: Head) -> _CachedJob | None:
        """The whole job, unless some publisher estimated it just now: its last estimate is in the head."""
        now = self._clock.now()
        estimated_ms = head.eta[2] if head.eta else None
        if estimated_ms is not None and (after.updated_ms or 0) - estimated_ms < REFRESH_SECONDS * 1000:
            return None
        if 0 <= now - self._read_at.get(head.key, float("-inf")) < REFRESH_SECONDS:
            return None
        self._read_at[head.key] = now
        found = snapshot(head.key)
        if found is None or found.head.epoch != head.epoch:
            return None
        return self._keep(found)

    def _remember(self, change: Change) -> Job | None:
        """The job as this commit left it, where this process knows all of it."""
        head = change.after.head
        known = self._known.pop(head.key, None)
        whole = change.after
        if change.before is not None:
            was = change.before.head
            if known is None or (known.epoch, known.sequence) != (was.epoch, was.sequence):
                return None
            whole = Job(head=was, agents=known.agents).after(whole)
        self._keep(whole)
        return whole

    def _keep(self, whole: Job) -> _CachedJob:
        head = whole.head
        known = _CachedJob(epoch=head.epoch, sequence=head.sequence, agents=whole.agents)
        self._known[head.key] = known
        return known


def _workflow_of(head: Head) -> WorkflowKey | None:
    """The history that a job belongs to; None for a job without a plan or without a workflow's name."""
    if not head.planned or head.workflow is None or head.tenant_id is None:
        return None
    return WorkflowKey(head.tenant_id, head.workflow, head.workflow_version or "")


def _completes(change: Change) -> bool:
    was, is_now = change.before.head if change.before else None, change.after.head
    if is_now.overall_status is not OverallStatus.COMPLETED:
        return False
    # One commit may hold the rest of a run that had completed, and all of the next.
    return was is None or (was.overall_status, was.runs.number) != (is_now.overall_status, is_now.runs.number)


def _is_due(before: Job | None, after: Job) -> bool:
    """Whether a new estimate is worth it: a step began or ended, or time has passed."""
    if before is None or before.head.eta is None or before.head.planned != after.head.planned:
        return True
    if (after.head.updated_ms or 0) - before.head.eta[2] >= _AT_MOST_EVERY_MS:
        return True
    stood = {name: (agent.status, agent.attempt) for name, agent in before.agents.items()}
    return any(stood.get(name) != (agent.status, agent.attempt) for name, agent in after.agents.items())
