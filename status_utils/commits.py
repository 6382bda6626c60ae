"""What a commit does to a job, apart from where jobs are stored.

>>> change = change_of(None, batch, epoch="e1")      # a batch of two, the job's first
>>> change.after.head.sequence, [update.sequence for update in change.updates]
(2, [1, 2])
"""

from __future__ import annotations

from dataclasses import dataclass

from .agent_state import AgentState
from .errors import ForeignOwnerError, RejectionCode
from .events import StatusUpdate
from .fold import apply, changed, touched
from .job_state import Head, Job
from .payload import Batch
from .validation import refuse


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A batch as the log has it, each status with its sequence. `redelivered`: it had been there before."""

    updates: tuple[StatusUpdate, ...]
    redelivered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One commit, before it is written: the part of the snapshot that it touches, and its statuses."""

    before: Job | None  # None: the job begins
    after: Job
    updates: tuple[StatusUpdate, ...]  # with their sequences

    @property
    def agents(self) -> list[AgentState]:
        """The agents to write."""
        return changed(self.before or Job(), self.after)


def change_of(before: Job | None, batch: Batch, *, epoch: str) -> Change:
    """What committing `batch` changes; `before` is None for a new job, which gets `epoch`.

    Of the agents, `before` needs those in `touched(batch.updates)`. Raises ForeignOwnerError when the job
    belongs to another tenant or user.
    """
    job = before or Job(head=Head(epoch=epoch))
    if before and (job.head.tenant_id, job.head.user_id) != (batch.tenant_id, batch.user_id):
        raise ForeignOwnerError(batch.job_id)
    updates = tuple(
        update.numbered(sequence) for sequence, update in enumerate(batch.updates, job.head.sequence + 1)
    )
    return Change(before=before, after=apply(job, updates), updates=updates)


def part_of(snapshot: Job, batch: Batch) -> Job:
    """What a commit of `batch` needs of a whole snapshot."""
    names = touched(batch.updates)
    agents = {name: agent for name, agent in snapshot.agents.items() if name in names}
    return Job(head=snapshot.head, agents=agents)


def new_epoch(now: float) -> str:
    """The epoch of a job that begins at `now` (epoch seconds)."""
    return f"{int(now * 1000):x}"


def redelivery(batch: Batch, committed: tuple[StatusUpdate, ...]) -> Commit:
    """The commit of a batch whose marker was found; `committed` is what the log has in its place.

    Raises InvalidStatusError when these are other statuses: a batch id was used twice, and taking the second
    for a redelivery of the first would lose it without a word.
    """
    if [_identity(update) for update in batch.updates] != [_identity(update) for update in committed]:
        raise refuse("batchId", RejectionCode.BATCH_REUSED, "was used for other statuses of this job before")
    return Commit(updates=committed, redelivered=True)


def _identity(update: StatusUpdate) -> tuple[str, ...]:
    # Not the timestamp: it may have been filled in, at another time in each delivery.
    return (update.event_id, update.status, update.message)
