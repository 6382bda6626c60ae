"""`/ws/orchestrator/{session_id}` from handshake to close, through Starlette's own client."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient, WebSocketDenialResponse, WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from statusbeam.bridge.access.origins import Origins
from statusbeam.bridge.dialects.five_messages import ProgressMessage
from statusbeam.bridge.routes.connection_manager import OUTBOX, ConnectionManager
from statusbeam.bridge.routes.orchestrator_socket import router
from statusbeam.bridge.service import Bridge
from tests.unit.statusbeam.bridge.samples import QUICK, Log
from tests.unit.statusbeam.bridge.viewers import by_name


class World:
    """A log, and an application that shows it."""

    def __init__(self, *, heartbeat_seconds: float = 30) -> None:
        self.log = Log()
        self.bridge = Bridge.in_memory(
            self.log.journal, authenticate=by_name, pace=QUICK, heartbeat_seconds=heartbeat_seconds
        )
        self.connections = ConnectionManager(self.bridge)
        app = FastAPI()
        app.state.connections = self.connections
        app.include_router(router)
        self.client = TestClient(app)

    def connect(self, session_id: str = "job-1", viewer: str = "ana", **more: Any) -> WebSocketTestSession:
        headers = {"authorization": f"Bearer {viewer}", **more.pop("headers", {})}
        path = f"/ws/orchestrator/{session_id}"
        return self.client.websocket_connect(path, headers=headers, **more)

    def refusal(self, session_id: str = "job-1", **more: Any) -> WebSocketDenialResponse:
        with pytest.raises(WebSocketDenialResponse) as refused, self.connect(session_id, **more):
            raise AssertionError
        return refused.value


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    with made.client:
        yield made
    assert made.connections.get_connection_count() == len(made.bridge.connections) == 0
    assert made.bridge.tails.watched == 0


def types_until_closed(socket: WebSocketTestSession) -> tuple[list[str], int]:
    """The types of all messages, and the code that the server closed with."""
    types: list[str] = []
    while True:
        try:
            types.append(socket.receive_json()["type"])
        except WebSocketDisconnect as closed:
            return types, closed.code


def test_a_socket_follows_a_job_from_before_its_first_status_to_its_end(world: World) -> None:
    with world.connect() as socket:
        world.log.say("agent_invoking")
        assert socket.receive_json()["type"] == "agent_status"
        world.log.say("agent_complete")
        assert socket.receive_json()["agent"] == "Geo Agent"
        world.log.end()
        last = socket.receive_json()
        assert (last["type"], last["agent"], last["session_id"]) == ("complete", "orchestrator", "job-1")
        assert types_until_closed(socket) == ([], 1000)


def test_a_socket_that_connects_late_gets_the_state_and_the_end(world: World) -> None:
    world.log.say("agent_invoking", "agent_complete")
    world.log.end("error")
    with world.connect() as socket:
        assert types_until_closed(socket) == (["progress", "complete", "error"], 1000)


def test_several_clients_of_a_session_get_the_same(world: World) -> None:
    with world.connect() as one, world.connect() as other:
        world.log.say("agent_invoking", "agent_complete")
        world.log.end()
        assert types_until_closed(one) == types_until_closed(other) == (
            ["agent_status", "complete", "complete"],
            1000,
        )  # fmt: skip


def test_a_reconnecting_client_gets_the_missed_statuses_once(world: World) -> None:
    with world.connect() as socket:
        world.log.say("agent_invoking")
        cursor = socket.receive_json()["data"]["cursor"]
    world.log.say("calling_tool", "tool_complete")
    with world.connect(params={"after": cursor}) as socket:
        seen = [socket.receive_json()["data"]["word"] for _ in range(2)]
        assert seen == ["calling_tool", "tool_complete"]
        world.log.end()
        assert socket.receive_json()["data"]["state"] == "cancelled"  # the agent has not finished
        last = socket.receive_json()["data"]["cursor"]
        assert types_until_closed(socket) == ([], 1000)
    with world.connect(params={"after": last}) as socket:  # it has everything
        assert types_until_closed(socket) == ([], 1000)


def test_a_client_that_was_cut_off_within_a_status_gets_the_rest_of_it(world: World) -> None:
    world.log.say("agent_invoking")
    with world.connect() as socket:
        join = [socket.receive_json() for _ in range(2)]
        world.log.end()  # two messages: the open agent, and the job
        cut_off_after = socket.receive_json()
    with world.connect(params={"after": cut_off_after["data"]["cursor"]}) as socket:
        last = socket.receive_json()
        assert (last["type"], last["agent"]) == ("complete", "orchestrator")
        assert types_until_closed(socket) == ([], 1000)
    with world.connect(params={"after": join[0]["data"]["cursor"]}) as socket:
        assert socket.receive_json()["type"] == "progress"  # a snapshot again


def test_a_cursor_of_another_log_gets_a_verdict_and_the_state(world: World) -> None:
    world.log.say("agent_invoking")
    with world.connect(params={"after": "other:7"}) as socket:
        assert socket.receive_json()["data"]["reason"] == "other_epoch"
        assert socket.receive_json()["type"] == "agent_status"


@pytest.mark.parametrize("key", ["sessionId", "correlationId"])
def test_a_session_id_may_be_another_name_of_the_job(world: World, key: str) -> None:
    world.log.say("loading_agents", agentName=None, metadata={key: "visit-7"})
    with world.connect("visit-7") as socket:
        message = socket.receive_json()
        assert (message["session_id"], message["data"]["jobId"]) == ("visit-7", "job-1")


def test_a_session_that_gets_its_job_later_is_found_by_its_other_name(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("statusbeam.bridge.routes.connection_manager.FIND_SECONDS", 0.01)
    with world.connect("visit-7") as socket:
        world.log.say("loading_agents", agentName=None, metadata={"sessionId": "visit-7"})
        assert socket.receive_json()["data"]["jobId"] == "job-1"


@pytest.mark.parametrize("viewer", ["ben", "leo"])
def test_another_users_job_yields_nothing(viewer: str) -> None:
    world = World(heartbeat_seconds=0.05)
    with world.client, world.connect(viewer=viewer) as socket:
        world.log.say("agent_invoking")
        world.log.end()
        assert [socket.receive_json()["type"] for _ in range(2)] == ["heartbeat", "heartbeat"]


def test_an_operator_sees_the_jobs_of_the_tenant(world: World) -> None:
    world.log.say("agent_invoking")
    world.log.end()
    with world.connect(viewer="operator") as socket:
        assert types_until_closed(socket)[1] == 1000


def test_a_quiet_socket_gets_heartbeats_and_a_pong_is_accepted() -> None:
    world = World(heartbeat_seconds=0.02)
    with world.client, world.connect() as socket:
        beat = socket.receive_json()
        assert (beat["type"], beat["message"], beat["session_id"]) == ("heartbeat", "ping", "job-1")
        socket.send_text("pong")
        socket.send_bytes(b"pong")
        socket.send_json({"type": "pong"})
        assert socket.receive_json()["type"] == "heartbeat"


def test_messages_of_your_own_reach_the_session_or_everybody(world: World) -> None:
    own = ProgressMessage(timestamp="2026-11-20T09:30:00.000Z", session_id="a", status="Own", progress=1)
    with world.connect("a") as a, world.connect("b") as b:
        assert world.client.portal is not None
        while world.connections.get_connection_count() < 2:
            world.client.portal.call(lambda: None)
        assert world.connections.get_connection_count("a") == 1
        world.client.portal.call(world.connections.send_message, "a", own)
        world.client.portal.call(world.connections.broadcast, {"type": "notice"})
        assert [a.receive_json()["type"] for _ in range(2)] == ["progress", "notice"]
        assert b.receive_json()["type"] == "notice"


def test_a_socket_that_takes_none_of_your_own_messages_is_closed(world: World) -> None:
    with world.connect() as socket:
        assert world.client.portal is not None

        async def flood() -> None:
            while not world.connections.get_connection_count():
                await world.bridge.reader.heads([])
            for _ in range(OUTBOX + 1):
                await world.connections.send_message("job-1", {"type": "notice"})

        world.client.portal.call(flood)
        assert types_until_closed(socket)[1] == 1013


@pytest.mark.parametrize(
    ("more", "status"),
    [
        pytest.param({"headers": {"authorization": ""}}, 401, id="without a token"),
        pytest.param({"viewer": "mallory"}, 401, id="with a bad token"),
        pytest.param({"params": {"after": "7"}}, 400, id="with a bad cursor"),
        pytest.param({"headers": {"origin": "https://evil.example"}}, 403, id="from another page"),
    ],
)
def test_a_refused_handshake_has_a_reason(world: World, more: dict[str, Any], status: int) -> None:
    world.bridge.origins = Origins(["https://ours.example"])
    refused = world.refusal(**more)
    assert refused.status_code == status
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["status"] == status
    with world.connect(headers={"origin": "https://ours.example"}):
        assert world.client.portal is not None


def test_a_token_is_good_in_the_query_for_clients_without_headers(world: World) -> None:
    world.log.end()
    path = "/ws/orchestrator/job-1?ticket=ana"
    with world.client.websocket_connect(path) as socket:
        assert types_until_closed(socket)[1] == 1000


def test_sockets_close_when_the_login_ends_and_when_the_process_does(world: World) -> None:
    @contextmanager
    def opened() -> Iterator[WebSocketTestSession]:
        with world.connect() as socket:
            assert world.client.portal is not None
            while not len(world.bridge.connections):
                world.client.portal.call(lambda: None)
            yield socket

    assert world.client.portal is not None
    with opened() as socket:
        world.bridge.connections._ended.end("city", "ana", at=100)  # type: ignore[attr-defined]
        world.client.portal.call(world.bridge.connections.end_ended_logins)
        assert types_until_closed(socket) == ([], 1008)
    with opened() as socket:
        world.client.portal.call(world.bridge.connections.end_all)
        assert types_until_closed(socket) == ([], 1012)
    assert world.refusal().status_code == 503


def test_a_filter_hides_messages_and_never_the_last_one(world: World) -> None:
    with world.connect(params={"agent": "Geo Agent"}) as socket:
        world.log.say("agent_invoking", agentName="Other Agent")
        world.log.say("agent_invoking")
        world.log.end()
        left_open = ["agent_status", "agent_status"]  # the end is never hidden, nor what it leaves open
        assert types_until_closed(socket) == (["agent_status", *left_open, "complete"], 1000)
