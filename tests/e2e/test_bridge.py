"""Foreign clients read the bridge of a localcloud with the demo users' tokens and view tokens.

Each category of what watchers do is one test: connection management, task monitoring, agent status, workflow
streaming, notifications, multi-client broadcast, authentication, error handling and reconnection.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from httpx_sse import connect_sse
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.sync.client import connect
from websockets.sync.connection import Connection

from statusbeam.localcloud.outputs import DemoUser
from tests.e2e.cloud import Cloud, fresh_id, status
from tests.e2e.waiting import DEADLINE_SECONDS, wait_for


class Watcher:
    """A user of the bridge, with their token."""

    def __init__(self, cloud: Cloud, user: DemoUser, token: str) -> None:
        self.user = user
        self.token = token
        self._cloud = cloud
        self._url = cloud.outputs.bridge_url
        self._http = httpx.Client(
            base_url=self._url, headers={"authorization": f"Bearer {token}"}, timeout=DEADLINE_SECONDS
        )

    @contextmanager
    def socket(self, session_id: str, query: str = "", *, header: bool = True) -> Iterator[Connection]:
        url = f"{self._url.replace('http', 'ws')}/ws/orchestrator/{session_id}{query}"
        headers = {"authorization": f"Bearer {self.token}"} if header else {}
        with connect(url, additional_headers=headers, proxy=None) as socket:
            yield socket

    def close(self) -> None:
        self._http.close()

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self._http.get(path, **more)

    def post(self, path: str, **more: Any) -> httpx.Response:
        return self._http.post(path, **more)

    def events(self, job_id: str, last_event_id: str = "") -> list[Any]:
        """All events of a job's stream until the bridge ends it; none for HTTP 204."""
        headers = {"last-event-id": last_event_id}
        with connect_sse(self._http, "GET", f"/jobs/{job_id}/events", headers=headers) as source:
            if source.response.status_code == 204:
                return []
            return [event for event in source.iter_sse() if event.event != "message"]

    def report(self, job_id: str, *words: str) -> None:
        """Publish one status a word: of the job for `complete` and `error`, else of the Geo Agent."""
        for word in words:
            more: dict[str, Any] = {"agentName": None} if word in ("complete", "error") else {}
            update = status(
                job_id, self.user.user_id, self.user.tenant_id, f"Now: {word}", status=word, **more
            )
            self._cloud.publish({name: value for name, value in update.items() if value is not None})


@contextmanager
def watcher_of(cloud: Cloud, user: DemoUser, token: str) -> Iterator[Watcher]:
    watcher = Watcher(cloud, user, token)
    try:
        yield watcher
    finally:
        watcher.close()


@pytest.fixture
def ana(cloud: Cloud) -> Iterator[Watcher]:
    user = cloud.user(tenant=0)
    with watcher_of(cloud, user, cloud.sign_in(user).access) as watcher:
        yield watcher


@pytest.fixture
def ben(cloud: Cloud) -> Iterator[Watcher]:
    user = cloud.user(tenant=0, which=1)
    with watcher_of(cloud, user, cloud.sign_in(user).id) as watcher:
        yield watcher


def messages(socket: Connection) -> list[dict[str, Any]]:
    """All messages until the bridge closes the socket."""
    return [json.loads(text) for text in socket]


def streams(watcher: Watcher) -> int:
    count: int = watcher.get("/health").json()["connections"]
    return count


def test_connection_management(ana: Watcher) -> None:
    job_id = fresh_id("job")
    with ana.socket(job_id) as one, ana.socket(job_id):
        wait_for("both streams, and no earlier one", lambda: streams(ana) == 2)
        assert 'statusbeam_bridge_streams{dialect="ws5"} 2.0' in ana.get("/metrics").text
        one.send("pong")
    wait_for("no stream", lambda: streams(ana) == 0)


def test_task_monitoring(ana: Watcher) -> None:
    started = ana.post("/run-workflow", json={"complaint": "A pothole on Elm Street"})
    session_id = started.json()["session_id"]
    assert started.status_code == 202
    states = []

    def ended() -> dict[str, Any] | None:
        found: dict[str, Any] = ana.get(started.headers["location"]).json()
        states.append(found["overallStatus"])
        return found if found["overallStatus"] == "completed" else None

    done = wait_for("the end", ended)
    in_order = ("pending", "initializing", "processing", "completed")  # some may be over before anybody asks
    assert states == sorted(states, key=in_order.index)
    assert set(done["agents"]) >= {"geoAgent", "categoryAgent"}
    assert {agent["status"] for agent in done["agents"].values()} == {"success"}
    assert done["totalTokenUsage"]["totalTokens"] >= 0
    assert session_id in [job["jobId"] for job in ana.get("/jobs").json()["jobs"]]


def test_agent_status(ana: Watcher) -> None:
    job_id = fresh_id("job")
    with ana.socket(job_id) as socket:
        ana.report(job_id, "agent_invoking", "calling_tool", "agent_complete", "complete")
        found = messages(socket)
    of_agent = [message for message in found if message["agent"] == "Geo Agent"]
    assert [message["type"] for message in of_agent] == ["agent_status", "agent_status", "complete"]
    assert {message["session_id"] for message in found} == {job_id}


