"""The five messages: a client gets the snapshot from any join on, and a job has one final message."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from pydantic import TypeAdapter

from statusbeam.bridge.dialects.five_messages import (
    AgentStatusMessage,
    AnyMessage,
    CompleteMessage,
    ErrorMessage,
    HeartbeatMessage,
    ProgressMessage,
    messages_at_join,
    messages_of,
    resume_point,
)
from statusbeam.bridge.tail.cursor import BadCursorError, Cursor
from statusbeam.bridge.tail.events import Joined, Lost, WatchEvent
from statusbeam.log.snapshot.job_state import Job
from statusbeam.model.update import StatusUpdate
from tests.unit.statusbeam.bridge.dialects.logs import LOGS, job_of, steps_of, watched
from tests.unit.statusbeam.log.snapshot.fold_cases import committed, geo, logs, status

NOW = "2026-11-20T09:30:00.000Z"
MESSAGE: TypeAdapter[AnyMessage] = TypeAdapter(AnyMessage)


def spoken(events: Iterable[WatchEvent]) -> list[AnyMessage]:
    """The messages of these events, as JSON carries them."""
    found: list[AnyMessage] = []
    for event in events:
        if isinstance(event, Joined):
            found += messages_at_join(event, session_id="s1", now=NOW)
        else:
            found += messages_of(event, session_id="s1")
    return [MESSAGE.validate_json(message.model_dump_json()) for message in found]


def learnt(messages: Sequence[AnyMessage]) -> dict[str, Any]:
    """The state of a simple client after these messages."""
    agents: dict[str, tuple[str, str, float]] = {}
    overall, progress = "initializing", 0.0
    for message in messages:
        assert message.type != "heartbeat"
        overall = message.data["overallStatus"]
        if "invocationId" in message.data:
            done = 100.0 if message.type == "complete" else getattr(message, "progress", -1.0)
            agents[message.data["invocationId"]] = (message.agent, message.data["state"], done)
        elif isinstance(message, ProgressMessage):
            progress = message.progress
    return {"agents": agents, "overall": overall, "progress": progress}


def shown(job: Job) -> dict[str, Any]:
    """The same of a snapshot."""
    view = {agent.invocation_id: agent.view(job_ended=job.head.ended) for agent in job.shown_agents}
    badly = [agent.invocation_id for agent in job.shown_agents if agent.ended and agent.status != "success"]
    agents = {
        name: (one["name"], one["status"], -1.0 if name in badly else one["progress"] or 0.0)
        for name, one in view.items()
        if one["status"] != "pending"
    }
    return {"agents": agents, "overall": str(job.head.overall_status)}


def until_the_end(log: Sequence[StatusUpdate]) -> Sequence[StatusUpdate]:
    """The log up to the job's first end: a socket closes there."""
    ends = [index for index, step in enumerate(steps_of(log)) if step.ends_the_job]
    return log[: ends[0] + 1] if ends else log


def assert_learnt(log: Sequence[StatusUpdate], joined_at: int) -> None:
    known, expected = learnt(spoken(watched(log, joined_at))), shown(job_of(log))
    assert known["overall"] == expected["overall"]
    assert {name: one for name, one in known["agents"].items() if name in expected["agents"]} == expected[
        "agents"
    ]


@pytest.mark.parametrize("name", LOGS)
def test_a_client_that_joins_anywhere_learns_the_snapshot(name: str) -> None:
    log = until_the_end(LOGS[name])
    for joined_at in range(len(log) + 1):
        assert_learnt(log, joined_at)


