"""A job's log as CloudEvents, read by their own SDK, and as a durable stream."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_structured_event
from starlette.testclient import TestClient

from statusbeam.bridge.access.connections import EndReason, StreamEndedError
from statusbeam.bridge.app import create_app
from statusbeam.bridge.dialects.cloud_events import cloud_event
from statusbeam.bridge.dialects.durable_streams import cursor_of, offset_of, stream_cursor
from statusbeam.bridge.routes import job_stream
from statusbeam.bridge.service import Bridge
from statusbeam.bridge.tail.cursor import BadCursorError, Cursor
from statusbeam.model.limits import DAY_SECONDS
from tests.unit.samples import update
from tests.unit.statusbeam.bridge.samples import QUICK, Log
from tests.unit.statusbeam.bridge.viewers import by_name


class World:
    """A log, and the bridge's application before it."""

    def __init__(self) -> None:
        self.log = Log()
        self.bridge = Bridge.in_memory(
            self.log.journal, authenticate=by_name, pace=QUICK, clock=self.log.time.clock()
        )
        self.client = TestClient(create_app(self.bridge), headers={"authorization": "Bearer ana"})

    def get(self, path: str, **params: Any) -> Any:
        headers = params.pop("headers", {})
        return self.client.get(f"/jobs/job-1/{path}", params=params, headers=headers)


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    with made.client:
        yield made


def test_a_batch_of_cloud_events_is_read_by_their_sdk(world: World) -> None:
    world.log.say("agent_invoking", metadata={"street": "Elm Street"})
    world.log.end()
    answer = world.get("cloudevents")
    assert answer.headers["content-type"] == "application/cloudevents-batch+json"
    headers = {"content-type": "application/cloudevents+json"}
    events = [
        from_structured_event(HTTPMessage(headers=headers, body=json.dumps(one).encode()))
        for one in answer.json()
    ]
    epoch = world.log.job().head.epoch
    first = events[0]
    assert [event.get_id() for event in events] == ["e1", "e2"]
    assert first.get_source() == f"/tenants/city/jobs/job-1/{epoch}"
    assert [event.get_type() for event in events] == [
        "dev.statusbeam.status.agent_status.v1",
        "dev.statusbeam.status.complete.v1",
    ]
    assert (first.get_subject(), events[1].get_subject()) == ("Geo Agent", None)
    assert (first.get_extension("sequence"), first.get_extension("partitionkey")) == (
        "000000000001",
        "city#job-1",
    )
    data = first.get_data()
    assert isinstance(data, dict)
    assert data["metadata"] == {"street": "Elm Street"}


def test_batches_follow_each_other_by_their_links(world: World) -> None:
    world.log.say(*["calling_tool"] * 5)
    path, seen = "?limit=2", []
    for _ in range(4):
        answer = world.client.get(f"/jobs/job-1/cloudevents{path}")
        seen += [one["sequence"] for one in answer.json()]
        path = answer.links["next"]["url"]
    assert seen == [f"{number:012d}" for number in range(1, 6)]


def test_one_status_is_a_structured_event(world: World) -> None:
    world.log.say("agent_invoking")
    answer = world.get("cloudevents/1")
    assert answer.headers["content-type"] == "application/cloudevents+json"
    assert answer.json()["id"] == "e1"
    assert world.get("cloudevents/2").status_code == 404
    assert world.get("cloudevents/0").status_code == 404


def test_ids_in_a_source_are_escaped() -> None:
    odd = update("e1", jobId="report 7/é", tenantId="a b").numbered(7)
    event = cloud_event(odd, epoch="e1")
    assert event["source"] == "/tenants/a%20b/jobs/report%207%2F%C3%A9/e1"
    assert re.fullmatch(r"[a-z0-9]+", "".join(event))


@pytest.mark.parametrize("path", ["cloudevents?after=other:1", "stream?offset=other_000000000001"])
def test_a_position_that_is_gone_is_gone(world: World, path: str) -> None:
    world.log.say("agent_invoking")
    answer = world.client.get(f"/jobs/job-1/{path}")
    assert (answer.status_code, answer.json()["reason"]) == (410, "other_epoch")


