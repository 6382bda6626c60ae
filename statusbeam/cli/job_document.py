"""A job as a document, and on one line."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from statusbeam.log.snapshot.job_state import Job
from statusbeam.log.snapshot.job_view import job_view

from .plain_text import print_line

COLUMNS = ("jobId", "overallStatus", "progress", "workflow", "createdAt", "lastUpdated", "title")


def document_of_job(job: Job) -> dict[str, Any]:
    """The schema's Job, with its result as a value."""
    return job_view(job, now=time.time())


def document_of_listed(answer: Mapping[str, Any]) -> dict[str, Any]:
    """A job of a list, from the API's answer, with its result as a value."""
    result = answer.get("result")
    return {**answer, "result": json.loads(result) if isinstance(result, str) else result}


def state_of(document: Mapping[str, Any]) -> str:
    """The job's state, or its liveness if it waits or is not live."""
    liveness = document.get("liveness")
    return str(liveness if liveness in ("waiting", "stale", "lost") else document["overallStatus"])


def row_of(document: Mapping[str, Any]) -> tuple[str, ...]:
    """The cells of a list of jobs."""
    progress = document["progress"]
    return (
        str(document["jobId"]),
        state_of(document),
        "-" if progress is None else f"{progress:.0f}%",
        str(document["workflow"] or "-"),
        str(document["createdAt"] or "-"),
        str(document["lastUpdated"] or "-"),
        str(document["title"] or ""),
    )


def print_job_line(document: Mapping[str, Any]) -> None:
    """Print id, state and title."""
    print_line(document["jobId"], state_of(document), document["title"] or "")
