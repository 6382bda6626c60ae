"""The REST routes: workflows, states, jobs and logs; every error is a problem document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from statusbeam.bridge.app import create_app
from statusbeam.bridge.dialects.flat_status import camel_case
from statusbeam.bridge.service import Bridge
from statusbeam.bridge.workflows import MemoryWorkflows
from statusbeam.model.errors import JournalError
from statusbeam.model.limits import DAY_SECONDS
from tests.unit.statusbeam.bridge.samples import QUICK, CountingReader, Log
from tests.unit.statusbeam.bridge.viewers import by_name

Response = Any  # the test client's library has types of its own


class World:
    """A log, and the bridge's application before it."""

    def __init__(self) -> None:
        self.log = Log()
        self.workflows = MemoryWorkflows("complaints", "reports")
        self.bridge = Bridge.in_memory(
            self.log.journal, authenticate=by_name, pace=QUICK, clock=self.log.time.clock()
        )
        self.bridge.workflows = self.workflows
        self.client = TestClient(create_app(self.bridge), raise_server_exceptions=False)

    def get(self, path: str, viewer: str = "ana", **more: Any) -> Response:
        headers = {"authorization": f"Bearer {viewer}", **more.pop("headers", {})}
        answer: Response = self.client.get(path, headers=headers, **more)
        return answer

    def post(self, path: str, viewer: str = "ana", **more: Any) -> Response:
        answer: Response = self.client.post(path, headers={"authorization": f"Bearer {viewer}"}, **more)
        return answer


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    with made.client:
        yield made


def assert_problem(answer: Response, status: int, code: str) -> None:
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert (answer.status_code, document["status"]) == (status, status)
    assert document["type"] == f"urn:statusbeam:problem:{code}"
    assert document["title"]
    assert document["detail"]


def test_a_workflow_is_started_for_the_caller_and_answers_at_once(world: World) -> None:
    body = {"complaint": "A pothole", "userId": "mallory", "tenantId": "lake", "jobId": "x"}
    answer = world.post("/run-workflow", json=body)
    session_id = answer.json()["session_id"]
    assert (answer.status_code, answer.headers["location"]) == (202, f"/workflow/{session_id}/status")
    assert answer.json() == {"session_id": session_id, "workflow": "complaints", "status": "pending"}
    owner = {"jobId": session_id, "userId": "ana", "tenantId": "city"}
    assert world.workflows.started == {session_id: ("complaints", {"complaint": "A pothole", **owner})}


def test_a_workflow_is_chosen_by_name_and_its_session_by_the_caller(world: World) -> None:
    answer = world.post("/run-workflow", json={"workflow": "reports", "session_id": "r-7", "month": 11})
    assert answer.status_code == 202
    name, document = world.workflows.started["r-7"]
    assert (name, document["month"], "workflow" in document) == ("reports", 11, False)
    assert_problem(world.post("/run-workflow", json={"session_id": "r-7"}), 409, "conflict")


@pytest.mark.parametrize(
    ("body", "viewer", "status", "code"),
    [
        ({"workflow": "unknown"}, "ana", 404, "not-found"),
        ({"session_id": ""}, "ana", 422, "invalid-request"),
        ({"session_id": "a b"}, "ana", 422, "invalid-request"),
        ({"session_id": 7}, "ana", 422, "invalid-request"),
        ([], "ana", 422, "invalid-request"),
        ({}, "narrow", 403, "forbidden"),
        ({}, "nobody", 401, "unauthenticated"),
    ],
)
def test_a_workflow_that_can_not_be_started_has_a_reason(
    world: World, body: Any, viewer: str, status: int, code: str
) -> None:
    assert_problem(world.post("/run-workflow", viewer, json=body), status, code)
    assert world.workflows.started == {}


def test_an_unknown_session_and_one_of_somebody_else_are_both_pending(world: World) -> None:
    unknown = world.get("/workflow/job-1/status", "ben")
    world.log.say("agent_invoking")
    hidden = world.get("/workflow/job-1/status", "ben")
    assert (unknown.status_code, unknown.json()["overallStatus"]) == (200, "pending")
    assert hidden.json() == unknown.json()
    assert unknown.json()["agents"] == {}


