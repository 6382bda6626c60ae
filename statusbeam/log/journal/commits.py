"""What a commit does to a job, apart from where jobs are stored.

>>> change = change_of(None, batch, epoch="e1")      # a batch of two, the job's first
>>> change.after.head.sequence, [update.sequence for update in change.updates]
(2, [1, 2])
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from statusbeam.model.errors import ForeignOwnerError, RejectionCode
from statusbeam.model.limits import JOB_BURST, JOB_STATUSES_PER_SECOND
from statusbeam.model.replace import altered
from statusbeam.model.update import StatusUpdate
from statusbeam.model.validation import json_text, refuse

from ..snapshot.agent_state import AgentState, ms_of
from ..snapshot.fold import apply, changed, touched
from ..snapshot.job_state import Eta, Head, Job
from .batch import Batch
from .only_if_open import NotOpenError, is_open_to
from .shedding import Bucket, admitted

Estimate = Callable[[Job | None, Job], Eta | None]
"""(job before, job after) -> how long the job will go on after its `lastUpdated`, None for unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A batch as the log has it, each status with its sequence."""

    updates: tuple[StatusUpdate, ...]
    redelivered: bool = False
    """It had been there before. Then `updates` is what the log still has of it, all or nothing."""
    passed_over: bool = False
    """It said `onlyIfOpen` and its job isn't: nothing of it is there."""
    shed: int = 0
    """Statuses of the batch that a limit left out, maybe all of it."""
    change: Change | None = None
    """What this commit did to its job; None when it was none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One commit, before it is written: the part of the snapshot that it touches, and its statuses."""

    before: Job | None  # None: the job begins
    after: Job
    updates: tuple[StatusUpdate, ...]  # with their sequences
    digest: str = ""  # what the batch is known by when it comes again
    attributes: Mapping[int, Mapping[str, str]] = field(default_factory=dict)  # beside them, by sequence
    shed: int = 0  # statuses of the batch that a limit left out

    @property
    def agents(self) -> list[AgentState]:
        """The agents to write."""
        return changed(self.before or Job(), self.after)


def change_of(
    before: Job | None,
    batch: Batch,
    *,
    epoch: str,
    now: float | None = None,
    estimate: Estimate | None = None,
) -> Change:
    """What committing `batch` changes; `before` is None for a new job, which gets `epoch`.

    Of the agents, `before` needs those in `touched(batch.updates)`. With `now` (epoch seconds), the job's
    limit leaves out what is too much by then. What `estimate` says goes into the last status. Raises
    ForeignOwnerError when the job belongs to another tenant or user, NotOpenError when the batch is only for
    an open job and this one is not open to it.
    """
    job = before or Job(head=Head(epoch=epoch))
    if before and (job.head.tenant_id, job.head.user_id) != (batch.tenant_id, batch.user_id):
        raise ForeignOwnerError(batch.job_id)
    places, rate = _taken(job.head, batch, now)
    numbered = dict(enumerate(places, job.head.sequence + 1))
    updates = [batch.updates[place].numbered(sequence) for sequence, place in numbered.items()]
    shed = len(batch.updates) - len(places)
    if updates and shed + batch.shed_before:
        updates[-1] = annotated(updates[-1], shed=shed + batch.shed_before)
    after = _after(job, updates, before, batch, estimate)
    beside = {sequence: batch.attributes[at] for sequence, at in numbered.items() if at in batch.attributes}
    return Change(
        before=before,
        after=altered(after, head=altered(after.head, rate=rate)),
        updates=tuple(updates),
        digest=digest_of(batch),
        attributes=beside,
        shed=shed,
    )


def _after(
    job: Job, updates: list[StatusUpdate], before: Job | None, batch: Batch, estimate: Estimate | None
) -> Job:
    """The job after `updates`, the last of which is made to tell the estimate."""
    if not updates:
        return job
    but_last = apply(job, updates[:-1])
    after = apply(but_last, updates[-1:])
    if batch.only_if_open and before and not is_open_to(before.head, after.head):
        raise NotOpenError
    eta = None if estimate is None else estimate(before, after)
    if eta is None or "eta" in (updates[-1].metadata or {}):  # its sender has said one
        return after
    updates[-1] = _telling(updates[-1], eta, after.head)
    return apply(but_last, updates[-1:])


def _telling(update: StatusUpdate, eta: Eta, head: Head) -> StatusUpdate:
    """The status with an estimate."""
    # Readers count it from the status's own time, the estimate is from the latest of the job.
    older = max(0, (head.updated_ms or 0) - (ms_of(update.timestamp) or 0)) / 1000
    return annotated(update, eta={"p50": round(eta.p50 + older, 3), "p90": round(eta.p90 + older, 3)})


def _taken(head: Head, batch: Batch, now: float | None) -> tuple[list[int], tuple[int, int] | None]:
    places = [place for place in range(len(batch.updates)) if place not in batch.left_out]
    if now is None:
        return places, head.rate
    kept, left = admitted(
        Bucket(*head.rate) if head.rate else None,
        [batch.updates[place] for place in places],
        now=now,
        rate=JOB_STATUSES_PER_SECOND,
        burst=JOB_BURST,
    )
    return [places[at] for at in kept], (left.level, left.at_ms)


def annotated(update: StatusUpdate, **more: Any) -> StatusUpdate:
    """A numbered status with something of the publisher's in its metadata, for which there is always room."""
    return altered(update, metadata={**(update.metadata or {}), **more})


def part_of(snapshot: Job, batch: Batch) -> Job:
    """What a commit of `batch` needs of a whole snapshot."""
    names = touched(batch.updates)
    agents = {name: agent for name, agent in snapshot.agents.items() if name in names}
    return Job(head=snapshot.head, agents=agents)


def new_epoch(now: float) -> str:
    """The epoch of a job that begins at `now` (epoch seconds)."""
    return f"{int(now * 1000):x}"


def digest_of(batch: Batch) -> str:
    """What a batch is known by when it comes again: all of it, also what a limit left out."""
    text = json_text([_identity(update) for update in batch.updates])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def redelivery(batch: Batch, *, count: int, committed: tuple[StatusUpdate, ...], digest: str) -> Commit:
    """The commit of a batch whose marker was found, with its `digest`; `committed` is what the log has in its
    place, and `count` how many that were: a part of the log may have expired.

    Raises InvalidStatusError when these are other statuses: a batch id was used twice, and taking the second
    for a redelivery of the first would lose it without a word.
    """
    if digest_of(batch) != digest:
        raise refuse("batchId", RejectionCode.BATCH_REUSED, "was used for other statuses of this job before")
    whole = committed if len(committed) == count else ()
    return Commit(updates=whole, redelivered=True, shed=len(batch.updates) - count)


def _identity(update: StatusUpdate) -> tuple[str, ...]:
    # Not the timestamp: it may have been filled in, at another time in each delivery.
    return (update.event_id, update.status, update.message)
