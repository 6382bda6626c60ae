"""`statusbeam.bridge.fastapi` in another application: three lines, and clients follow the agents live."""

from __future__ import annotations

import asyncio

import pytest
from fastapi import FastAPI
from starlette.requests import HTTPConnection
from starlette.testclient import TestClient, WebSocketDenialResponse
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from status_utils import UnknownAgentError, job
from statusbeam.bridge import fastapi as bridge
from statusbeam.bridge.access.connections import LOGIN_CHECK_SECONDS, Connections
from statusbeam.bridge.access.ended_logins import MemoryEndedLogins
from statusbeam.bridge.access.viewer import Viewer
from statusbeam.bridge.fastapi import AgentHandoffManager, ConnectionManager, router
from statusbeam.bridge.problems import Problem
from statusbeam.bridge.service import Bridge
from tests.unit.statusbeam.bridge.samples import QUICK, Log
from tests.unit.statusbeam.bridge.served import served
from tests.unit.statusbeam.bridge.viewers import by_name


def application(connections: ConnectionManager) -> FastAPI:
    app = FastAPI()
    app.state.connections = connections
    app.include_router(router)
    return app


def test_a_handoff_is_seen_by_the_sockets_of_its_session() -> None:
    connections = ConnectionManager()
    handoffs = AgentHandoffManager(connections)
    handoffs.register("Geo Agent", lambda context: {"summary": f"{context['text']} is Elm Street"})
    with TestClient(application(connections)) as client, client.websocket_connect(
        "/ws/orchestrator/session-1"
    ) as socket:  # fmt: skip
        assert client.portal is not None
        result = client.portal.call(handoffs.call_agent, "Geo Agent", {"text": "It"}, 30, "session-1")
        begun, done = socket.receive_json(), socket.receive_json()
    assert result == {"summary": "It is Elm Street"}
    assert (begun["type"], begun["agent"], begun["progress"]) == ("agent_status", "Geo Agent", 0)
    assert (done["type"], done["agent"], done["status"]) == ("complete", "Geo Agent", "It is Elm Street")
    assert connections.get_connection_count() == 0


def test_a_handoff_that_fails_is_an_error_of_its_agent_and_raises_as_before() -> None:
    connections = ConnectionManager()
    handoffs = AgentHandoffManager(connections, session_id="session-1")

    def fail(_: object) -> None:
        raise ValueError("no map today")

    handoffs.register("Geo Agent", fail)
    with TestClient(application(connections)) as client, client.websocket_connect(
        "/ws/orchestrator/session-1"
    ) as socket:  # fmt: skip
        assert client.portal is not None
        with pytest.raises(ValueError, match="no map today"):
            client.portal.call(handoffs.call_agent, "Geo Agent", {})
        messages = [socket.receive_json() for _ in range(2)]
    assert [(message["type"], message["agent"]) for message in messages] == [
        ("agent_status", "Geo Agent"),
        ("error", "Geo Agent"),
    ]
    with pytest.raises(UnknownAgentError):
        asyncio.run(handoffs.call_agent("Nobody", {}))


def test_a_job_of_the_library_is_seen_to_its_end_and_by_who_connects_after_it() -> None:
    connections = ConnectionManager()
    with job(
        job_id="session-1",
        user_id="somebody",
        tenant_id=connections.tenant_id,
        transport=connections.transport,
    ) as scope, scope.agent("Geo Agent") as agent:  # fmt: skip
        agent.progress(40, "Reading the map")
    with TestClient(application(connections)) as client, client.websocket_connect(
        "/ws/orchestrator/session-1"
    ) as socket:  # fmt: skip
        types = [socket.receive_json()["type"] for _ in range(3)]
    assert types == ["progress", "complete", "complete"]


def test_an_application_asks_its_own_login() -> None:
    async def authenticate(connection: HTTPConnection) -> Viewer:
        if connection.cookies.get("login") != "ana":
            raise Problem.unauthenticated()
        return Viewer(user_id="ana", tenant_id="local")

    with TestClient(application(ConnectionManager(authenticate=authenticate))) as client:
        with pytest.raises(WebSocketDenialResponse), client.websocket_connect("/ws/orchestrator/s"):
            raise AssertionError
        with client.websocket_connect("/ws/orchestrator/s", headers={"cookie": "login=ana"}):
            assert client.portal is not None


def test_all_names_are_exported() -> None:
    assert bridge.__all__ == sorted(bridge.__all__, key=str)
    assert all(hasattr(bridge, name) for name in bridge.__all__)


async def test_sockets_of_an_own_application_end_with_their_login() -> None:
    """The application has no lifespan and calls nothing of the bridge."""
    log, ended = Log(), MemoryEndedLogins()
    log.say("agent_invoking")
    made = Bridge.in_memory(log.journal, authenticate=by_name, pace=QUICK, clock=log.time.clock())
    made.connections = Connections(ended, check_seconds=0.01)
    app = application(ConnectionManager(bridge=made))
    async with served(app, made) as url:
        address = f"{url.replace('http', 'ws')}/ws/orchestrator/job-1"
        async with connect(address, additional_headers={"authorization": "Bearer ana"}, proxy=None) as socket:
            await socket.recv()
            ended.end("city", "ana", at=1_000)
            with pytest.raises(ConnectionClosed) as closed:
                while True:
                    await socket.recv()
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, "login_ended")


def test_logins_are_checked_often_enough_to_end_a_stream_within_five_seconds() -> None:
    assert LOGIN_CHECK_SECONDS <= 2.5
