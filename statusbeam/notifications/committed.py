"""The event of a commit, named after the status that made it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from statusbeam.log.snapshot.fold import apply
from statusbeam.log.snapshot.job_state import Head, Job
from statusbeam.log.snapshot.times import time_of
from statusbeam.model.settings import JobEventType
from statusbeam.model.update import StatusUpdate

from .job_event import JobEvent, job_fields

MESSAGES: Final = {
    JobEventType.STARTED: "The job has started.",
    JobEventType.WAITING: "The job waits.",
    JobEventType.COMPLETED: "The job is complete.",
    JobEventType.FAILED: "The job failed.",
    JobEventType.CANCELLED: "The job was cancelled.",
    JobEventType.LOST: "The job stopped reporting. It is presumed dead.",
}


def committed_event(
    event: JobEventType, before: Head | None, after: Head, updates: Sequence[StatusUpdate]
) -> JobEvent:
    """The event of a commit, named after the status among `updates` that made it.

    `updates` are the commit's part of the log. Without them, the event is named after the job's position.
    """
    same_log = before is not None and before.epoch == after.epoch
    known = before if before is not None and same_log else Head(epoch=after.epoch)
    cause = _cause(Job(head=known), after, updates)
    return JobEvent(
        id=cause.event_id if cause else f"{after.epoch}-{after.sequence}",
        type=event,
        at=cause.timestamp if cause else time_of(after.updated_ms) or "",
        message=cause.message if cause else MESSAGES[event],
        job=job_fields(after),
    )


def _cause(job: Job, after: Head, updates: Sequence[StatusUpdate]) -> StatusUpdate | None:
    """The status that brought the job to its current state, else the first status of the commit."""
    found = None
    for update in updates:
        moved = apply(job, [update])
        if _state(job.head) != _state(moved.head) == _state(after):
            found = update
        job = moved
    return found or (updates[0] if updates else None)


def _state(head: Head) -> tuple[object, ...]:
    return (*head.stage, head.waits)
