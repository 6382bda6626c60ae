"""The event of a commit: at most one, by the states of the job before and after it.

| before | after | event |
|---|---|---|
| none, ended, or another run | goes on | `job.started` |
| goes on | waits | `job.waiting` |
| none, goes on, or another run | has ended | `job.completed`, `job.failed`, `job.cancelled` |

The states decide, not the words: an agent may report `complete`, and a late status changes nothing. A commit
that begins and ends a job is its end.
"""

from __future__ import annotations

from typing import Final

from statusbeam.model.settings import JobEventType
from statusbeam.model.words import OverallStatus

from .job_state import Head

_ENDS: Final = {
    OverallStatus.COMPLETED: JobEventType.COMPLETED,
    OverallStatus.FAILED: JobEventType.FAILED,
    OverallStatus.CANCELLED: JobEventType.CANCELLED,
}


def job_event(before: Head | None, after: Head) -> JobEventType | None:
    """The event that a commit makes of these states; None if the job only continues."""
    continues = was_running(before, after)
    if after.ended:
        was = _in_same_log(before, after)
        same_try = was is not None and (was.runs.number, was.attempt) == (after.runs.number, after.attempt)
        return None if was is not None and was.ended and same_try else _ENDS[after.overall_status]
    if after.waits:
        return None if continues and before is not None and before.waits else JobEventType.WAITING
    return None if continues else JobEventType.STARTED


def was_running(before: Head | None, after: Head) -> bool:
    """Whether the run of `after` had started before this commit and had not ended."""
    was = _in_same_log(before, after)
    return was is not None and was.runs.number == after.runs.number and not was.ended


def _in_same_log(before: Head | None, after: Head) -> Head | None:
    """`before`, or None if this commit is the first of its job log, as when a job id is used again."""
    return before if before is not None and before.epoch == after.epoch else None
