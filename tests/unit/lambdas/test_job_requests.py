"""Requests of people: the recorded status, the announced event, and the raised failures."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from lambdas.job_requests import _wiring
from lambdas.job_requests import handler as requests
from lambdas.job_requests._wiring import RequestError, announce, record
from lambdas.job_requests.handler import handler
from statusbeam.log.publishing.payload import parse_payload
from statusbeam.model.limits import ID_LENGTH, REASON_LENGTH
from tests.unit.lambda_context import Context
from tests.unit.samples import NOW

EVENT = {"jobId": "job-1", "userId": "ana", "tenantId": "city", "by": "olga", "reason": "asked twice"}
CONTEXT: Any = Context()


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The calls to the publisher and to EventBridge."""
    seen: dict[str, Any] = {"is open": True}

    def recorded(payload: dict[str, Any]) -> bool:
        seen["payload"] = payload
        return bool(seen["is open"])

    monkeypatch.setattr(requests, "record", recorded)
    monkeypatch.setattr(requests, "announce", lambda kind, detail: seen.update(kind=kind, detail=detail))
    monkeypatch.setattr("time.time", lambda: NOW)
    return seen


@pytest.mark.parametrize(
    ("reason", "message"),
    [
        ("asked twice", "Cancellation requested: asked twice"),
        (None, "Cancellation requested."),
        ("", "Cancellation requested."),
    ],
)
def test_a_request_is_a_valid_status_of_the_owners_job(
    sent: dict[str, Any], reason: str | None, message: str
) -> None:
    handler({**EVENT, "reason": reason}, CONTEXT)
    parsed = parse_payload(sent["payload"], batch_id="request", now=NOW)
    (update,) = parsed.updates
    assert (update.job_id, update.user_id, update.tenant_id) == ("job-1", "ana", "city")
    assert (update.status, update.message) == ("cancel_requested", message)
    why = {"reason": reason} if reason else {}
    assert update.metadata == {"cancelRequest": {"by": "olga", **why}}


def test_the_longest_request_is_accepted_completely(sent: dict[str, Any]) -> None:
    longest = dict.fromkeys(("jobId", "userId", "tenantId", "by"), "i" * ID_LENGTH)
    handler({**longest, "reason": "r" * REASON_LENGTH}, CONTEXT)
    parsed = parse_payload(sent["payload"], batch_id="request", now=NOW)
    assert parsed.rejected == ()
    assert (parsed.updates[0].metadata or {})["cancelRequest"]["reason"] == "r" * REASON_LENGTH


def test_the_announcement_names_the_job_and_nobody(sent: dict[str, Any]) -> None:
    assert handler(EVENT, CONTEXT) == {"recorded": True}
    assert sent["kind"] == "Job Cancel Requested"
    assert sent["detail"] == {"jobId": "job-1", "tenantId": "city", "requestedAtMs": int(NOW * 1000)}


ANSWER = {
    **{name: EVENT[name] for name in ("jobId", "userId", "tenantId", "by")},
    "invocationId": "job-1-approval",
    "agentName": "Approval",
    "approved": False,
    "comment": "too loud",
}


@pytest.mark.parametrize(
    ("changes", "message", "answer"),
    [
        ({}, "Rejected: too loud", {"approved": False, "by": "olga", "comment": "too loud"}),
        ({"approved": True, "comment": None}, "Approved.", {"approved": True, "by": "olga"}),
        ({"approved": True, "comment": ""}, "Approved.", {"approved": True, "by": "olga"}),
        ({"approved": "yes"}, "Rejected: too loud", {"approved": False, "by": "olga", "comment": "too loud"}),
    ],
    ids=["rejected", "approved without a word", "an empty comment", "only true approves"],
)
def test_an_answer_is_a_status_of_the_agent_that_waits(
    sent: dict[str, Any], changes: dict[str, Any], message: str, answer: dict[str, Any]
) -> None:
    assert handler({**ANSWER, **changes}, CONTEXT) == {"recorded": True}
    parsed = parse_payload(sent["payload"], batch_id="request", now=NOW)
    (update,) = parsed.updates
    assert (parsed.rejected, parsed.only_if_waiting, parsed.only_if_open) == ((), True, False)
    assert (update.job_id, update.user_id, update.tenant_id) == ("job-1", "ana", "city")
    assert (update.invocation_id, update.agent_name) == ("job-1-approval", "Approval")
    assert (update.status, update.message, update.metadata) == ("answered", message, {"answer": answer})
    assert sent["kind"] == "Job Waiting Answered"
    assert sent["detail"] == {
        "jobId": "job-1",
        "tenantId": "city",
        "invocationId": "job-1-approval",
        **answer,
        "answeredAtMs": int(NOW * 1000),
    }


