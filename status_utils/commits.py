"""What a commit does to a job, apart from where jobs are stored.

>>> change = change_of(None, batch, epoch="e1")      # a batch of two, the job's first
>>> change.after.head.sequence, [update.sequence for update in change.updates]
(2, [1, 2])
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .agent_state import AgentState, ms_of
from .errors import ForeignOwnerError, InvalidStatusError, RejectionCode
from .events import StatusUpdate
from .fold import apply, changed, touched
from .job import Head, Job
from .only_if_open import NotOpenError, is_open_to
from .payload import Batch
from .validation import refuse

if TYPE_CHECKING:
    from .eta import Eta

Estimate = Callable[[Job | None, Job], "Eta | None"]
"""(job before, job after) -> how long the job will go on after its `lastUpdated`, None for unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A batch as the log has it, each status with its sequence."""

    updates: tuple[StatusUpdate, ...]
    redelivered: bool = False
    """It had been there before. Then `updates` is what the log still has of it, all or nothing."""
    passed_over: bool = False
    """It said `onlyIfOpen` and its job isn't: nothing of it is there."""
    change: Change | None = None
    """What this commit did to its job; None when it was none."""


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


def change_of(before: Job | None, batch: Batch, *, epoch: str, estimate: Estimate | None = None) -> Change:
    """What committing `batch` changes; `before` is None for a new job, which gets `epoch`.

    Of the agents, `before` needs those in `touched(batch.updates)`. What `estimate` says goes into the last
    status. Raises ForeignOwnerError when the job belongs to another tenant or user, NotOpenError when the
    batch is only for an open job and this one is not open to it.
    """
    job = before or Job(head=Head(epoch=epoch))
    if before and (job.head.tenant_id, job.head.user_id) != (batch.tenant_id, batch.user_id):
        raise ForeignOwnerError(batch.job_id)
    updates = tuple(
        update.numbered(sequence) for sequence, update in enumerate(batch.updates, job.head.sequence + 1)
    )
    but_last = apply(job, updates[:-1])
    after = apply(but_last, updates[-1:])
    if batch.only_if_open and before and not is_open_to(before.head, after.head):
        raise NotOpenError
    eta = None if estimate is None else estimate(before, after)
    told = None if eta is None else _telling(updates[-1], eta, after.head)
    if told is not None:
        updates, after = (*updates[:-1], told), apply(but_last, [told])
    return Change(before=before, after=after, updates=updates)


def _telling(update: StatusUpdate, eta: Eta, head: Head) -> StatusUpdate | None:
    """The status with an estimate; None where its sender has said one, and where metadata has no room."""
    metadata = update.metadata or {}
    if "eta" in metadata:
        return None
    # Readers count it from the status's own time, the estimate is from the latest of the job.
    older = max(0, (head.updated_ms or 0) - (ms_of(update.timestamp) or 0)) / 1000
    seconds = {"p50": round(eta.p50 + older, 3), "p90": round(eta.p90 + older, 3)}
    try:
        return replace(update, metadata={**metadata, "eta": seconds})
    except InvalidStatusError:
        return None


def part_of(snapshot: Job, batch: Batch) -> Job:
    """What a commit of `batch` needs of a whole snapshot."""
    names = touched(batch.updates)
    agents = {name: agent for name, agent in snapshot.agents.items() if name in names}
    return Job(head=snapshot.head, agents=agents)


def new_epoch(now: float) -> str:
    """The epoch of a job that begins at `now` (epoch seconds)."""
    return f"{int(now * 1000):x}"


def redelivery(batch: Batch, *, count: int, committed: tuple[StatusUpdate, ...]) -> Commit:
    """The commit of a batch whose marker was found; `committed` is what the log has in its place, and `count`
    how many that were. A part of the log that has expired can't be compared any more.

    Raises InvalidStatusError when these are other statuses: a batch id was used twice, and taking the second
    for a redelivery of the first would lose it without a word.
    """
    same = len(batch.updates) == count
    if same and len(committed) < count:
        return Commit(updates=(), redelivered=True)
    if not same or [_identity(update) for update in batch.updates] != [_identity(u) for u in committed]:
        raise refuse("batchId", RejectionCode.BATCH_REUSED, "was used for other statuses of this job before")
    return Commit(updates=committed, redelivered=True)


def _identity(update: StatusUpdate) -> tuple[str, ...]:
    # Not the timestamp: it may have been filled in, at another time in each delivery.
    return (update.event_id, update.status, update.message)