def test_an_expired_log_is_gone(world: World) -> None:
    world.log.say("agent_invoking", "calling_tool")
    world.log.time.time += 8 * DAY_SECONDS
    for path in ("cloudevents", "stream"):
        answer = world.get(path)
        assert (answer.status_code, answer.json()["reason"]) == (410, "log_expired")


def test_a_stream_is_read_from_any_offset_to_its_tail(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_stream, "UPDATES_PER_PAGE", 2)
    world.log.say(*["calling_tool"] * 5)
    offset, seen = "-1", []
    while True:
        answer = world.get("stream", offset=offset)
        seen += [update["sequence"] for update in answer.json()]
        offset = answer.headers["stream-next-offset"]
        if "stream-up-to-date" in answer.headers:
            break
    assert seen == [1, 2, 3, 4, 5]
    again = world.get("stream", offset=offset)
    assert (again.json(), again.headers["stream-next-offset"]) == ([], offset)
    now = world.get("stream", offset="now")
    assert (now.json(), now.headers["stream-next-offset"]) == ([], offset)
    assert "etag" not in now.headers
    assert world.client.head("/jobs/job-1/stream").headers["stream-next-offset"] == offset


def test_a_client_with_the_current_page_of_a_stream_gets_304(world: World) -> None:
    world.log.say("agent_invoking")
    etag = world.get("stream").headers["etag"]
    assert world.get("stream", headers={"if-none-match": etag}).status_code == 304
    world.log.say("agent_complete")
    assert world.get("stream", headers={"if-none-match": etag}).status_code == 200


def test_a_long_poll_waits_for_the_next_status(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_stream, "LONG_POLL_SECONDS", 0.02)
    world.log.say("agent_invoking")
    offset = world.get("stream").headers["stream-next-offset"]
    empty = world.get("stream", offset=offset, live="long-poll")
    assert (empty.status_code, empty.content) == (204, b"")
    assert (empty.headers["stream-next-offset"], empty.headers["stream-up-to-date"]) == (offset, "true")
    world.log.say("agent_complete")
    answer = world.get("stream", offset=offset, live="long-poll", cursor=empty.headers["stream-cursor"])
    assert [update["sequence"] for update in answer.json()] == [2]
    assert int(answer.headers["stream-cursor"]) > int(empty.headers["stream-cursor"])


def test_a_long_poll_of_a_job_that_has_ended_waits_until_the_job_settles() -> None:
    log = Log()
    log.say("agent_invoking")
    assert job_stream.wait_seconds(log.job().head, now=log.time.time) == job_stream.LONG_POLL_SECONDS
    log.end()
    ended = log.job().head
    waits = [job_stream.wait_seconds(ended, now=log.time.time + later) for later in (0, 1, 2, 60)]
    assert waits == [2, 1, 0, 0]


@pytest.mark.parametrize(("reason", "status"), [(EndReason.LOGIN_ENDED, 401), (EndReason.SHUTTING_DOWN, 503)])
def test_a_long_poll_that_must_end_has_a_reason(
    world: World, monkeypatch: pytest.MonkeyPatch, reason: EndReason, status: int
) -> None:
    @asynccontextmanager
    async def open_and_end(*_: object) -> AsyncIterator[None]:
        yield
        raise StreamEndedError(reason)

    monkeypatch.setattr(job_stream, "LONG_POLL_SECONDS", 0.02)
    monkeypatch.setattr(world.bridge.connections, "open", open_and_end)
    world.log.say("agent_invoking")
    offset = world.get("stream").headers["stream-next-offset"]
    assert world.get("stream", offset=offset, live="long-poll").status_code == status


