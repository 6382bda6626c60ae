"""A status and a job as JSON, for dialects that send them unchanged."""

from __future__ import annotations

from typing import Any

from statusbeam.log.snapshot.job_state import Job
from statusbeam.log.snapshot.job_view import job_view
from statusbeam.model.update import StatusUpdate

from ..tail.cursor import Cursor


def status_document(update: StatusUpdate) -> dict[str, Any]:
    """The schema's StatusUpdate, with its metadata as an object."""
    document = update.to_wire()
    if update.metadata is not None:
        document["metadata"] = dict(update.metadata)
    return document


def job_document(job: Job, *, now: float) -> dict[str, Any]:
    """The schema's Job, with the cursor of its position."""
    return {**job_view(job, now=now), "cursor": str(Cursor.of(job.head))}
