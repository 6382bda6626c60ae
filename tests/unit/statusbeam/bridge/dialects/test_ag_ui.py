"""AG-UI: the client's state is the snapshot, and each open element closes once (its own verifier:
tests/e2e)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jsonpatch
import pytest
from hypothesis import given, settings

from statusbeam.bridge.dialects.ag_ui import Event, Run, is_interrupted, is_last, state_of
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
    for run in runs_in(events):
        assert_run_is_sound(run)
    if job_of(log).head.ended or is_interrupted(job_of(log)):
        assert events[-1]["type"] in ENDS


ENDS = ("RUN_FINISHED", "RUN_ERROR")


def runs_in(events: Sequence[Event]) -> list[list[Event]]:
    """The events of each run, because AG-UI's verifier restarts at each RUN_STARTED."""
    found: list[list[Event]] = []
    for event in events:
        if event["type"] == "RUN_STARTED":
            found.append([])
        found[-1].append(event)
    return found


def assert_run_is_sound(run: Sequence[Event]) -> None:
    opened: list[str] = []
    closed: list[str] = []
    for event in run:
        if event["type"] == "SUBAGENT_STARTED":
            assert event.get("parentSubagentRunId") in (None, *opened)
            opened.append(event["subagentRunId"])
        elif event["type"] in ("SUBAGENT_FINISHED", "SUBAGENT_ERROR"):
            assert event["subagentRunId"] in opened
            closed.append(event["subagentRunId"])
    assert len(set(opened)) == len(opened)
    assert len(set(closed)) == len(closed)
    assert not [event for event in run[:-1] if event["type"] in ENDS]
    if run[-1]["type"] in ENDS:
        assert sorted(opened) == sorted(closed)


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


def test_open_agents_at_the_end_are_closed_as_unfinished() -> None:
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


def test_lost_statuses_are_reported_and_end_the_run() -> None:
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


def test_events_have_the_statuss_own_time() -> None:
    (step,) = steps_of(committed([geo("agent_invoking")]))
    assert isinstance(step, Step)
    assert {event["timestamp"] for event in RUN.events_of(step)} == {1_795_167_000_000}


ASKS = {"waiting": {"for": "approval", "prompt": "May I?", "until": "2026-11-20T10:00:00.000Z"}}


def kinds(events: Sequence[Event]) -> list[str]:
    return [event["type"] for event in events if not event["type"].startswith("STATE")]


def test_a_waiting_job_is_an_interrupt_and_continues_as_the_next_run() -> None:
    log = committed(
        [
            geo("agent_invoking"),
            status("waiting", 1, metadata=ASKS),
            status("validating", 2),
            geo("agent_complete", 3),
            status("complete", 4),
        ]
    )
    assert_sound(log, 0)
    interrupted, finished = runs_in(spoken(log, 0))
    assert kinds(interrupted) == ["RUN_STARTED", "SUBAGENT_STARTED", "SUBAGENT_FINISHED", "RUN_FINISHED"]
    suspended, end = interrupted[-2:]
    assert suspended["outcome"] == {"type": "suspended", "interruptIds": []}
    (interrupt,) = end["outcome"]["interrupts"]
    assert (interrupt["reason"], interrupt["message"]) == ("approval", "May I?")
    assert interrupt["expiresAt"] == "2026-11-20T10:00:00.000Z"
    assert "subagentRunId" not in interrupt
    assert kinds(finished) == ["RUN_STARTED", "SUBAGENT_STARTED", "SUBAGENT_FINISHED", "RUN_FINISHED"]
    assert finished[-1]["outcome"] == {"type": "success"}


def test_an_agent_that_waits_alone_interrupts_and_names_itself() -> None:
    parent = geo("agent_invoking", invocation="p")
    child = geo("waiting", 1, invocation="c", parent="p", metadata=ASKS)
    (run,) = runs_in(spoken(committed([parent, child]), 0))
    (interrupt,) = run[-1]["outcome"]["interrupts"]
    assert interrupt["subagentRunId"] == "c#1.1"
    outcomes = {one["subagentRunId"]: one["outcome"] for one in run if one["type"] == "SUBAGENT_FINISHED"}
    assert outcomes == {
        "p#1.1": {"type": "suspended", "interruptIds": []},
        "c#1.1": {"type": "suspended", "interruptIds": [interrupt["id"]]},
    }


def test_an_agent_that_waits_beside_one_that_works_interrupts_nothing() -> None:
    log = committed([geo("agent_invoking", invocation="a"), geo("waiting", 1, invocation="b", metadata=ASKS)])
    assert "RUN_FINISHED" not in kinds(spoken(log, 0))
    assert not is_interrupted(job_of(log))


def test_a_client_that_joins_while_the_job_waits_learns_what_for() -> None:
    log = committed([geo("agent_invoking"), status("waiting", 1, metadata=ASKS)])
    (run,) = runs_in(spoken(log, 2))
    assert run[-1]["outcome"]["type"] == "interrupt"


def test_a_sign_of_life_while_a_job_waits_keeps_the_state_and_the_interrupt() -> None:
    log = committed([status("waiting", metadata=ASKS), status("heartbeat", 1)])
    assert_sound(log, 0)
    first, second = runs_in(spoken(log, 0))
    assert first[-1]["outcome"] == second[-1]["outcome"]


def test_another_question_is_another_run() -> None:
    other = {"waiting": {"for": "a timer"}}
    log = committed([status("waiting", metadata=ASKS), status("waiting", 1, metadata=other)])
    assert_sound(log, 0)
    *_, last = runs_in(spoken(log, 0))
    assert [one["reason"] for one in last[-1]["outcome"]["interrupts"]] == ["a timer"]


def test_a_job_that_is_cancelled_while_it_waits_ends_as_cancelled() -> None:
    log = committed([status("waiting", metadata=ASKS), status("cancelled", 1)])
    assert_sound(log, 0)
    *_, last = runs_in(spoken(log, 0))
    assert last[-1]["outcome"] == {"type": "cancelled"}
