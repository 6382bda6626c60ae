"""`statusbeam.bridge.fastapi` in somebody's own application: three lines, and the agents are seen live."""

from __future__ import annotations

import asyncio

import pytest
from fastapi import FastAPI
from starlette.requests import HTTPConnection
from starlette.testclient import TestClient, WebSocketDenialResponse

from status_utils import UnknownAgentError, job
from statusbeam.bridge import fastapi as bridge
from statusbeam.bridge.access.viewer import Viewer
from statusbeam.bridge.fastapi import AgentHandoffManager, ConnectionManager, router
from statusbeam.bridge.problems import Problem


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