def test_a_sessions_state_has_its_agents_by_key(world: World) -> None:
    usage = {"tokenUsage": {"inputTokens": 5, "outputTokens": 2}}
    world.log.say("agent_invoking", metadata=usage)
    world.log.write(
        {"agentName": "Geo Agent", "invocationId": "second", "progress": 40, "status": "progress"}
    )
    state = world.get("/workflow/job-1/status").json()
    assert list(state["agents"]) == ["geoAgent", "geoAgent2"]
    assert state["agents"]["geoAgent"]["status"] == "in-progress"
    assert state["agents"]["geoAgent"]["tokenUsage"]["totalTokens"] == 7
    assert state["agents"]["geoAgent2"]["progress"] == 40
    assert state["totalTokenUsage"]["totalTokens"] == 7
    assert (state["sessionId"], state["jobId"], state["overallStatus"]) == ("job-1", "job-1", "processing")


def test_a_session_is_found_by_its_other_names(world: World) -> None:
    world.log.say("loading_agents", agentName=None, metadata={"correlationId": "visit 7"})
    for viewer in ("ana", "narrow"):
        assert world.get("/workflow/visit 7/status", viewer).json()["jobId"] == "job-1"
    assert world.get("/workflow/visit 7/status", "ben").json()["jobId"] is None


@pytest.mark.parametrize("path", ["/workflow/job-1/status", "/jobs/job-1"])
def test_a_client_with_the_current_state_gets_304(world: World, path: str) -> None:
    world.log.say("agent_invoking")
    etag = world.get(path).headers["etag"]
    assert world.get(path, headers={"if-none-match": etag}).status_code == 304
    assert world.get(path, headers={"if-none-match": f'"x", W/{etag}'}).status_code == 304
    world.log.say("agent_complete")
    changed = world.get(path, headers={"if-none-match": etag})
    assert (changed.status_code, changed.headers["etag"] == etag) == (200, False)


def test_jobs_are_the_callers_own_newest_first(world: World) -> None:
    for number in range(3):
        world.log.write({"jobId": f"job-{number}", "timestamp": f"2026-11-20T08:3{number}:00.000Z"})
    world.log.write({"jobId": "of-ben", "userId": "ben"})
    world.log.write({"jobId": "job-1", "status": "complete", "agentName": None})
    first = world.get("/jobs", params={"limit": 2}).json()
    assert [job["jobId"] for job in first["jobs"]] == ["job-2", "job-1"]
    rest = world.get("/jobs", params={"limit": 2, "nextToken": first["nextToken"]}).json()
    assert ([job["jobId"] for job in rest["jobs"]], rest["nextToken"]) == (["job-0"], None)
    done = world.get("/jobs", params={"overallStatus": "completed"}).json()
    assert [job["jobId"] for job in done["jobs"]] == ["job-1"]
    assert [job["jobId"] for job in world.get("/jobs", "narrow").json()["jobs"]] == ["job-1"]


def test_a_job_is_read_by_its_readers_and_unknown_to_others(world: World) -> None:
    world.log.say("agent_invoking")
    job = world.get("/jobs/job-1").json()
    assert (job["jobId"], job["liveness"], job["agents"][0]["name"]) == ("job-1", "live", "Geo Agent")
    assert world.get("/jobs/job-1", "operator").json() == job
    for viewer in ("ben", "leo"):
        assert_problem(world.get("/jobs/job-1", viewer), 404, "not-found")
        assert_problem(world.get("/jobs/job-1/updates", viewer), 404, "not-found")
    assert world.get("/jobs/job-1", "ben").json() == world.get("/jobs/none", "ben").json()


def test_a_log_is_read_in_parts_that_join(world: World) -> None:
    world.log.say(*["calling_tool"] * 5)
    seen, after = [], "0:0"
    while True:
        page = world.get("/jobs/job-1/updates", params={"after": after, "limit": 2}).json()
        assert page["recovered"] is True
        seen += [update["sequence"] for update in page["updates"]]
        after = page["cursor"]
        if not page["more"]:
            break
    assert seen == [1, 2, 3, 4, 5]
    assert world.get("/jobs/job-1/updates", params={"after": after}).json()["updates"] == []


def test_a_log_with_missing_statuses_after_the_cursor_gets_a_verdict(world: World) -> None:
    world.log.say("agent_invoking", "calling_tool")
    epoch = world.log.job().head.epoch

    def reason(after: str) -> tuple[bool, str, list[Any]]:
        page = world.get("/jobs/job-1/updates", params={"after": after}).json()
        return page["recovered"], page["reason"], page["updates"]

    assert reason("other:1") == (False, "other_epoch", [])
    assert reason(f"{epoch}:9") == (False, "ahead_of_log", [])
    world.log.time.time += 8 * DAY_SECONDS
    assert reason(f"{epoch}:0") == (False, "log_expired", [])


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/jobs?limit=0", 422, "invalid-request"),
        ("/jobs/job-1/updates?after=7", 400, "bad-request"),
        (f"/jobs/{'x' * 200}", 400, "bad-request"),
        ("/workflow/%00/status", 400, "bad-request"),
        ("/nowhere", 404, "not-found"),
        ("/run-workflow", 405, "method-not-allowed"),
    ],
)
def test_a_request_that_makes_no_sense_is_a_problem(world: World, path: str, status: int, code: str) -> None:
    assert_problem(world.get(path), status, code)


