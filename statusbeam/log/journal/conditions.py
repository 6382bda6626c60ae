"""Batches that count only under a condition: while their job is open, or while a wait needs an answer.

>>> is_open_to(head_of_a_failed_job, head_after_another_final_status)
False
>>> is_open_to(head_of_a_failed_job, head_after_the_final_status_of_its_second_attempt)
True
"""

from __future__ import annotations

from ..snapshot.job_state import Head, Job


class ConditionNotMetError(Exception):
    """The condition of a batch does not hold. No failure: the journal skips the batch."""


def is_open_to(before: Head, after: Head) -> bool:
    """Whether a commit moves the job: to another overall state, to a newer attempt, or to the next run."""
    return after.stage != before.stage


def ends_answerable_wait(before: Job, after: Job) -> bool:
    """Whether a commit ends a wait of the job, or of one of these agents, that a person may answer."""
    if before.head.ended:
        return False
    waits = [(before.head.waiting, after.head.waiting)]
    waits += [(agent.waiting, after.agents[name].waiting) for name, agent in before.agents.items()]
    return any(was is not None and was.answerable and now is None for was, now in waits)
