"""The change of a job by a commit, independent of the store.

>>> change = change_of(None, batch, epoch="e1")      # a batch of two, the job's first
>>> change.after.head.sequence, [update.sequence for update in change.updates]
(2, [1, 2])
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from statusbeam.model.errors import ForeignOwnerError, RejectionCode
from statusbeam.model.limits import JOB_BURST, JOB_STATUSES_PER_SECOND
from statusbeam.model.metadata import MetadataKey
from statusbeam.model.replace import replace
from statusbeam.model.update import StatusUpdate
from statusbeam.model.validation import json_text, refuse

from ..snapshot.agent_state import AgentState
from ..snapshot.fold import apply, apply_each, changed, touched
from ..snapshot.job_state import Eta, Head, Job
from ..snapshot.times import ms_of
from .batch import Batch
from .conditions import ConditionNotMetError, ends_answerable_wait, is_open_to
from .entry import Entry
from .shedding import Bucket, within_limit

Estimate = Callable[[Job | None, Job], Eta | None]
"""(job before, job after) -> how long the job will go on after its `lastUpdated`, None for unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A batch as the log has it, each status with its sequence."""

    updates: tuple[StatusUpdate, ...]
    redelivered: bool = False
    """An earlier delivery committed it. Then `updates` holds its statuses if the log still has all, or
    none."""
    skipped: bool = False
    """Its condition, `onlyIfOpen` or `onlyIfWaiting`, does not hold: nothing of it is committed."""
    shed: int = 0
    """The number of the batch's statuses that a limit dropped, possibly all."""
    change: Change | None = None
    """The change of the job by this commit; None if there was no commit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One commit, before it is written: the part of the snapshot that it touches, and its statuses."""

    before: Job | None  # None: the job begins
    after: Job
    entries: tuple[Entry, ...]  # with their sequences
    digest: str = ""  # identifies the batch when it is delivered again
    shed: int = 0  # statuses of the batch that a limit dropped

    @property
    def updates(self) -> tuple[StatusUpdate, ...]:
        """The statuses, with their sequences."""
        return tuple(entry.update for entry in self.entries)

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
    """The changes of committing `batch`; `before` is None for a new job, which gets `epoch`.

    Of the agents, `before` needs those in `touched(batch.updates)`. With `now` (epoch seconds), the job's
    limit drops the statuses above it. The last status carries the result of `estimate`.
    Raises ForeignOwnerError when the job belongs to another user of the tenant, ConditionNotMetError when the
    condition of the batch does not hold.
    """
    job = before or Job(head=Head(epoch=epoch))
    if before and job.head.user_id != batch.user_id:
        raise ForeignOwnerError(batch.job_id)
    taken, rate = _within_limits(job.head, batch, now)
    entries = [entry.numbered(sequence) for sequence, entry in enumerate(taken, job.head.sequence + 1)]
    shed = len(batch.entries) - len(entries)
    after = job
    if entries:
        if shed + batch.unreported:
            entries[-1] = entries[-1].annotated({MetadataKey.SHED: shed + batch.unreported})
        after, heads, entries[-1] = _after(job, entries, before, batch, estimate)
        entries = _marked_after_end(entries, heads)
    return Change(
        before=before,
        after=replace(after, head=replace(after.head, rate=rate)),
        entries=tuple(entries),
        digest=digest_of(batch),
        shed=shed,
    )


def _after(
    job: Job, entries: Sequence[Entry], before: Job | None, batch: Batch, estimate: Estimate | None
) -> tuple[Job, list[Head], Entry]:
    """The job after `entries`, its head before and after each of them, and the last, which carries the
    estimate."""
    *others, last = entries
    but_last, heads = apply_each(job, [entry.update for entry in others])
    after = apply(but_last, [last.update])
    if batch.only_if_open and before and not is_open_to(before.head, after.head):
        raise ConditionNotMetError
    if batch.only_if_waiting and not (before and ends_answerable_wait(before, after)):
        raise ConditionNotMetError
    eta = None if estimate is None else estimate(before, after)
    by_sender = MetadataKey.ETA in (last.update.metadata or {})
    if eta is not None and not by_sender:
        last = _estimated(last, eta, after.head)
        after = apply(but_last, [last.update])
    return after, [*heads, after.head], last


def _marked_after_end(entries: Sequence[Entry], heads: Sequence[Head]) -> list[Entry]:
    """The entries, each with a mark that found the job ended and left it so."""
    return [
        entry.annotated({MetadataKey.AFTER_END: True})
        if before.ended and after.stage == before.stage
        else entry
        for entry, (before, after) in zip(entries, pairwise(heads), strict=True)
    ]


def _estimated(entry: Entry, eta: Eta, head: Head) -> Entry:
    """The entry with an estimate."""
    # Readers count it from the status's own time, the estimate is from the latest of the job.
    older = max(0, (head.updated_ms or 0) - (ms_of(entry.update.timestamp) or 0)) / 1000
    p50, p90 = round(eta.p50 + older, 3), round(eta.p90 + older, 3)
    return entry.annotated({MetadataKey.ETA: {"p50": p50, "p90": p90}})


def _within_limits(
    head: Head, batch: Batch, now: float | None
) -> tuple[Sequence[Entry], tuple[int, int] | None]:
    """The entries that the limits of tenant and job leave, and the job's bucket after the batch."""
    entries = [entry for entry in batch.entries if not entry.shed]
    if now is None:
        return entries, head.rate
    bucket = Bucket(*head.rate) if head.rate else None
    taken, left = within_limit(bucket, entries, now=now, rate=JOB_STATUSES_PER_SECOND, burst=JOB_BURST)
    return taken, (left.level, left.at_ms)


def part_of(snapshot: Job, batch: Batch) -> Job:
    """The part of a whole snapshot that a commit of `batch` needs."""
    names = touched(batch.updates)
    agents = {name: agent for name, agent in snapshot.agents.items() if name in names}
    return Job(head=snapshot.head, agents=agents)


def new_epoch(now: float) -> str:
    """The epoch of a job that begins at `now` (epoch seconds)."""
    return f"{int(now * 1000):x}"


def digest_of(batch: Batch) -> str:
    """Identifies a batch when it is delivered again: all of it, including what a limit shed."""
    text = json_text([_identity(entry) for entry in batch.entries])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def redelivery(batch: Batch, *, count: int, committed: tuple[StatusUpdate, ...], digest: str) -> Commit:
    """The commit of a batch whose marker was found, with its `digest`.

    `committed` holds its statuses that the log still has; it had `count` statuses, and a part may have
    expired. Raises InvalidStatusError when the digests differ. Then the batch id was used twice, and treating
    the second batch as a redelivery would lose it silently.
    """
    if digest_of(batch) != digest:
        raise refuse("batchId", RejectionCode.BATCH_REUSED, "was used for other statuses of this job before")
    whole = committed if len(committed) == count else ()
    return Commit(updates=whole, redelivered=True, shed=len(batch.entries) - count)


def _identity(entry: Entry) -> dict[str, Any]:
    """All values from the caller, without those that may differ from one delivery to the next.

    The publisher's clock differs: it gives a time to a status that has none or an impossible one. The mark of
    a detail differs by whether the store took it.
    """
    metadata = dict((entry.update.metadata if entry.detail is None else entry.detail) or {})
    if metadata.get(MetadataKey.REPORTED_AT) == entry.reported_at:
        metadata.pop(MetadataKey.REPORTED_AT, None)
    said = {**entry.update.to_wire(), "timestamp": entry.reported_at, "metadata": metadata}
    return {**said, MetadataKey.OPERATOR: entry.operator}
