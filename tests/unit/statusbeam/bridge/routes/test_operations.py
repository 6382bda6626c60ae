"""A tenant's overview for operators: as a document, as server-sent events and over a WebSocket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from httpx_sse import aconnect_sse
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from statusbeam.bridge.access.connections import Connections
from statusbeam.bridge.access.ended_logins import MemoryEndedLogins
from statusbeam.bridge.app import create_app
from statusbeam.bridge.operations.tenant_watch import Operations
from statusbeam.bridge.service import Bridge
from tests.unit.statusbeam.bridge.samples import QUICK, Log
from tests.unit.statusbeam.bridge.served import served
from tests.unit.statusbeam.bridge.viewers import by_name

OPERATOR = {"authorization": "Bearer operator"}


class World:
    """A tenant with a job of Ana and one of Ben, and the bridge before it."""

    def __init__(self, url: str, log: Log, bridge: Bridge, ended: MemoryEndedLogins) -> None:
        self.url = url
        self.log = log
        self.bridge = bridge
        self.ended = ended
        self.client = httpx.AsyncClient(base_url=url, headers=OPERATOR)

    @asynccontextmanager
    async def events(self, query: str = "") -> AsyncIterator[AsyncIterator[tuple[str, dict[str, Any]]]]:
        async with aconnect_sse(self.client, "GET", f"/operations/events{query}") as source:
            assert source.response.status_code == 200
            yield ((event.event, json.loads(event.data)) async for event in source.aiter_sse() if event.data)

    @asynccontextmanager
    async def socket(self, query: str = "", viewer: str = "operator") -> AsyncIterator[Any]:
        url = f"{self.url.replace('http', 'ws')}/ws/operations{query}"
        async with connect(
            url, additional_headers={"authorization": f"Bearer {viewer}"}, proxy=None
        ) as socket:
            yield socket


@asynccontextmanager
async def world() -> AsyncIterator[World]:
    log, ended = Log(), MemoryEndedLogins()
    log.say("agent_invoking")
    log.say("agent_invoking", "agent_error", jobId="job-2", userId="ben", agentName="Tax Agent")
    bridge = Bridge.in_memory(log.journal, authenticate=by_name, pace=QUICK, clock=log.time.clock())
    bridge.connections = Connections(ended, check_seconds=0.01)
    bridge.operations = Operations(bridge.reader, clock=log.time.clock(), look_seconds=0.01)
    async with served(create_app(bridge), bridge) as url:
        w = World(url, log, bridge, ended)
        yield w
        await w.client.aclose()
    assert len(bridge.connections) == bridge.operations.watched == 0


async def until(events: AsyncIterator[tuple[str, dict[str, Any]]], kind: str) -> dict[str, Any]:
    async for event, data in events:
        if event == kind:
            return data
    raise AssertionError("the stream ended")


def healths(data: dict[str, Any]) -> dict[str, str]:
    return {agent["name"]: agent["health"] for agent in data["agents"]}


async def test_health_comes_at_once_and_when_it_changes() -> None:
    async with world() as w, w.events() as events:
        assert healths(await until(events, "agent_health")) == {
            "Tax Agent": "degraded",
            "Geo Agent": "healthy",
        }
        await until(events, "system")
        await until(events, "system")
        w.log.say("agent_error")
        assert healths(await until(events, "agent_health"))["Geo Agent"] == "degraded"


async def test_an_agent_that_becomes_silent_becomes_stale_and_then_lost() -> None:
    async with world() as w, w.events("?agent=Geo Agent") as events:
        assert healths(await until(events, "agent_health")) == {"Geo Agent": "healthy"}
        w.log.time.time += 100
        assert healths(await until(events, "agent_health")) == {"Geo Agent": "stale"}
        w.log.time.time += 300
        assert healths(await until(events, "agent_health")) == {"Geo Agent": "lost"}


async def test_figures_have_rates_backlog_failures_and_connections() -> None:
    async with world() as w, w.events("?family=system") as events:
        kind, data = await anext(events)
        assert kind == "system"
        assert data["jobs"]["running"] == 2
        assert data["failures"] == {"jobs": 0, "agents": 1}
        assert data["backlog"] is None
        assert data["rates"].keys() == {"statusesPerSecond", "jobsStartedPerMinute", "jobsEndedPerMinute"}
        assert data["connections"] == {"operations-sse": 1}


async def test_figures_are_those_of_the_caller_s_tenant() -> None:
    async with world() as w, w.events() as events:
        other = w.url.replace("http", "ws") + "/ws/orchestrator/job-9"
        async with connect(other, additional_headers={"authorization": "Bearer leo"}, proxy=None):
            for _ in range(2):
                data = await until(events, "system")
            assert data["connections"] == {"operations-sse": 1}
            assert data["watchedJobs"] == 0
        assert len(w.bridge.connections) >= 1


async def test_filters_narrow_by_user_job_and_family() -> None:
    async with world() as w:
        for query, expected in (
            ("?user=ana", {"Geo Agent"}),
            ("?user=ben", {"Tax Agent"}),
            ("?job=job-1&job=job-2", {"Geo Agent", "Tax Agent"}),
            ("?user=ana&job=job-2", set()),
        ):
            document = (await w.client.get(f"/operations{query}")).json()
            assert set(healths(document["agent_health"])) == expected
        document = (await w.client.get("/operations?family=agent")).json()
        assert document.keys() == {"agent_health"}
        assert (await w.client.get("/operations?family=nonsense")).status_code == 400


async def test_a_websocket_gets_the_same() -> None:
    async with world() as w, w.socket("?user=ana") as socket:
        first = json.loads(await socket.recv())
        assert (first["type"], healths(first)) == ("agent_health", {"Geo Agent": "healthy"})
        assert json.loads(await socket.recv())["type"] == "system"


@pytest.mark.parametrize("token", ["ana", "narrow"])
async def test_only_operators_see_a_tenant(token: str) -> None:
    async with world() as w:
        for path in ("/operations", "/operations/events"):
            answer = await w.client.get(path, headers={"authorization": f"Bearer {token}"})
            assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")
        with pytest.raises(InvalidStatus) as refused:
            async with w.socket(viewer=token):
                pytest.fail("the handshake was accepted")
        assert refused.value.response.status_code == 403


async def test_streams_end_with_their_login() -> None:
    async with world() as w:
        async with w.socket() as socket, w.events() as events:
            await socket.recv()
            w.ended.end("city", "olga", at=1_000)
            with pytest.raises(ConnectionClosed) as closed:
                while True:
                    await socket.recv()
            assert (closed.value.rcvd and closed.value.rcvd.code) == 1008
            async for _ in events:
                continue
        assert len(w.bridge.connections) == 0


async def test_a_client_that_leaves_is_forgotten() -> None:
    async with world() as w:
        async with w.socket() as socket, w.events() as events:
            await socket.recv()
            await anext(events)
            assert len(w.bridge.connections) == 2
        while len(w.bridge.connections):
            await asyncio.sleep(0.01)
        assert w.bridge.operations.watched == 0
