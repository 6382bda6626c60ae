"""Batches that count only while their job is open, such as the final status that a workflow's closer sends.

>>> is_open_to(head_of_a_failed_job, head_after_another_final_status)
False
>>> is_open_to(head_of_a_failed_job, head_after_the_final_status_of_its_second_attempt)
True
"""

from __future__ import annotations

from ..snapshot.job_state import Head


class NotOpenError(Exception):
    """A batch would not move its job. No failure: the journal skips the batch."""


def is_open_to(before: Head, after: Head) -> bool:
    """Whether a commit moves the job: to another overall state, to a newer attempt, or to the next run."""
    return after.stage != before.stage