@settings(max_examples=60)
@given(logs)
def test_a_client_of_any_log_learns_the_snapshot(log: list[StatusUpdate]) -> None:
    log = list(until_the_end(log))
    for joined_at in {0, len(log) // 2, len(log)}:
        assert_learnt(log, joined_at)


@pytest.mark.parametrize("name", LOGS)
def test_a_job_that_ends_has_one_last_message_wherever_a_client_joins(name: str) -> None:
    log = until_the_end(LOGS[name])
    for joined_at in range(len(log) + 1):
        last = [
            message
            for message in spoken(watched(log, joined_at))
            if isinstance(message, CompleteMessage | ErrorMessage) and message.agent == "orchestrator"
            and "invocationId" not in message.data
        ]  # fmt: skip
        assert len(last) == int(job_of(log).head.ended)


def messages_for(*updates: StatusUpdate) -> list[AnyMessage]:
    """The messages of the last of these statuses."""
    *_, step = steps_of(committed(updates))
    return spoken([step])


def test_an_agent_that_begins_is_an_agent_status() -> None:
    (message,) = messages_for(geo("agent_invoking", message="Looking at the map"))
    assert isinstance(message, AgentStatusMessage)
    assert (message.agent, message.status, message.progress) == ("Geo Agent", "Looking at the map", 0)
    assert (message.session_id, message.timestamp) == ("s1", NOW)
    assert message.data["cursor"] == "e1:1"


def test_an_agents_end_is_a_separate_complete_and_the_job_continues() -> None:
    message = messages_for(geo("agent_invoking"), geo("agent_complete", 1, message="Found Elm Street"))[0]
    assert isinstance(message, CompleteMessage)
    assert (message.agent, message.status, message.progress) == ("Geo Agent", "Found Elm Street", 100)
    assert message.data["overallStatus"] == "processing"


def test_an_agents_failure_is_a_separate_error_and_the_job_continues() -> None:
    message = messages_for(geo("agent_invoking"), geo("agent_error", 1, message="No map today"))[0]
    assert isinstance(message, ErrorMessage)
    assert (message.agent, message.error) == ("Geo Agent", "No map today")
    assert message.data["overallStatus"] == "processing"


def test_the_jobs_end_comes_from_the_orchestrator() -> None:
    left, done = messages_for(geo("agent_invoking"), status("complete", 1, "All is well"))
    assert isinstance(left, AgentStatusMessage)
    assert (left.agent, left.data["state"]) == ("Geo Agent", "cancelled")
    assert isinstance(done, CompleteMessage)
    assert (done.agent, done.status, done.progress) == ("orchestrator", "All is well", 100)
    (failed,) = messages_for(geo("agent_error"), status("error", 1, "It could not be done"))
    assert isinstance(failed, ErrorMessage)
    assert (failed.agent, failed.error, failed.details) == (
        "orchestrator",
        "It could not be done",
        "Failed: Geo Agent",
    )


def test_a_client_that_joins_after_the_end_sees_no_running_agent() -> None:
    job = job_of(committed([geo("agent_invoking"), status("complete", 1)]))
    first, left, _ = spoken([Joined(job=job)])
    assert isinstance(first, ProgressMessage)
    assert isinstance(left, AgentStatusMessage)
    assert [agent["status"] for agent in first.data["agents"]] == ["cancelled"]
    assert left.data["state"] == "cancelled"


def test_a_phase_of_the_job_is_a_progress() -> None:
    (message,) = messages_for(status("loading_agents"), status("synthesizing", 1, "Writing", progress=80))
    assert isinstance(message, ProgressMessage)
    assert (message.agent, message.status, message.progress) == ("orchestrator", "Writing", 80)


def test_heartbeats_and_late_statuses_are_no_messages() -> None:
    assert messages_for(geo("agent_invoking"), geo("heartbeat", 20)) == []
    assert messages_for(geo("agent_invoking"), status("heartbeat", 20)) == []
    assert messages_for(geo("agent_invoking", attempt=2), geo("agent_error", 1, attempt=1)) == []
    assert messages_for(status("complete"), status("synthesizing", 1)) == []


def test_a_status_is_a_message_also_when_the_snapshot_does_not_show_its_difference() -> None:
    (again,) = messages_for(
        geo("calling_tool", message="Searching"), geo("calling_tool", message="Searching")
    )
    assert isinstance(again, AgentStatusMessage)
    long = "x" * 1_900
    (other,) = messages_for(geo("agent_invoking", message=f"{long}1"), geo("progress", message=f"{long}2"))
    assert isinstance(other, AgentStatusMessage)
    assert other.status == f"{long}2"


def test_a_client_that_lost_statuses_gets_the_verdict_before_the_snapshot() -> None:
    job = job_of(committed([geo("agent_invoking")]))
    first, *others = spoken([Joined(job=job, lost=Lost.LOG_EXPIRED)])
    assert (first.type, len(others)) == ("progress", 1)
    assert isinstance(first, ProgressMessage)
    assert (first.data["recovered"], first.data["reason"]) == (False, "log_expired")
    (empty,) = spoken([Joined(job=Job(), lost=Lost.AHEAD_OF_LOG)])
    assert isinstance(empty, ProgressMessage)
    assert empty.data["recovered"] is False


@pytest.mark.parametrize("name", LOGS)
def test_each_messages_cursor_names_exactly_what_follows_it(name: str) -> None:
    """A client may be cut off after any message: from its cursor, it gets all others, and each once."""
    log = LOGS[name]
    steps = list(steps_of(log))
    told = [(step, message) for step in steps for message in messages_of(step, session_id="s")]
    for index, (_, message) in enumerate(told):
        cursor, received = resume_point(data_of(message)["cursor"])
        assert cursor is not None
        rest = [
            other
            for step in steps
            if step.sequence > cursor.sequence
            for other in messages_of(step, session_id="s")
        ][received:]
        assert rest == [other for _, other in told[index + 1 :]]


@pytest.mark.parametrize("name", [name for name, log in LOGS.items() if log])
def test_a_part_of_a_snapshot_is_resumed_with_a_snapshot(name: str) -> None:
    *first, last = messages_at_join(Joined(job=job_of(LOGS[name])), session_id="s", now="now")
    assert {resume_point(data_of(message)["cursor"]) for message in first} <= {(None, 0)}
    assert resume_point(data_of(last)["cursor"]) == (Cursor.of(job_of(LOGS[name]).head), 0)


@pytest.mark.parametrize("text", ["", "e1", "~1", "e1:1~x", "e1:1~-1", "e1:1~1~1", "e1:1~1234567", "e1:1 1"])
def test_an_invalid_cursor_is_refused(text: str) -> None:
    with pytest.raises(BadCursorError):
        resume_point(text)


def data_of(message: AnyMessage) -> dict[str, Any]:
    assert not isinstance(message, HeartbeatMessage)
    return message.data
