"""Words that count only while their job is open to them, such as a last word said on a workflow's behalf.

>>> is_open_to(head_of_a_failed_job, head_with_a_last_word)
False
>>> is_open_to(head_of_a_failed_job, head_with_the_last_word_of_its_second_attempt)
True
"""

from __future__ import annotations

from ..snapshot.job_state import Head


class NotOpenError(Exception):
    """A batch would not move its job; no failure, and nothing of it is committed."""


def is_open_to(before: Head, after: Head) -> bool:
    """Whether a commit moves the job: to another overall state, or to a newer attempt."""
    return (after.overall_status, after.attempt) != (before.overall_status, before.attempt)
