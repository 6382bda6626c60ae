"""Words that count only while their job is open to them, such as a last word said on a workflow's behalf.

>>> is_open_to(head_of_a_failed_job, [last_word])
False
>>> is_open_to(head_of_a_failed_job, [last_word_of_its_second_attempt])
True
"""

from __future__ import annotations

from collections.abc import Iterable

from .events import StatusUpdate
from .fold import apply
from .job_state import Head, Job


def is_open_to(head: Head, updates: Iterable[StatusUpdate]) -> bool:
    """Whether statuses about the job would move it: to another overall state, or to a newer attempt."""
    after = apply(Job(head=head), updates).head
    return (after.overall_status, after.attempt) != (head.overall_status, head.attempt)
