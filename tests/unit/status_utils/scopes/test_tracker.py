"""StatusTracker: the snapshot of a job that an orchestrator reports agent by agent."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from status_utils import MemoryTransport, StatusTracker, TransportError
from tests.unit.samples import StoppedClock
from tests.unit.status_utils.published import snapshot, statuses


class DeadTransport:
    """A backend that does not answer."""

    def send(self, payload: Mapping[str, Any]) -> None:
        raise TransportError("nobody answers", code="EndpointConnectionError", retriable=True)


@pytest.fixture
def transport() -> MemoryTransport:
    return MemoryTransport()


@pytest.fixture
def time() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def tracker(transport: MemoryTransport, time: StoppedClock) -> StatusTracker:
    return StatusTracker(
        "job-1",
        "ana",
        "city",
        correlation_id="request-7",
        document_id="doc-3",
        source_type="upload",
        transport=transport,
        clock=time.clock(),
    )


def agents(transport: MemoryTransport) -> dict[str, dict[str, Any]]:
    return {agent["name"]: agent for agent in snapshot(transport)["agents"]}


def status_words(transport: MemoryTransport) -> list[str]:
    return [update.status for update in statuses(transport)]


def test_a_job_is_seen_with_its_plan_pending_under_the_names_its_caller_brought(
    tracker: StatusTracker, transport: MemoryTransport
) -> None:
    assert tracker.initialize_status(["Geo Agent", {"name": "Work Order Agent", "dependsOn": ["Geo Agent"]}])
    job = snapshot(transport)
    assert (job["sessionId"], job["correlationId"]) == ("session-request-7", "request-7")
    assert (job["documentId"], job["sourceType"], job["overallStatus"]) == ("doc-3", "upload", "initializing")
    assert [(a["name"], a["status"], a["dependsOn"]) for a in job["agents"]] == [
        ("Geo Agent", "pending", None),
        ("Work Order Agent", "pending", ["Geo Agent"]),
    ]


@pytest.mark.parametrize(
    "name", ["A{}", "Agent {} " + "of a name that says what it is for " * 2], ids=["short", "long"]
)
def test_every_agent_of_a_long_plan_is_pending(
    tracker: StatusTracker, transport: MemoryTransport, name: str
) -> None:
    assert tracker.initialize_status([{"name": name.format(n), "depends_on": ["A0"]} for n in range(300)])
    found = snapshot(transport)["agents"]
    assert [(a["name"], a["status"], a["dependsOn"]) for a in found] == [
        (name.format(n), "pending", ["A0"]) for n in range(300)
    ]


SESSIONS: list[tuple[dict[str, Any], str]] = [
    # what the caller brings, the session
    ({}, "job-1"),
    ({"session_id": "s-1"}, "s-1"),
    ({"correlation_id": "request-7"}, "session-request-7"),
    ({"session_id": "s-1", "correlation_id": "request-7"}, "s-1"),
    ({"correlation_id": 7}, "session-7"),
    ({"correlation_id": "r" * 128}, "session-" + "r" * 120),  # within the limit of an id
]


@pytest.mark.parametrize(("ids", "session"), SESSIONS)
def test_the_session_is_the_one_that_the_caller_names_or_correlates(
    transport: MemoryTransport, ids: dict[str, Any], session: str
) -> None:
    tracker = StatusTracker("job-1", "ana", "city", **ids, transport=transport)
    tracker.initialize_status()
    assert (tracker.session_id, snapshot(transport)["sessionId"]) == (session, session)


def test_without_user_and_tenant_a_tracker_takes_those_of_the_environment(
    transport: MemoryTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATUS_USER_ID", "ben")
    monkeypatch.setenv("STATUS_TENANT_ID", "county")
    assert StatusTracker("job-1", transport=transport).initialize_status()
    assert StatusTracker("job-2", user_id="ana", transport=transport).initialize_status()
    owners = [(u.job_id, u.user_id, u.tenant_id) for u in statuses(transport)]
    assert owners == [("job-1", "ben", "county"), ("job-2", "ana", "county")]


def test_a_tracker_without_any_owner_reports_nothing_and_logs_which_field_is_missing(
    transport: MemoryTransport, caplog: pytest.LogCaptureFixture
) -> None:
    assert StatusTracker("job-1", transport=transport).initialize_status() is False
    assert transport.sent == []
    assert "userId is missing" in caplog.text


def test_ids_that_are_numbers_identify_the_job_as_texts(transport: MemoryTransport) -> None:
    ids: dict[str, Any] = {"correlation_id": 7, "document_id": 3}
    StatusTracker("job-1", "ana", "city", **ids, transport=transport).initialize_status()
    assert (snapshot(transport)["correlationId"], snapshot(transport)["documentId"]) == ("7", "3")


def test_without_a_correlation_id_the_session_is_the_job(transport: MemoryTransport) -> None:
    StatusTracker("job-1", "ana", "city", transport=transport).initialize_status()
    assert (snapshot(transport)["sessionId"], snapshot(transport)["correlationId"]) == ("job-1", None)


def test_an_agent_is_seen_from_pending_to_success_with_its_times_and_tokens(
    tracker: StatusTracker, transport: MemoryTransport, time: StoppedClock
) -> None:
    tracker.initialize_status()
    assert tracker.update_agent_status("Geo Agent", "pending")
    time.time += 2
    assert tracker.update_agent_status("Geo Agent", "in-progress", "Reading the address")
    assert agents(transport)["Geo Agent"]["activity"] == "Reading the address"
    time.time += 1.5
    usage = {"inputTokens": 900, "outputTokens": 40}
    assert tracker.update_agent_status("Geo Agent", "success", "Found Elm Street", token_usage=usage)
    geo = agents(transport)["Geo Agent"]
    assert (geo["status"], geo["activity"], geo["attempt"]) == ("success", "Found Elm Street", 1)
    assert (geo["startedAt"], geo["completedAt"]) == ("2026-11-20T08:30:02.000Z", "2026-11-20T08:30:03.500Z")
    assert (geo["duration"], geo["progress"]) == (1.5, 100)
    assert geo["tokenUsage"] == {"inputTokens": 900, "outputTokens": 40, "totalTokens": 940}


def test_an_agent_that_works_after_its_end_is_in_its_next_attempt(
    tracker: StatusTracker, transport: MemoryTransport, time: StoppedClock
) -> None:
    tracker.update_agent_status("Geo Agent", "in-progress", token_usage={"inputTokens": 10})
    tracker.update_agent_status("Geo Agent", "error", error="The map is closed")
    time.time += 5
    tracker.update_agent_status("Geo Agent", "in-progress")
    time.time += 1
    tracker.update_agent_status("Geo Agent", "success", token_usage={"inputTokens": 7})
    geo = agents(transport)["Geo Agent"]
    assert (geo["status"], geo["attempt"], geo["duration"]) == ("success", 2, 1)
    assert geo["tokenUsage"]["inputTokens"] == 17
    assert status_words(transport) == ["agent_invoking", "agent_error", "agent_retrying", "agent_complete"]


def test_a_percentage_is_progress_and_a_sentence_alone_is_not(
    tracker: StatusTracker, transport: MemoryTransport
) -> None:
    tracker.update_agent_status("Geo Agent", "in-progress")
    tracker.update_agent_status("Geo Agent", "in-progress", "Half of it", percent=50)
    tracker.update_agent_status("Geo Agent", "in-progress", "Nearly there", metadata={"streets": 3})
    assert status_words(transport) == ["agent_invoking", "progress", "in-progress"]
    assert agents(transport)["Geo Agent"]["progress"] == 50
    assert agents(transport)["Geo Agent"]["activity"] == "Nearly there"
    assert statuses(transport)[-1].metadata == {"streets": 3}


JOB_ENDS: list[tuple[dict[str, Any], str, str]] = [
    ({}, "completed", "The job is complete"),
    ({"message": "Sent to the road works"}, "completed", "Sent to the road works"),
    ({"status": "error"}, "failed", "The job failed"),
    ({"status": "completed"}, "completed", "The job is complete"),
    ({"status": "failed", "message": "Too dark"}, "failed", "Too dark"),
    ({"error": "No agent answered"}, "failed", "No agent answered"),  # an error is one, whatever the status
]


@pytest.mark.parametrize(("end", "overall", "message"), JOB_ENDS)
def test_the_job_ends_as_it_was_finalized(
    tracker: StatusTracker, transport: MemoryTransport, end: dict[str, Any], overall: str, message: str
) -> None:
    tracker.initialize_status()
    assert tracker.finalize_status(**end)
    assert snapshot(transport)["overallStatus"] == overall
    assert statuses(transport)[-1].message == message


def test_the_jobs_end_has_its_duration(
    tracker: StatusTracker, transport: MemoryTransport, time: StoppedClock
) -> None:
    tracker.initialize_status()
    time.time += 4.25
    tracker.finalize_status()
    assert statuses(transport)[-1].execution_time_ms == 4250


def test_an_exceptions_text_stays_in_the_local_log_under_the_id_that_readers_see(
    tracker: StatusTracker, transport: MemoryTransport, caplog: pytest.LogCaptureFixture
) -> None:
    tracker.update_agent_status("Geo Agent", "error", error=RuntimeError("host geo-db-3 is down"))
    (status,) = statuses(transport)
    assert status.message == "Geo Agent failed"
    assert status.metadata is not None
    assert "geo-db-3" not in str(transport.sent)
    assert status.metadata["errorId"] in caplog.text
    assert "geo-db-3" in caplog.text


def test_an_exception_may_bring_its_own_public_text(
    tracker: StatusTracker, transport: MemoryTransport
) -> None:
    error = RuntimeError("HTTP 418")
    error.public_message = "The map service is closed today"  # type: ignore[attr-defined]  # as its class would
    tracker.finalize_status(error=error)
    assert statuses(transport)[-1].message == "The map service is closed today"


MISTAKES: list[tuple[str, dict[str, Any]]] = [
    ("update_agent_status", {"agent_name": "Geo Agent", "status": "finished"}),  # no such word
    ("update_agent_status", {"agent_name": "", "status": "success"}),
    ("update_agent_status", {"agent_name": ["Geo Agent"], "status": "success"}),
    ("finalize_status", {"status": "in-progress"}),
]


@pytest.mark.parametrize(("method", "arguments"), MISTAKES)
def test_an_invalid_call_returns_false_and_is_logged(
    tracker: StatusTracker,
    transport: MemoryTransport,
    caplog: pytest.LogCaptureFixture,
    method: str,
    arguments: dict[str, Any],
) -> None:
    with caplog.at_level(logging.ERROR):
        assert getattr(tracker, method)(**arguments) is False
    assert transport.sent == []
    assert caplog.records


def test_a_dead_backend_is_answered_with_false() -> None:
    tracker = StatusTracker("job-1", "ana", "city", transport=DeadTransport())
    told = [
        tracker.initialize_status(),
        tracker.update_agent_status("Geo Agent", "in-progress"),
        tracker.finalize_status(),
    ]
    assert told == [False, False, False]


def test_agents_reported_from_several_threads_stay_separate(
    tracker: StatusTracker, transport: MemoryTransport
) -> None:
    names = [f"Agent {number}" for number in range(8)]

    def work(name: str) -> None:
        tracker.update_agent_status(name, "in-progress", f"{name} begins")
        for percent in range(0, 100, 20):
            tracker.update_agent_status(name, "in-progress", f"{name} at {percent}", percent=percent)
        tracker.update_agent_status(name, "success", f"{name} ends", token_usage={"inputTokens": 1})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, names))
    seen = agents(transport)
    assert {name: (a["status"], a["activity"]) for name, a in seen.items()} == {
        name: ("success", f"{name} ends") for name in names
    }
    assert snapshot(transport)["totalTokenUsage"]["inputTokens"] == 8


def test_a_tracker_names_its_run_from_its_opening_to_its_end(transport: MemoryTransport) -> None:
    for _ in range(2):
        tracker = StatusTracker("job-1", "ana", "city", transport=transport)
        tracker.initialize_status(["Geo Agent"])
        tracker.update_agent_status("Geo Agent", "in-progress", metadata={"page": 3})
        tracker.finalize_status()
    runs = [str((update.metadata or {}).get("run")) for update in statuses(transport)]
    opened = [(update.metadata or {}).get("opened") for update in statuses(transport)]
    assert runs[:3] == runs[:1] * 3
    assert runs[3:] == runs[3:4] * 3
    assert runs[0] != runs[3]
    assert opened == [None, None, int(runs[0].split(".")[1]), None, None, int(runs[3].split(".")[1])]


def test_a_tracker_that_opens_no_job_or_counts_attempts_names_no_run(transport: MemoryTransport) -> None:
    second = StatusTracker("job-1", "ana", "city", transport=transport)
    second.update_agent_status("Geo Agent", "success")
    second.finalize_status()
    counted = StatusTracker("job-1", "ana", "city", attempt=2, transport=transport)
    counted.initialize_status()
    counted.finalize_status()
    assert not any("run" in (update.metadata or {}) for update in statuses(transport))


def test_the_attempt_of_a_tracker_is_its_jobs_and_its_agents(transport: MemoryTransport) -> None:
    tracker = StatusTracker("job-1", "ana", "city", attempt=2, transport=transport)
    tracker.initialize_status(["Geo Agent"])
    tracker.update_agent_status("Geo Agent", "in-progress")
    tracker.update_agent_status("Geo Agent", "error")
    tracker.update_agent_status("Geo Agent", "in-progress")
    tracker.update_agent_status("Geo Agent", "success")
    tracker.finalize_status()
    sent = statuses(transport)
    assert {update.attempt for update in sent} == {2}
    first, again = [update.invocation_id for update in sent if update.agent_name][::2]
    assert (first, again) == (None, "job-1-geo_agent-2"), "attempt 3 is the next process's"


def test_a_job_and_its_agents_may_be_cancelled(tracker: StatusTracker, transport: MemoryTransport) -> None:
    tracker.update_agent_status("Geo Agent", "in-progress")
    assert tracker.update_agent_status("Geo Agent", "cancelled")
    assert tracker.finalize_status("cancelled")
    assert [(u.status, u.agent_name) for u in statuses(transport)][1:] == [
        ("cancelled", "Geo Agent"),
        ("cancelled", None),
    ]
    assert statuses(transport)[-1].message == "The job was cancelled"
