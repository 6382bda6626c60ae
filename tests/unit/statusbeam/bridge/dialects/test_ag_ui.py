"""AG-UI: the client's state is the snapshot, and what is open closes once (its own verifier: tests/e2e)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jsonpatch
import pytest
from hypothesis import given, settings

from statusbeam.bridge.dialects.ag_ui import Event, Run, is_last, state_of
from statusbeam.bridge.tail.events import Joined, Lost, Step
from statusbeam.log.snapshot.job_state import Job
from statusbeam.model.update import StatusUpdate
from tests.unit.statusbeam.bridge.dialects.logs import LOGS, job_of, steps_of, watched
from tests.unit.statusbeam.log.snapshot.fold_cases import committed, geo, logs, status

RUN = Run(thread_id="session-1", job_id="job-1")


def spoken(log: Sequence[StatusUpdate], joined_at: int) -> list[Event]:
    """The events of a run that a client joins after `joined_at` statuses."""
    found: list[Event] = []
    for event in watched(log, joined_at):
        found += RUN.events_at_join(event) if isinstance(event, Joined) else RUN.events_of(event)
    job = job_of(log)
    return found + (RUN.events_at_end(job) if job.head.ended else [])


def state_after(events: Sequence[Event]) -> Any:
    state: Any = None
    for event in events:
        if event["type"] == "STATE_SNAPSHOT":
            state = event["snapshot"]
        elif event["type"] == "STATE_DELTA":
            state = jsonpatch.apply_patch(state, event["delta"])
    return state


def assert_sound(log: Sequence[StatusUpdate], joined_at: int) -> None:
    events = spoken(log, joined_at)
    assert events[0]["type"] == "RUN_STARTED"
    expected = state_of(job_of(log) if log else Job())
    assert state_after(events) == expected
    opened: list[str] = []
    closed: list[str] = []
    for event in events:
        if event["type"] == "SUBAGENT_STARTED":
            assert event.get("parentSubagentRunId") in (None, *opened)
            opened.append(event["subagentRunId"])
        elif event["type"] in ("SUBAGENT_FINISHED", "SUBAGENT_ERROR"):
            assert event["subagentRunId"] in opened
            closed.append(event["subagentRunId"])
    assert len(set(opened)) == len(opened)
    assert len(set(closed)) == len(closed)
    if job_of(log).head.ended:
        assert sorted(opened) == sorted(closed)
        assert events[-1]["type"] in ("RUN_FINISHED", "RUN_ERROR")


@pytest.mark.parametrize("name", LOGS)
def test_a_run_joined_anywhere_is_sound_and_its_state_is_the_snapshot(name: str) -> None:
    for joined_at in range(len(LOGS[name]) + 1):
        assert_sound(LOGS[name], joined_at)


@settings(max_examples=60)
@given(logs)
def test_a_run_of_any_log_is_sound(log: list[StatusUpdate]) -> None:
    for joined_at in {0, len(log) // 2, len(log)}:
        assert_sound(log, joined_at)


def types_of(*updates: StatusUpdate, joined_at: int = 0) -> list[str]:
    return [event["type"] for event in spoken(committed(updates), joined_at)]


def test_an_agents_life_is_a_subagents() -> None:
    found = types_of(geo("agent_invoking"), geo("agent_complete", 1), status("complete", 2))
    kept = [one for one in found if not one.startswith("STATE")]
    assert kept == ["RUN_STARTED", "SUBAGENT_STARTED", "SUBAGENT_FINISHED", "RUN_FINISHED"]


def test_a_retry_supersedes_and_is_a_subagent_of_its_own() -> None:
    log = committed([geo("agent_invoking", attempt=1), geo("agent_invoking", 1, attempt=2)])
    found = [event for event in spoken(log, 0) if event["type"].startswith("SUBAGENT")]
    assert [(event["type"], event["subagentRunId"], event.get("message")) for event in found] == [
        ("SUBAGENT_STARTED", "Geo Agent#1.1", None),
        ("SUBAGENT_ERROR", "Geo Agent#1.1", "superseded"),
        ("SUBAGENT_STARTED", "Geo Agent#1.2", None),
    ]


def test_what_is_open_at_the_end_is_closed_as_unfinished() -> None:
    *_, error, finished = spoken(committed([geo("agent_invoking"), status("complete", 1)]), 0)
    assert (error["type"], error["message"]) == ("SUBAGENT_ERROR", "unfinished")
    assert (finished["type"], finished["outcome"]) == ("RUN_FINISHED", {"type": "success"})


def test_the_end_carries_what_the_tokens_cost() -> None:
    usage = {"tokenUsage": {"inputTokens": 5, "outputTokens": 2}}
    *_, finished = spoken(committed([geo("agent_complete", metadata=usage), status("complete", 1)]), 0)
    assert finished["usage"] == [{"inputTokens": 5, "outputTokens": 2}]
    assert (finished["threadId"], finished["runId"]) == ("session-1", "job-1#1")


def test_a_failed_job_is_a_run_error_with_what_failed() -> None:
    *_, error = spoken(committed([geo("agent_error", message="No map today"), status("error", 1)]), 0)
    assert (error["type"], error["message"]) == ("RUN_ERROR", "No map today")


def test_a_tool_is_an_activity_and_no_tool_call() -> None:
    log = committed([geo("agent_invoking"), geo("calling_tool", 1, tool="search", message="Searching")])
    (activity,) = [event for event in spoken(log, 0) if event["type"] == "ACTIVITY_SNAPSHOT"]
    assert activity["content"] == {
        "agent": "Geo Agent",
        "tool": "search",
        "state": "running",
        "message": "Searching",
    }
    assert not [event for event in spoken(log, 0) if event["type"].startswith("TOOL")]


def test_lost_statuses_are_told_and_end_the_run() -> None:
    joined = Joined(job=job_of(committed([geo("agent_invoking")])), lost=Lost.LOG_EXPIRED)
    verdict, snapshot, error = RUN.events_at_join(joined)
    assert (verdict["name"], verdict["value"]["recovered"]) == ("statusbeam.verdict", False)
    assert (snapshot["type"], error["type"]) == ("STATE_SNAPSHOT", "RUN_ERROR")
    assert is_last(joined)
    assert not is_last(Joined(job=joined.job))


def test_no_event_has_a_null_of_the_protocols() -> None:
    for log in LOGS.values():
        for event in spoken(log, 0):
            assert None not in event.values()


def test_steps_are_told_with_the_statuss_own_time() -> None:
    (step,) = steps_of(committed([geo("agent_invoking")]))
    assert isinstance(step, Step)
    assert {event["timestamp"] for event in RUN.events_of(step)} == {1_795_167_000_000}
