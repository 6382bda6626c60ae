"""Filters by job, user, agent, type, word and family, which never hide the job's end."""

from __future__ import annotations

from typing import Any

import pytest

from statusbeam.bridge.dialects.filters import Family, StatusFilter, family_of
from statusbeam.bridge.tail.events import Joined, Step
from statusbeam.log.snapshot.fold import apply
from statusbeam.log.snapshot.job_state import Job
from statusbeam.model.words import StatusType, StatusWord
from tests.unit.samples import update

OF_JOB: dict[str, Any] = {"agentName": None}


@pytest.mark.parametrize(
    ("entry", "family"),
    [
        ({**OF_JOB, "status": "loading_agents"}, Family.WORKFLOW),
        ({**OF_JOB, "status": "progress", "progress": 10}, Family.WORKFLOW),
        ({**OF_JOB, "status": "waiting"}, Family.WORKFLOW),
        ({**OF_JOB, "status": "complete"}, Family.WORKFLOW),
        ({**OF_JOB, "status": "a_word_of_their_own"}, Family.WORKFLOW),
        ({"status": "agent_invoking"}, Family.AGENT),
        ({"status": "agent_error"}, Family.AGENT),
        ({"status": "waiting"}, Family.AGENT),
        ({"status": "cancelled"}, Family.AGENT),
        ({"status": "calling_tool", "toolName": "map"}, Family.TASK),
        ({"status": "progress", "progress": 10}, Family.TASK),
        ({"status": "a_word_of_their_own"}, Family.TASK),
        ({"status": "heartbeat"}, Family.SYSTEM),
        ({**OF_JOB, "status": "heartbeat"}, Family.SYSTEM),
        ({**OF_JOB, "status": "cancel_requested"}, Family.SYSTEM),
    ],
)
def test_each_status_is_of_one_family(entry: dict[str, Any], family: Family) -> None:
    assert family_of(update(**entry)) is family


def test_each_word_of_ours_has_a_family_for_a_job_and_for_an_agent() -> None:
    for word in StatusWord:
        assert family_of(update(status=word.value)) is not Family.WORKFLOW
        assert family_of(update(status=word.value, **OF_JOB)) in (Family.WORKFLOW, Family.SYSTEM)


@pytest.mark.parametrize(
    ("shown", "matches"),
    [
        (StatusFilter(), True),
        (StatusFilter(jobs=("job-1", "job-2")), True),
        (StatusFilter(jobs=("job-2",)), False),
        (StatusFilter(users=("ana",)), True),
        (StatusFilter(users=("ben",)), False),
        (StatusFilter(agents=("Geo Agent",)), True),
        (StatusFilter(agents=("Tax Agent",)), False),
        (StatusFilter(types=(StatusType.PROGRESS,)), False),
        (StatusFilter(words=("agent_invoking",)), True),
        (StatusFilter(families=(Family.AGENT, Family.TASK)), True),
        (StatusFilter(families=(Family.SYSTEM,)), False),
        (StatusFilter(users=("ana",), families=(Family.SYSTEM,)), False),
    ],
)
def test_a_status_must_match_every_criterion(shown: StatusFilter, matches: bool) -> None:
    assert shown.matches(update()) is matches


def test_a_filter_hides_neither_snapshots_nor_the_end() -> None:
    shown = StatusFilter(users=("ben",))
    begun = update("e1").numbered(1)
    done = update("e2", status="complete", agentName=None).numbered(2)
    first = apply(Job(), [begun])
    assert shown.shows(Joined(job=first))
    assert not shown.shows(Step(before=Job(), update=begun, after=first))
    assert shown.shows(Step(before=first, update=done, after=apply(first, [done])))
