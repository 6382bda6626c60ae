"""The kit's clients read each protocol's events, and check its rules."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from httpx_sse import ServerSentEvent

from statusbeam.conformance.dialects.ag_ui import frames, read_frame
from statusbeam.conformance.dialects.ag_ui_rules import RunRules
from statusbeam.conformance.dialects.dialect import address, impossible_cursors
from statusbeam.conformance.dialects.durable_streams import next_request, read_page
from statusbeam.conformance.dialects.five_messages import read_message
from statusbeam.conformance.dialects.server_sent_events import read_event
from statusbeam.conformance.observed import Outcome, Received

STARTED = {"type": "RUN_STARTED", "threadId": "t", "runId": "r"}
FINISHED = {"type": "RUN_FINISHED", "threadId": "t", "runId": "r"}
SNAPSHOT = {"type": "STATE_SNAPSHOT", "snapshot": {"activity": "job-1 step 1"}}


def message(kind: str, **fields: Any) -> str:
    return json.dumps({"type": kind, "timestamp": "2026-01-01T00:00:00Z", "session_id": "job-1", **fields})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            message("agent_status", agent="Geo", status="job-1 step 3", progress=40, data={"cursor": "e:3"}),
            Received(step=3, part="agent_status Geo", cursor="e:3"),
        ),
        (
            message("progress", status="completed", progress=100, data={"recovered": False}),
            Received(part="progress orchestrator", is_lost=True),
        ),
        (message("heartbeat", message="ping"), Received()),
        (
            message("complete", agent="Geo", status="job-1 step 8"),
            Received(step=8, part="complete Geo"),
        ),
        (
            message("complete", agent="orchestrator", status="Done"),
            Received(part="complete orchestrator", outcome=Outcome.COMPLETED),
        ),
        (message("error", error="Broken"), Received(part="error orchestrator", outcome=Outcome.FAILED)),
        (message("progress", status="a"), Received(problem="progress without progress")),
    ],
)
def test_each_of_the_five_messages_is_understood(text: str, expected: Received) -> None:
    assert read_message("job-1", text) == expected


@pytest.mark.parametrize("text", ["", "7", "[]", "{}", '{"type": "status"}', '{"type": ["a"]}', b"\xff"])
def test_a_message_of_another_type_is_malformed(text: str | bytes) -> None:
    assert read_message("job-1", text).problem


def server_sent(event: str, data: Any, cursor: str = "e:3") -> ServerSentEvent:
    return ServerSentEvent(event, json.dumps(data), cursor)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (
            server_sent("snapshot", {"agents": [{"activity": "job-1 step 3"}], "overallStatus": "failed"}),
            Received(step=3, is_snapshot=True, cursor="e:3", outcome=Outcome.FAILED),
        ),
        (server_sent("verdict", {"recovered": False}, ""), Received(is_lost=True)),
        (
            server_sent("progress", {"type": "progress", "message": "job-1 step 3"}),
            Received(step=3, cursor="e:3"),
        ),
        (server_sent("complete", {"type": "complete"}), Received(cursor="e:3", outcome=Outcome.COMPLETED)),
        (ServerSentEvent("message", "", "e:3", 2000), Received(cursor="e:3")),
    ],
)
def test_each_server_sent_event_is_understood(event: ServerSentEvent, expected: Received) -> None:
    assert read_event("job-1", event) == expected


@pytest.mark.parametrize(
    "event",
    [
        server_sent("progress", {"message": "job-1 step 3"}, ""),
        server_sent("progress", [7]),
        server_sent("snapshot", 7),
        server_sent("status", {}),
        ServerSentEvent("progress", "{", "e:3"),
    ],
)
def test_an_event_that_no_client_can_use_is_malformed(event: ServerSentEvent) -> None:
    assert read_event("job-1", event).problem


def page(body: Any, **headers: str) -> list[Received]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return read_page("job-1", httpx.Response(200, json=body, headers=named), empty=False)


def test_a_page_of_a_durable_stream_has_its_offset_at_its_end() -> None:
    items = [{"message": "job-1 step 1"}, {"type": "error", "message": "The end"}]
    assert page(items, stream_next_offset="e_2") == [
        Received(step=1),
        Received(cursor="e_2", outcome=Outcome.FAILED),
    ]
    assert page([], stream_next_offset="e_2") == [Received(cursor="e_2")]


def test_a_page_without_an_offset_or_an_array_is_malformed() -> None:
    for found in (page([]), page({}, stream_next_offset="e_2"), page([7], stream_next_offset="e_2")):
        assert found[0].problem


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"stream-next-offset": "e_2"}, {"offset": "e_2"}),
        ({"stream-next-offset": "e_2", "stream-up-to-date": "true"}, {"offset": "e_2", "live": "long-poll"}),
        ({"stream-next-offset": "e_2", "stream-closed": "true"}, None),
        ({}, None),
    ],
)
def test_a_durable_stream_is_read_until_it_is_closed(
    headers: dict[str, str], expected: dict[str, str] | None
) -> None:
    assert next_request(headers) == expected


async def test_events_of_ag_ui_are_parted_as_its_client_does() -> None:
    async def texts() -> AsyncIterator[str]:
        for text in ("data: 1\n", "\ndata: 2\n\nda", "ta: 3\r\n\r\ndata: 4"):
            yield text

    assert [frame async for frame in frames(texts())] == ["data: 1", "data: 2", "data: 3\r\n\r\ndata: 4"]


def test_events_of_ag_ui_that_its_client_would_not_see_are_malformed() -> None:
    found = read_frame(
        "job-1", f"data: {json.dumps(STARTED)}\r\n\r\ndata: {json.dumps(FINISHED)}", RunRules()
    )
    assert [event.problem is None for event in found] == [False]


def events_of(*events: dict[str, Any]) -> list[Received]:
    rules = RunRules()
    return [one for event in events for one in read_frame("job-1", f"data: {json.dumps(event)}", rules)]


def test_a_run_of_ag_ui_shows_its_state_and_its_end() -> None:
    delta = {
        "type": "STATE_DELTA",
        "delta": [{"op": "replace", "path": "/activity", "value": "job-1 step 2"}],
    }
    assert events_of(STARTED, SNAPSHOT, delta, FINISHED) == [
        Received(step=1, is_snapshot=True),
        Received(step=2),
        Received(outcome=Outcome.COMPLETED),
    ]
    cancelled = {**FINISHED, "outcome": {"type": "cancelled"}}
    interrupted = {**FINISHED, "outcome": {"type": "interrupt"}}
    verdict = {"type": "CUSTOM", "name": "statusbeam.verdict", "value": {"recovered": False}}
    assert events_of(STARTED, verdict, {"type": "RUN_ERROR", "message": "Broken"}) == [
        Received(is_lost=True),
        Received(outcome=Outcome.FAILED),
    ]
    assert events_of(STARTED, cancelled) == [Received(outcome=Outcome.CANCELLED)]
    assert events_of(STARTED, interrupted) == [Received()]


def subagent(kind: str, name: str, **more: str) -> dict[str, str]:
    return {"type": f"SUBAGENT_{kind}", "subagentRunId": name, **more}


@pytest.mark.parametrize(
    ("events", "problem"),
    [
        ([SNAPSHOT], "no run has started"),
        ([STARTED, STARTED], "the previous run has not ended"),
        ([STARTED, FINISHED, SNAPSHOT], "the run has ended"),
        ([STARTED, subagent("STARTED", "a"), FINISHED], "still open: subagent a"),
        ([STARTED, subagent("FINISHED", "a")], "subagent a is not open"),
        ([STARTED, subagent("STARTED", "a"), subagent("STARTED", "a")], "subagent a is already open"),
        (
            [STARTED, subagent("STARTED", "a"), subagent("ERROR", "a"), subagent("STARTED", "a")],
            "the id a was used before",
        ),
        (
            [STARTED, subagent("STARTED", "a", parentSubagentRunId="b")],
            "the parent b was not started in this run",
        ),
        ([STARTED, {"type": "STEP_STARTED", "stepName": "s"}, FINISHED], "still open: step s"),
        ([STARTED, {**SNAPSHOT, "metadata": None}], "metadata is null"),
        (
            [STARTED, SNAPSHOT, {"type": "STATE_DELTA", "delta": [{"op": "remove", "path": "/none"}]}],
            "the delta does not apply to the state",
        ),
    ],
)
def test_each_rule_of_ag_ui_is_seen_to_be_broken(events: list[dict[str, Any]], problem: str) -> None:
    rules = RunRules()
    *before, last = (rules.broken_by(event) for event in events)
    assert before == [[]] * len(before)
    assert any(problem in found for found in last)


def test_a_correct_run_of_ag_ui_breaks_no_rule() -> None:
    rules = RunRules()
    events: list[dict[str, Any]] = [
        STARTED,
        SNAPSHOT,
        subagent("STARTED", "a"),
        subagent("STARTED", "b", parentSubagentRunId="a"),
        subagent("ERROR", "b"),
        subagent("FINISHED", "a"),
        FINISHED,
        {**STARTED, "runId": "r2"},
        subagent("STARTED", "c"),
        {"type": "RUN_ERROR", "message": "Broken"},
    ]
    assert [rules.broken_by(event) for event in events] == [[]] * len(events)
    assert rules.has_ended


@pytest.mark.parametrize("cursor", ["19aa3c:7", "e:0", f"{'e' * 32}:7"])
def test_impossible_cursors_are_of_the_servers_own_form(cursor: str) -> None:
    found = [probe.after for probe in impossible_cursors("job-1", cursor)]
    epochs = [str(after).partition(":")[0] for after in found]
    assert len(found) == 2
    assert cursor not in found
    assert epochs[0] != cursor.partition(":")[0] == epochs[1]
    assert all(0 < len(epoch) <= 32 for epoch in epochs)


@pytest.mark.parametrize("cursor", [None, "", "7", "opaque", "e:x"])
def test_a_cursor_of_another_form_has_no_impossible_relatives(cursor: str | None) -> None:
    assert impossible_cursors("job-1", cursor) == ()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://host", "http://host/jobs/a%2Fb"),
        ("http://host/", "http://host/jobs/a%2Fb"),
        ("http://host/own", "http://host/own"),
        ("http://host/own/{job_id}?live=1", "http://host/own/a%2Fb?live=1"),
    ],
)
def test_a_url_with_a_path_is_used_unchanged(url: str, expected: str) -> None:
    assert address(url, "/jobs/{job_id}", "a/b") == expected
