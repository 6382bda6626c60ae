"""What a commit does to a job, apart from where jobs are stored.

>>> head = head_after(None, batch, epoch="e1")      # a batch of two, the job's first
>>> head.sequence, [update.sequence for update in numbered(batch, head)]
(2, [1, 2])
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from .errors import ForeignOwnerError, RejectionCode
from .events import StatusUpdate
from .payload import Batch
from .validation import refuse
from .words import OverallStatus, overall_status


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where a job stands: its owner, how long its log is, its overall state."""

    job_id: str
    tenant_id: str
    user_id: str
    sequence: int  # of the job's last status
    epoch: str  # another one when a job id is used again after its log expired
    overall_status: OverallStatus
    created_at: str  # timestamp of the first status
    last_updated: str  # timestamp of the last status


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A batch as the log has it, each status with its sequence. `redelivered`: it had been there before."""

    updates: tuple[StatusUpdate, ...]
    redelivered: bool = False


def head_after(before: Head | None, batch: Batch, *, epoch: str) -> Head:
    """The head once `batch` is committed; `before` is None for a new job, which gets `epoch`.

    Raises ForeignOwnerError when the job belongs to another tenant or user.
    """
    statuses = [update.status for update in batch.updates]
    if before is None:
        return Head(
            job_id=batch.job_id,
            tenant_id=batch.tenant_id,
            user_id=batch.user_id,
            sequence=len(statuses),
            epoch=epoch,
            overall_status=overall_status(None, statuses),
            created_at=batch.updates[0].timestamp,
            last_updated=batch.updates[-1].timestamp,
        )
    if (before.tenant_id, before.user_id) != (batch.tenant_id, batch.user_id):
        raise ForeignOwnerError(batch.job_id)
    return replace(
        before,
        sequence=before.sequence + len(statuses),
        overall_status=overall_status(before.overall_status, statuses),
        last_updated=batch.updates[-1].timestamp,
    )


def new_epoch(now: float) -> str:
    """The epoch of a job that begins at `now` (epoch seconds)."""
    return f"{int(now * 1000):x}"


def numbered(batch: Batch, after: Head) -> tuple[StatusUpdate, ...]:
    """The batch's statuses with the sequences that end at the new head's."""
    first = after.sequence - len(batch.updates) + 1
    return tuple(update.numbered(first + place) for place, update in enumerate(batch.updates))


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
