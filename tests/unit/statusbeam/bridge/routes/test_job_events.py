"""Server-sent events, read by `httpx-sse`: in order, resumed, with a verdict, and ended after the job's
end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from httpx_sse import ServerSentEvent, aconnect_sse

from statusbeam.bridge.access.connections import Connections
from statusbeam.bridge.access.ended_logins import MemoryEndedLogins
from statusbeam.bridge.app import create_app
from statusbeam.bridge.routes import event_stream
from statusbeam.bridge.service import Bridge
from statusbeam.bridge.tail.tails import Tails
from tests.unit.statusbeam.bridge.samples import QUICK, CountingReader, Log
from tests.unit.statusbeam.bridge.served import served
from tests.unit.statusbeam.bridge.viewers import by_name


@pytest.fixture(autouse=True)
def settles_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "SETTLE_SECONDS", 0.05)


class World:
    """A log, the bridge before it, and a client."""

    def __init__(self, url: str, log: Log, bridge: Bridge, client: httpx.AsyncClient) -> None:
        self.url = url
        self.log = log
        self.bridge = bridge
        self.client = client

    @asynccontextmanager
    async def stream(
        self, last_event_id: str | None = None, viewer: str = "ana", **params: str
    ) -> AsyncIterator[AsyncIterator[ServerSentEvent]]:
        headers = {"authorization": f"Bearer {viewer}"}
        if last_event_id is not None:
            headers["last-event-id"] = last_event_id
        url = f"{self.url}/jobs/job-1/events"
        async with aconnect_sse(self.client, "GET", url, headers=headers, params=params) as source:
            assert source.response.status_code == 200
            yield source.aiter_sse()

    async def whole_stream(self, last_event_id: str | None = None, **more: Any) -> list[ServerSentEvent]:
        async with self.stream(last_event_id, **more) as events:
            return [event async for event in events if event.event != "message"]

    async def status(self, last_event_id: str | None = None, viewer: str = "ana") -> int:
        headers = {"authorization": f"Bearer {viewer}", "last-event-id": last_event_id or ""}
        answer = await self.client.get(f"{self.url}/jobs/job-1/events", headers=headers)
        return answer.status_code


@asynccontextmanager
async def world() -> AsyncIterator[World]:
    log = Log()
    bridge = Bridge.in_memory(log.journal, authenticate=by_name, pace=QUICK, clock=log.time.clock())
    async with served(create_app(bridge), bridge) as url, httpx.AsyncClient() as client:
        yield World(url, log, bridge, client)
    assert len(bridge.connections) == bridge.tails.watched == 0


async def next_status(events: AsyncIterator[ServerSentEvent]) -> ServerSentEvent:
    async for event in events:
        if event.event != "message":
            return event
    raise AssertionError("the stream ended")


async def test_a_job_is_followed_from_its_snapshot_to_its_end() -> None:
    async with world() as w:
        async with w.stream() as events:
            joined = await next_status(events)
            w.log.say("agent_invoking", "agent_complete")
            w.log.end()
            statuses = [await next_status(events) for _ in range(3)]
            rest = [event async for event in events]
        assert (joined.event, json.loads(joined.data)["sequence"]) == ("snapshot", 0)
        assert [event.event for event in statuses] == ["agent_status", "agent_status", "complete"]
        assert [json.loads(event.data)["sequence"] for event in statuses] == [1, 2, 3]
        assert [event.id for event in statuses] == [f"{w.log.job().head.epoch}:{n}" for n in (1, 2, 3)]
        assert rest == []


async def test_a_stream_begins_with_how_long_to_wait_before_coming_back() -> None:
    async with world() as w:
        w.log.end()
        headers = {"authorization": "Bearer ana"}
        answer = await w.client.get(f"{w.url}/jobs/job-1/events", headers=headers)
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        assert answer.text.startswith("retry: 2000\n\n")
        assert "\r" not in answer.text


async def test_a_reconnecting_client_gets_each_missed_status_once() -> None:
    async with world() as w:
        async with w.stream() as events:
            await next_status(events)
            w.log.say("agent_invoking")
            last = (await next_status(events)).id
        w.log.say("calling_tool", "tool_complete")
        w.log.end()
        again = await w.whole_stream(last)
        assert [json.loads(event.data)["sequence"] for event in again] == [2, 3, 4]
        assert [event.id for event in await w.whole_stream(after=last)] == [event.id for event in again]


async def test_a_client_with_every_status_of_a_settled_job_gets_204() -> None:
    async with world() as w:
        w.log.say("agent_invoking")
        w.log.end()
        (*_, last) = await w.whole_stream()
        w.log.time.time += 10
        assert await w.status(last.id) == 204
        async with w.stream(last.id, viewer="ben") as events:  # of whom it is not
            assert json.loads((await next_status(events)).data)["reason"] == "ahead_of_log"


@pytest.mark.parametrize(
    ("last_event_id", "reason"), [("other:1", "other_epoch"), ("{epoch}:99", "ahead_of_log")]
)
async def test_a_last_id_without_a_target_gets_a_verdict_and_the_snapshot(
    last_event_id: str, reason: str
) -> None:
    async with world() as w:
        w.log.say("agent_invoking")
        w.log.end()
        given = last_event_id.replace("{epoch}", w.log.job().head.epoch or "")
        verdict, snapshot = await w.whole_stream(given)
        assert (verdict.event, json.loads(verdict.data)) == (
            "verdict",
            {"recovered": False, "reason": reason},
        )
        assert (snapshot.event, json.loads(snapshot.data)["sequence"]) == ("snapshot", 2)


async def test_a_late_final_status_still_reaches_the_stream() -> None:
    async with world() as w, w.stream() as events:
        await next_status(events)
        w.log.say("agent_invoking")
        w.log.end()
        w.log.say("agent_complete")
        assert [(await next_status(events)).event for _ in range(3)] == [
            "agent_status",
            "complete",
            "agent_status",
        ]


async def test_a_quiet_stream_is_kept_open_by_comments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "COMMENT_SECONDS", 0.01)
    async with world() as w:
        headers = {"authorization": "Bearer ana"}
        async with w.client.stream("GET", f"{w.url}/jobs/job-1/events", headers=headers) as answer:
            lines = answer.aiter_lines()
            while (await anext(lines)) != ": ":
                pass


async def test_another_users_job_looks_like_one_that_has_not_begun() -> None:
    async with world() as w:
        w.log.say("agent_invoking")
        async with w.stream(viewer="ben") as events:
            joined = await next_status(events)
        assert json.loads(joined.data)["sequence"] == 0


async def test_streams_end_with_the_process_and_their_clients_know_when_to_reconnect() -> None:
    async with world() as w:
        headers = {"authorization": "Bearer ana"}
        async with w.client.stream("GET", f"{w.url}/jobs/job-1/events", headers=headers) as answer:
            lines = answer.aiter_lines()
            while not (await anext(lines)).startswith("data:"):
                pass
            w.bridge.connections.end_all()
            rest = [line async for line in lines]
        (retry,) = [line for line in rest if line.startswith("retry:")]
        assert 500 <= int(retry.removeprefix("retry: ")) <= 5_000


async def test_a_client_that_leaves_is_no_longer_counted() -> None:
    async with world() as w:
        async with w.stream() as events:
            await next_status(events)
            assert len(w.bridge.connections) == 1
        while len(w.bridge.connections):
            await asyncio.sleep(0.001)


@pytest.mark.parametrize(
    ("last_event_id", "viewer", "status"), [(None, "nobody", 401), ("nonsense", "ana", 400)]
)
async def test_a_stream_that_is_refused_is_a_problem(
    last_event_id: str | None, viewer: str, status: int
) -> None:
    async with world() as w:
        assert await w.status(last_event_id, viewer) == status


async def test_a_filter_hides_statuses_and_never_the_end_or_the_position() -> None:
    async with world() as w:
        w.log.say("agent_invoking")
        begin = f"{w.log.job().head.epoch}:0"
        w.log.say("calling_tool", "agent_complete", agentName="Other Agent")
        w.log.say("agent_complete")
        w.log.end()
        w.log.say("tool_complete", agentName="Other Agent")
        shown = await w.whole_stream(begin, agent="Geo Agent")
        assert [json.loads(event.data)["sequence"] for event in shown] == [1, 4, 5]
        by_word = await w.whole_stream(begin, word="calling_tool")
        assert [json.loads(event.data)["sequence"] for event in by_word] == [2, 5]
        by_type = await w.whole_stream(begin, type="complete")
        assert [json.loads(event.data)["sequence"] for event in by_type] == [5]
        headers = {"authorization": "Bearer ana", "last-event-id": begin}
        url = f"{w.url}/jobs/job-1/events"
        text = (await w.client.get(url, headers=headers, params={"agent": "Geo Agent"})).text
        ids = [line for line in text.splitlines() if line.startswith("id: ")]
        assert ids[-1].endswith(":6")  # so that the next request is told to stay away
        assert (await w.client.get(url, headers=headers, params={"type": "nonsense"})).status_code == 400


async def test_a_stream_beyond_a_limit_is_a_problem() -> None:
    async with world() as w:
        w.bridge.connections = Connections(MemoryEndedLogins(), per_user=1)
        async with w.stream() as events:
            await next_status(events)
            answer = await w.client.get(f"{w.url}/jobs/job-1/events", headers={"authorization": "Bearer ana"})
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "5")
        assert answer.headers["content-type"] == "application/problem+json"
        while len(w.bridge.connections):
            await asyncio.sleep(0.001)


async def test_a_log_that_can_not_be_read_is_a_problem_before_the_stream_begins() -> None:
    async with world() as w:
        reader = CountingReader(w.bridge.reader)
        w.bridge.tails = Tails(reader, pace=QUICK)
        reader.failures = 1
        assert await w.status() == 503
