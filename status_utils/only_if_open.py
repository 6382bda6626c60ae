"""Words that count only while their job is open to them, such as a last word said on a workflow's behalf.

>>> is_open_to(head_of_a_failed_job, [last_word])
False
>>> is_open_to(head_of_a_failed_job, [last_word_of_its_second_attempt])
True
"""

from __future__ import annotations

from collections.abc import Iterable

from . import commits
from .events import StatusUpdate
from .fold import apply
from .job import Head, Job


def is_open_to(head: Head | commits.Head, updates: Iterable[StatusUpdate]) -> bool:
    """Whether statuses about the job would move it: to another overall state, or to a newer attempt."""
    before = head if isinstance(head, Head) else _folded(head)
    after = apply(Job(head=before), updates).head
    return (after.overall_status, after.attempt) != (before.overall_status, before.attempt)


def _folded(head: commits.Head) -> Head:
    # Goes with commits.Head, once the journal keeps the fold's own head; this one knows of no attempts.
    return Head(overall_status=head.overall_status, sequence=head.sequence)