def test_an_answer_for_which_the_job_waits_itself_names_no_agent(sent: dict[str, Any]) -> None:
    handler({**ANSWER, "invocationId": None, "agentName": None}, CONTEXT)
    (update,) = parse_payload(sent["payload"], batch_id="request", now=NOW).updates
    assert (update.invocation_id, update.agent_name) == (None, None)


def test_an_answer_without_a_wait_is_not_sent(sent: dict[str, Any]) -> None:
    sent["is open"] = False
    assert handler(ANSWER, CONTEXT) == {"recorded": False}
    assert "detail" not in sent


class Publisher:
    """The Lambda service, with the publisher's answers in turn. The last answer repeats."""

    def __init__(self, *results: Any) -> None:
        self._results = list(results)
        self.payloads: list[bytes] = []

    def invoke(self, **request: Any) -> Any:
        assert request["FunctionName"] == "publisher"
        self.payloads.append(request["Payload"])
        result = self._results.pop(0) if len(self._results) > 1 else self._results[0]
        failed = {"FunctionError": "Unhandled"} if "errorType" in result else {}
        return {"Payload": io.BytesIO(json.dumps(result).encode()), **failed}


REJECTED = [{"index": 0, "code": "foreign_owner", "field": "jobId", "message": "no"}]


@pytest.mark.parametrize(
    ("publisher", "problem"),
    [
        (Publisher({"committed": 0, "rejected": REJECTED, "pushed": 0}), "foreign_owner"),
        (Publisher({"errorType": "JournalError"}), "JournalError"),
    ],
    ids=["rejected", "failed"],
)
def test_a_request_that_is_not_in_the_log_is_an_error(
    monkeypatch: pytest.MonkeyPatch, publisher: Publisher, problem: str
) -> None:
    monkeypatch.setenv("STATUS_PUBLISHER_FUNCTION", "publisher")
    monkeypatch.setattr(_wiring, "_lambda", lambda: publisher)
    with pytest.raises(RequestError, match=problem):
        record({"updates": []})


@pytest.mark.parametrize("committed", [1, 0])
def test_a_request_is_recorded_if_something_was_committed(
    monkeypatch: pytest.MonkeyPatch, committed: int
) -> None:
    monkeypatch.setenv("STATUS_PUBLISHER_FUNCTION", "publisher")
    publisher = Publisher({"committed": committed, "rejected": [], "pushed": 0})
    monkeypatch.setattr(_wiring, "_lambda", lambda: publisher)
    assert record({"updates": []}) is (committed > 0)


def test_a_publisher_that_may_have_committed_before_it_failed_is_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STATUS_PUBLISHER_FUNCTION", "publisher")
    publisher = Publisher({"errorType": "BroadcastError"}, {"committed": 1, "rejected": [], "pushed": 1})
    monkeypatch.setattr(_wiring, "_lambda", lambda: publisher)
    assert record({"batchId": "answer-1", "updates": []})
    assert publisher.payloads == [b'{"batchId": "answer-1", "updates": []}'] * 2


class Events:
    """EventBridge, which takes an event or does not."""

    def __init__(self, failed: int) -> None:
        self._failed = failed
        self.entries: list[dict[str, str]] = []

    def put_events(self, *, Entries: list[dict[str, str]]) -> Any:  # noqa: N803 - the service's name
        self.entries += Entries
        return {"FailedEntryCount": self._failed, "Entries": [{"ErrorCode": "ThrottlingException"}]}


def test_an_announcement_is_an_event_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    events = Events(failed=0)
    monkeypatch.setattr(_wiring, "_events", lambda: events)
    announce("Job Waiting Answered", {"jobId": "job-1"})
    assert events.entries == [
        {"Source": "statusbeam", "DetailType": "Job Waiting Answered", "Detail": '{"jobId": "job-1"}'}
    ]


def test_an_announcement_that_eventbridge_does_not_take_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_wiring, "_events", lambda: Events(failed=1))
    with pytest.raises(RequestError, match="ThrottlingException"):
        announce("Job Waiting Answered", {"jobId": "job-1"})
