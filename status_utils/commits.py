"""What a commit does to a job, apart from where jobs are stored.

>>> change = change_of(None, batch, epoch="e1")      # a batch of two, the job's first
>>> change.after.head.sequence, [update.sequence for update in change.updates]
(2, [1, 2])
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .agent_state import AgentState
from .errors import ForeignOwnerError, RejectionCode
from .events import StatusUpdate
from .fold import apply, changed, touched
from .job_state import Head, Job
from .limits import JOB_BURST, JOB_STATUSES_PER_SECOND
from .payload import Batch
from .shedding import Bucket, admitted
from .validation import json_text, refuse


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A batch as the log has it, each status with its sequence. `redelivered`: it had been there before."""

    updates: tuple[StatusUpdate, ...]  # empty when a limit left out all of it
    redelivered: bool = False
    shed: int = 0  # statuses of the batch that a limit left out


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One commit, before it is written: the part of the snapshot that it touches, and its statuses."""

    before: Job | None  # None: the job begins
    after: Job
    updates: tuple[StatusUpdate, ...]  # with their sequences
    digest: str  # what the batch is known by when it comes again
    attributes: Mapping[int, Mapping[str, str]] = field(default_factory=dict)  # beside them, by sequence
    shed: int = 0  # statuses of the batch that a limit left out

    @property
    def agents(self) -> list[AgentState]:
        """The agents to write."""
        return changed(self.before or Job(), self.after)


def change_of(before: Job | None, batch: Batch, *, epoch: str, now: float | None = None) -> Change:
    """What committing `batch` changes; `before` is None for a new job, which gets `epoch`.

    Of the agents, `before` needs those in `touched(batch.updates)`. With `now` (epoch seconds), the job's
    limit leaves out what is too much by then. Raises ForeignOwnerError when the job belongs to another tenant
    or user.
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
    after = apply(job, updates)
    beside = {sequence: batch.attributes[at] for sequence, at in numbered.items() if at in batch.attributes}
    return Change(
        before=before,
        after=replace(after, head=replace(after.head, rate=rate)),
        updates=tuple(updates),
        digest=digest_of(batch),
        attributes=beside,
        shed=shed,
    )


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
    """A committed status with something of the publisher's in its metadata."""
    copy = update.numbered(update.sequence or 0)
    object.__setattr__(copy, "metadata", {**(update.metadata or {}), **more})
    return copy


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


def redelivery(batch: Batch, committed: tuple[StatusUpdate, ...], *, digest: str) -> Commit:
    """The commit of a batch whose marker was found, with its `digest`; `committed` is what the log has in its
    place.

    Raises InvalidStatusError when these are other statuses: a batch id was used twice, and taking the second
    for a redelivery of the first would lose it without a word.
    """
    if digest_of(batch) != digest:
        raise refuse("batchId", RejectionCode.BATCH_REUSED, "was used for other statuses of this job before")
    return Commit(updates=committed, redelivered=True, shed=len(batch.updates) - len(committed))


def _identity(update: StatusUpdate) -> tuple[str, ...]:
    # Not the timestamp: it may have been filled in, at another time in each delivery.
    return (update.event_id, update.status, update.message)
