"""The event of a commit: one at most, by the job's states before and after it."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from statusbeam.log.snapshot.fold import apply
from statusbeam.log.snapshot.job_state import Head, Job
from statusbeam.log.snapshot.lifecycle import job_event
from statusbeam.model.replace import replace
from tests.unit.samples import NOW, update

OF_JOB: dict[str, Any] = {"agentName": None}
OPENING = {**OF_JOB, "status": "loading_agents"}
AGENT = {"status": "agent_invoking"}
WAITING = {**OF_JOB, "status": "waiting", "metadata": {"waiting": {"for": "approval"}}}
COMPLETE = {**OF_JOB, "status": "complete"}
ERROR = {**OF_JOB, "status": "error"}
CANCELLED = {**OF_JOB, "status": "cancelled"}
REOPENED = {**OF_JOB, "status": "reopened"}
VALIDATING = {**OF_JOB, "status": "validating"}


def run(name: str, **changes: Any) -> dict[str, Any]:
    """The opening of a run."""
    return {**OPENING, "metadata": {"run": name}, **changes}


def events_of(*commits: list[dict[str, Any]]) -> list[str | None]:
    """The event of each commit of a job."""
    numbers = itertools.count(1)
    job, before = Job(head=Head(epoch="e1")), None
    found: list[str | None] = []
    for commit in commits:
        batch = [update(f"event-{n}", **one).numbered(n) for one, n in zip(commit, numbers, strict=False)]
        job = apply(job, batch)
        event = job_event(before, job.head)
        found.append(event and event.value)
        before = job.head
        numbers = itertools.count(job.head.sequence + 1)
    return found


@pytest.mark.parametrize(
    ("commits", "expected"),
    [
        ([[OPENING], [AGENT], [COMPLETE]], ["job.started", None, "job.completed"]),
        ([[AGENT], [ERROR]], ["job.started", "job.failed"]),
        ([[OPENING], [CANCELLED]], ["job.started", "job.cancelled"]),
        ([[OPENING, AGENT, COMPLETE]], ["job.completed"]),  # a commit is one event: the state that it leaves
        ([[OPENING], [COMPLETE], [COMPLETE], [AGENT]], ["job.started", "job.completed", None, None]),
        ([[OPENING], [WAITING], [WAITING], [VALIDATING]], ["job.started", "job.waiting", None, None]),
        ([[WAITING], [COMPLETE]], ["job.waiting", "job.completed"]),
        ([[OPENING], [AGENT | {"status": "agent_complete"}]], ["job.started", None]),
        ([[OPENING], [ERROR], [REOPENED | {"attempt": 2}]], ["job.started", "job.failed", "job.started"]),
        ([[run("p.1")], [COMPLETE], [run("p.2")]], ["job.started", "job.completed", "job.started"]),
        (
            [[run("p.1")], [COMPLETE], [run("p.2"), COMPLETE]],
            ["job.started", "job.completed", "job.completed"],
        ),
    ],
)
def test_a_commit_is_one_event_of_the_job_at_most(
    commits: list[list[dict[str, Any]]], expected: list[str | None]
) -> None:
    assert events_of(*commits) == expected


def test_a_run_after_a_crash_is_a_start(monkeypatch: pytest.MonkeyPatch) -> None:
    first = apply(Job(head=Head(epoch="e1")), [update("event-1", **run("p.1")).numbered(1)])
    late = update("event-2", **run("q.1", timestamp="2026-11-20T09:30:00.000Z")).numbered(2)
    assert (first.head.lease_ms or 0) < (NOW + 3_600) * 1_000
    event = job_event(first.head, apply(first, [late]).head)
    assert event == "job.started"


def test_a_job_id_that_is_used_again_is_another_job() -> None:
    ended = apply(Job(head=Head(epoch="e1")), [update(**COMPLETE).numbered(1)]).head
    again = replace(ended, epoch="e2")
    assert job_event(ended, again) == "job.completed"
    assert job_event(ended, ended) is None