def test_a_store_that_is_away_and_a_defect_are_problems_without_detail(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = CountingReader(world.bridge.reader)
    world.bridge.reader = reader
    reader.failures = 1
    away = world.get("/jobs/job-1")
    assert_problem(away, 503, "unavailable")
    assert away.headers["retry-after"] == "2"

    async def broken(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(reader, "snapshot", broken)
    defect = world.get("/jobs/job-1")
    assert_problem(defect, 500, "internal-error")
    assert "secret" not in defect.text
    assert JournalError.__name__ not in away.text


def test_only_allowed_pages_read_the_answers(world: World) -> None:
    preflight = world.client.options(
        "/jobs", headers={"origin": "https://a.example", "access-control-request-method": "GET"}
    )
    assert preflight.headers["access-control-allow-origin"] == "https://a.example"


@pytest.mark.parametrize(
    "header", ["authorization", "if-none-match", "last-event-id", "a2a-version", "mcp-protocol-version"]
)
def test_pages_may_send_the_headers_of_every_protocol(world: World, header: str) -> None:
    preflight = world.client.options(
        "/mcp",
        headers={
            "origin": "https://a.example",
            "access-control-request-method": "POST",
            "access-control-request-headers": f"authorization,{header}",
        },
    )
    assert preflight.status_code == 200
    assert header in preflight.headers["access-control-allow-headers"].lower()


def test_a_ticket_opens_one_stream_of_its_holder(world: World) -> None:
    issued = world.post("/tickets")
    assert (issued.status_code, issued.headers["cache-control"]) == (201, "no-store")
    ticket = issued.json()["ticket"]
    assert world.client.portal is not None
    viewer = world.client.portal.call(world.bridge.tickets.redeem, ticket)
    assert viewer is not None
    assert viewer.user_id == "ana"
    assert world.client.portal.call(world.bridge.tickets.redeem, ticket) is None


def test_health_and_metrics_need_no_token_and_count_streams(world: World) -> None:
    with world.client.websocket_connect("/ws/orchestrator/job-1?ticket=ana"):
        health = world.client.get("/health").json()
        text = world.client.get("/metrics").text
    assert health == {"status": "ok", "connections": 1, "watchedJobs": 1}
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert samples["statusbeam_bridge_streams", "ws5"] == 1
    assert samples["statusbeam_bridge_watched_jobs",] == 1
    world.bridge.connections.end_all()
    assert_problem(world.client.get("/health"), 503, "unavailable")


def test_the_openapi_document_names_every_route_and_its_problems(world: World) -> None:
    document = world.client.get("/openapi.json").json()
    assert {"/run-workflow", "/workflow/{session_id}/status", "/jobs", "/jobs/{job_id}"} <= set(
        document["paths"]
    )
    answers = document["paths"]["/jobs/{job_id}"]["get"]["responses"]
    assert {"200", "304", "400", "401", "404", "503"} <= set(answers)
    assert "application/problem+json" in answers["404"]["content"]


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Geo Agent", "geoAgent"),
        ("geo_agent", "geoAgent"),
        ("GeoAgent", "geoAgent"),
        ("geo-agent v2", "geoAgentV2"),
        ("OCR", "oCR"),
        ("Météo agent", "météoAgent"),
        ("---", "---"),
    ],
)
def test_an_agents_key_is_its_name_in_camel_case(name: str, key: str) -> None:
    assert camel_case(name) == key


def test_a_bridge_without_streams_answers_requests_only() -> None:
    log = Log()
    log.say("agent_invoking")
    bridge = Bridge.in_memory(log.journal, authenticate=by_name, pace=QUICK, clock=log.time.clock())
    with TestClient(create_app(bridge, streams=False), headers={"authorization": "Bearer ana"}) as client:
        for path in ("/jobs/job-1", "/jobs/job-1/stream", "/jobs/job-1/cloudevents", "/health"):
            assert client.get(path).status_code == 200
        for path in ("/jobs/job-1/events", "/operations/events"):
            assert client.get(path).status_code == 404
        with pytest.raises(WebSocketDisconnect), client.websocket_connect("/ws/orchestrator/job-1"):
            pytest.fail("the handshake was accepted")