def test_a_settled_job_is_a_closed_stream(world: World) -> None:
    world.log.end()
    assert "stream-closed" not in world.get("stream").headers
    world.log.time.time += 10
    offset = world.get("stream").headers["stream-next-offset"]
    assert world.get("stream").headers["stream-closed"] == "true"
    closed = world.get("stream", offset=offset, live="long-poll")
    assert (closed.status_code, closed.headers["stream-closed"]) == (204, "true")


@pytest.mark.parametrize("offset", ["", "7", "e1_7", "e1_00000000000x", "a/b_000000000001"])
def test_an_offset_that_no_stream_gave_is_refused(world: World, offset: str) -> None:
    world.log.say("agent_invoking")
    assert world.get("stream", offset=offset).status_code == 400
    with pytest.raises(BadCursorError):
        cursor_of(offset)


def test_an_offset_beyond_the_end_is_refused(world: World) -> None:
    world.log.say("agent_invoking")
    beyond = offset_of(Cursor(world.log.job().head.epoch or "", 9))
    assert world.get("stream", offset=beyond).status_code == 400


def test_offsets_sort_as_the_log_does() -> None:
    cursors = [Cursor("19aa3c", sequence) for sequence in (0, 1, 9, 10, 99, 100, 12_345)]
    offsets = [offset_of(cursor) for cursor in cursors]
    assert sorted(offsets) == offsets
    assert [cursor_of(offset) for offset in offsets] == cursors


@pytest.mark.parametrize("client", [None, "", "nonsense", "5", "9" * 40])
def test_a_stream_cursor_is_the_interval_of_the_moment(client: str | None) -> None:
    assert stream_cursor(client, now=1_728_432_000 + 45) in {"2", *map(str, range(6, 186))}


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("updates", lambda answer: [one["eventId"] for one in answer.json()["updates"]]),
        ("cloudevents", lambda answer: [one["id"] for one in answer.json()]),
        ("stream", lambda answer: [one["eventId"] for one in answer.json()]),
    ],
)
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"family": "agent"}, ["e1", "e3"]),
        ({"family": ["task", "workflow"]}, ["e2", "e4"]),
        ({"agent": "Geo Agent", "word": "calling_tool"}, ["e2"]),
        ({"user": "ben"}, []),
        ({"job": "job-1", "type": "complete"}, ["e4"]),
    ],
)
def test_a_page_of_the_log_is_filtered_and_its_position_is_not(
    world: World, path: str, shown: Any, query: dict[str, Any], expected: list[str]
) -> None:
    world.log.say("agent_invoking", "calling_tool", "agent_complete")
    world.log.end()
    whole, answer = world.get(path), world.get(path, **query)
    assert shown(answer) == expected
    positions: dict[str, Callable[[Any], Any]] = {
        "updates": lambda one: one.json()["cursor"],
        "cloudevents": lambda one: re.findall(r"after=[^&>]*", one.headers["link"]),
        "stream": lambda one: one.headers["stream-next-offset"],
    }
    assert positions[path](answer) == positions[path](whole)


def test_the_next_page_of_cloud_events_has_the_same_filter_and_no_token(world: World) -> None:
    world.log.say("agent_invoking", "calling_tool", "agent_complete")
    del world.client.headers["authorization"]
    answer = world.get("cloudevents", family="agent", limit=1, ticket="ana")
    link = re.fullmatch(r'<\?(.*)>; rel="next"', answer.headers["link"])
    assert link
    assert "ana" not in link[1]
    world.client.headers["authorization"] = "Bearer ana"
    following = world.client.get(f"/jobs/job-1/cloudevents?{link[1]}")
    assert following.json() == []  # the second is a tool's
    assert "family=agent" in following.headers["link"]


def test_a_durable_stream_over_sse_goes_past_what_a_filter_hides(world: World) -> None:
    world.log.say("agent_invoking", "calling_tool", "agent_complete")
    world.log.end()
    text = world.get("stream", live="sse", family="workflow").text
    assert re.findall(r'"eventId":"(e\d)"', text) == ["e4"]
    assert text.count("event: control") >= 4
