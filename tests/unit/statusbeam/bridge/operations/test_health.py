"""The health of agents across jobs, and figures of the jobs, from snapshots and a clock."""

from __future__ import annotations

from typing import Any

import pytest

from statusbeam.bridge.operations.health import (
    RECENT_SECONDS,
    agent_health,
    failures,
    is_recent,
    job_rates,
    job_states,
    statuses_between,
)
from statusbeam.log.snapshot.fold import apply
from statusbeam.log.snapshot.job_state import Head, Job
from statusbeam.model.limits import LEASE_SECONDS, LOST_AFTER_SECONDS
from tests.unit.samples import NOW, update

STALE, LOST = LEASE_SECONDS + 5, LEASE_SECONDS + LOST_AFTER_SECONDS + 5
BEGUN: dict[str, Any] = {"status": "agent_invoking"}
WELL = {"status": "agent_complete"}
BADLY = {"status": "agent_error"}
WAITING = {"status": "waiting", "metadata": {"waiting": {"for": "approval"}}}
DONE: dict[str, Any] = {"status": "complete", "agentName": None}
FAILED: dict[str, Any] = {"status": "error", "agentName": None}


def job(*entries: dict[str, Any], job_id: str = "job-1", epoch: str = "e1", sequence: int = 1) -> Job:
    """The snapshot of a job that reported this."""
    updates = [
        update(f"{job_id}.{n}", **{"jobId": job_id, **entry}).numbered(n)
        for n, entry in enumerate(entries, sequence)
    ]
    return apply(Job(head=Head(epoch=epoch)), updates)


@pytest.mark.parametrize(
    ("entries", "seconds", "health"),
    [
        ([BEGUN], 0, "healthy"),
        ([BEGUN, WELL], 0, "healthy"),
        ([BEGUN, WELL], LOST, "healthy"),  # who has ended is silent by right
        ([BEGUN, BADLY], 0, "degraded"),
        ([BEGUN, BADLY, {**BEGUN, "attempt": 2}], 0, "degraded"),
        ([BEGUN, BADLY, {**BEGUN, "attempt": 2}, {**WELL, "attempt": 2}], 0, "healthy"),
        ([BEGUN], STALE, "stale"),
        ([BEGUN], LOST, "lost"),
        ([BEGUN, WAITING], LOST, "healthy"),
        ([BEGUN, DONE], LOST, "healthy"),  # nothing runs in a job that has ended
    ],
)
def test_an_agents_health_follows_its_invocations(
    entries: list[dict[str, Any]], seconds: float, health: str
) -> None:
    (agent,) = agent_health([job(*entries)], now=NOW + seconds)
    assert (agent["name"], agent["health"]) == ("Geo Agent", health)


def test_the_worst_of_several_jobs_counts_and_the_worst_agent_comes_first() -> None:
    jobs = [
        job(BEGUN, WELL, job_id="job-1"),
        job(BEGUN, BADLY, job_id="job-2"),
        job({**BEGUN, "agentName": "Tax Agent"}, job_id="job-3"),
        job(BEGUN, {**BEGUN, "agentName": "A Agent"}, job_id="job-4"),
    ]
    found = agent_health(jobs, now=NOW)
    assert [(agent["name"], agent["health"]) for agent in found] == [
        ("Geo Agent", "degraded"),
        ("A Agent", "healthy"),
        ("Tax Agent", "healthy"),
    ]
    geo = found[0]
    assert geo["troubledJobs"] == ["job-2"]
    assert (geo["invocations"]["completed"], geo["invocations"]["failed"], geo["invocations"]["running"]) == (
        1,
        1,
        1,
    )
    assert geo["lastChange"] == "2026-11-20T08:30:00.000Z"


def test_planned_agents_are_not_counted() -> None:
    plan = {"status": "loading_agents", "agentName": None, "metadata": {"plan": [{"name": "Geo Agent"}]}}
    assert agent_health([job(plan)], now=NOW) == []


def test_jobs_are_counted_by_what_they_do() -> None:
    jobs = [
        job(BEGUN, job_id="a"),
        job(BEGUN, WAITING, job_id="b"),
        job(BEGUN, DONE, job_id="c"),
        job(BEGUN, BADLY, FAILED, job_id="d"),
    ]
    expected = {
        "running": 1,
        "waiting": 1,
        "stale": 0,
        "lost": 0,
        "completed": 1,
        "failed": 1,
        "cancelled": 0,
    }
    assert job_states(jobs, now=NOW) == expected
    assert job_states(jobs, now=NOW + STALE)["stale"] == 1
    assert job_states(jobs, now=NOW + LOST)["lost"] == 1
    assert failures(jobs) == {"jobs": 1, "agents": 1}
    assert job_rates(jobs, now=NOW + 59) == {"jobsStartedPerMinute": 4, "jobsEndedPerMinute": 2}
    assert job_rates(jobs, now=NOW + 61) == {"jobsStartedPerMinute": 0, "jobsEndedPerMinute": 0}


def test_a_job_that_ended_long_ago_no_longer_counts() -> None:
    done = job(BEGUN, DONE)
    assert is_recent(done, now=NOW + RECENT_SECONDS - 1)
    assert not is_recent(done, now=NOW + RECENT_SECONDS)
    assert is_recent(job(BEGUN), now=NOW + 10 * RECENT_SECONDS)


def test_a_rate_counts_what_was_committed_between_two_looks() -> None:
    before = [job(BEGUN, job_id="a"), job(BEGUN, job_id="b", epoch="e0")]
    after = [job(BEGUN, WELL, DONE, job_id="a"), job(BEGUN, job_id="b"), job(BEGUN, WELL, job_id="c")]
    assert statuses_between(before, after) == 2 + 1 + 2
    assert statuses_between([], after) == 0  # the first look knows no rate
