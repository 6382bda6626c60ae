"""Events of jobs for the tests of channels."""

from __future__ import annotations

from typing import Any

from statusbeam.log.snapshot.fold import apply
from statusbeam.log.snapshot.job_state import Head, Job
from statusbeam.model.settings import JobEventType
from statusbeam.notifications.job_event import JobEvent, job_fields
from tests.unit.samples import update

COMPLETE: dict[str, Any] = {"agentName": None, "status": "complete", "message": "All found"}


def head_of_job(**metadata: Any) -> Head:
    """The head of a job that has completed."""
    done = update("event-7", **COMPLETE, metadata=metadata).numbered(1)
    return apply(Job(head=Head(epoch="e1")), [done]).head


def job_event(
    event: JobEventType = JobEventType.COMPLETED, *, message: str = "All found", **metadata: Any
) -> JobEvent:
    """An event of such a job."""
    return JobEvent(
        id="event-7",
        type=event,
        at="2026-11-20T08:30:00.000Z",
        message=message,
        job=job_fields(head_of_job(**metadata)),
    )