def test_workflow_streaming(ana: Watcher) -> None:
    job_id = fresh_id("job")
    with ana.socket(job_id) as socket:
        ana.report(job_id, "agent_invoking", "agent_complete", "complete")
        *_, last = messages(socket)
        assert (socket.close_code, last["agent"], last["progress"]) == (1000, "orchestrator", 100)
    snapshot, *_ = ana.events(job_id)
    assert json.loads(snapshot.data)["overallStatus"] == "completed"


def test_notifications(ana: Watcher) -> None:
    job_id = fresh_id("job")
    ana.report(job_id, "agent_error", "error")
    found = []
    with ana.socket(job_id) as socket:
        found = messages(socket)
    errors = [(message["agent"], message["error"]) for message in found if message["type"] == "error"]
    assert errors == [("Geo Agent", "Now: agent_error"), ("orchestrator", "failed")]


def test_multi_client_broadcast(cloud: Cloud, ana: Watcher) -> None:
    job_id = fresh_id("job")
    operator = cloud.user(tenant=0, role="operator")
    with (
        watcher_of(cloud, operator, cloud.sign_in(operator).access) as olga,
        ana.socket(job_id) as one,
        ana.socket(job_id) as other,
        olga.socket(job_id) as third,
    ):
        ana.report(job_id, "agent_invoking", "agent_complete", "complete")
        assert messages(one) == messages(other) == messages(third)


def test_operators_see_their_tenant_and_nobody_else_does(cloud: Cloud, ana: Watcher) -> None:
    job_id = fresh_id("job")
    ana.report(job_id, "agent_invoking", "agent_error")
    operator = cloud.user(tenant=0, role="operator")
    with watcher_of(cloud, operator, cloud.sign_in(operator).access) as olga:

        def health() -> Any:
            found = olga.get("/operations", params={"job": job_id}).json()
            return found if found["agent_health"]["agents"] else None

        found = wait_for("the agent", health)
        (agent,) = found["agent_health"]["agents"]
        assert (agent["name"], agent["health"], agent["troubledJobs"]) == ("Geo Agent", "degraded", [job_id])
        assert found["system"]["backlog"] >= 0
        assert found["system"]["failures"] == {"jobs": 0, "agents": 1}
    refused = ana.get("/operations")
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:statusbeam:problem:forbidden")


def test_authentication(cloud: Cloud, ana: Watcher, ben: Watcher) -> None:
    job_id = fresh_id("job")
    ana.report(job_id, "agent_invoking", "complete")
    view_token = cloud.view_token(ana.user.user_id, ana.user.tenant_id, job_ids=[job_id])
    with watcher_of(cloud, ana.user, view_token) as narrow:
        assert narrow.get(f"/jobs/{job_id}").json()["overallStatus"] == "completed"
        assert narrow.post("/run-workflow", json={}).status_code == 403
        with narrow.socket(job_id, f"?ticket={view_token}", header=False) as socket:
            assert messages(socket)[-1]["type"] == "complete"
    ticket = ana.post("/tickets").json()["ticket"]
    with ana.socket(job_id, f"?ticket={ticket}", header=False) as socket:
        assert messages(socket)[-1]["type"] == "complete"
    for query in (f"?ticket={ticket}", "?ticket=invented", ""):
        with pytest.raises(InvalidStatus) as refused, ana.socket(job_id, query, header=False):
            pytest.fail("the handshake was accepted")
        assert refused.value.response.status_code == 401
    other_client = cloud.sign_in(ana.user, client_id=cloud.new_app_client())
    for token in (other_client.access, other_client.id):
        with watcher_of(cloud, ana.user, token) as foreign:
            assert foreign.get(f"/jobs/{job_id}").status_code == 401
    assert ben.get(f"/jobs/{job_id}").status_code == 404
    assert ben.get(f"/workflow/{job_id}/status").json()["overallStatus"] == "pending"


def test_sessions_that_are_ended_end_their_streams(cloud: Cloud) -> None:
    user = cloud.new_user("riverton")
    with watcher_of(cloud, user, cloud.sign_in(user).access) as watcher:
        with watcher.socket(fresh_id("job")) as socket:
            mutation = (
                "mutation($input: EndSessionsInput!) { endSessions(input: $input) { userId tenantId } }"
            )
            cloud.graphql(cloud.caller(user), mutation, {"input": {"userId": user.user_id}})
            with pytest.raises(ConnectionClosedError):
                messages(socket)
            assert (socket.close_code, socket.close_reason) == (1008, "login_ended")
        assert watcher.get("/jobs").status_code == 401


def test_error_handling_and_reconnection(ana: Watcher) -> None:
    job_id = fresh_id("job")
    with ana.socket(job_id) as socket:
        ana.report(job_id, "agent_invoking")
        cursor = json.loads(socket.recv(DEADLINE_SECONDS))["data"]["cursor"]
    ana.report(job_id, "calling_tool", "tool_complete", "agent_complete", "complete")
    with ana.socket(job_id, f"?after={cursor}") as socket:
        words = [message["data"]["word"] for message in messages(socket)]
    assert [word for word in words if word] == ["calling_tool", "tool_complete", "agent_complete", "complete"]
    events = ana.events(job_id, cursor)
    assert [json.loads(event.data)["sequence"] for event in events] == [2, 3, 4, 5]
    assert ana.events(job_id, events[-1].id) == []
    missing = ana.get("/jobs/no-such-job")
    assert (missing.status_code, missing.headers["content-type"]) == (404, "application/problem+json")
    verdict, *_ = ana.events(job_id, "other:1")
    assert json.loads(verdict.data) == {"recovered": False, "reason": "other_epoch"}
