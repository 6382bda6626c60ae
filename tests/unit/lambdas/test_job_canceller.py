"""The canceller: what it records, what it announces, and that it fails loudly."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from lambdas.job_canceller import _wiring
from lambdas.job_canceller import handler as canceller
from lambdas.job_canceller._wiring import CancelError, announce, record
from lambdas.job_canceller.handler import handler
from statusbeam.log.publishing.payload import parse_payload
from statusbeam.model.limits import ID_LENGTH, REASON_LENGTH
from tests.unit.lambda_context import Context
from tests.unit.samples import NOW

EVENT = {"jobId": "job-1", "userId": "ana", "tenantId": "city", "by": "olga", "reason": "asked twice"}
CONTEXT: Any = Context()


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What went to the publisher and to EventBridge."""
    seen: dict[str, Any] = {}
    monkeypatch.setattr(canceller, "record", lambda payload: seen.update(payload=payload))
    monkeypatch.setattr(canceller, "announce", lambda detail: seen.update(detail=detail))
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


def test_the_longest_request_is_taken_whole(sent: dict[str, Any]) -> None:
    longest = dict.fromkeys(("jobId", "userId", "tenantId", "by"), "i" * ID_LENGTH)
    handler({**longest, "reason": "r" * REASON_LENGTH}, CONTEXT)
    parsed = parse_payload(sent["payload"], batch_id="request", now=NOW)
    assert parsed.rejected == ()
    assert (parsed.updates[0].metadata or {})["cancelRequest"]["reason"] == "r" * REASON_LENGTH


def test_the_announcement_names_the_job_and_nobody(sent: dict[str, Any]) -> None:
    announced = handler(EVENT, CONTEXT)
    assert announced == sent["detail"]
    assert announced == {"jobId": "job-1", "tenantId": "city", "requestedAtMs": int(NOW * 1000)}


class Publisher:
    """The Lambda service, with one answer of the publisher."""

    def __init__(self, result: Any, **more: Any) -> None:
        self._answer = {"Payload": io.BytesIO(json.dumps(result).encode()), **more}

    def invoke(self, **request: Any) -> Any:
        assert request["FunctionName"] == "publisher"
        return self._answer


REJECTED = [{"index": 0, "code": "foreign_owner", "field": "jobId", "message": "no"}]


@pytest.mark.parametrize(
    ("publisher", "problem"),
    [
        (Publisher({"committed": 0, "rejected": REJECTED, "pushed": 0}), "foreign_owner"),
        (Publisher({"errorType": "JournalError"}, FunctionError="Unhandled"), "JournalError"),
    ],
    ids=["rejected", "failed"],
)
def test_a_request_that_is_not_in_the_log_is_an_error(
    monkeypatch: pytest.MonkeyPatch, publisher: Publisher, problem: str
) -> None:
    monkeypatch.setenv("STATUS_PUBLISHER_FUNCTION", "publisher")
    monkeypatch.setattr(_wiring, "_lambda", lambda: publisher)
    with pytest.raises(CancelError, match=problem):
        record({"updates": []})


def test_a_request_in_the_log_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATUS_PUBLISHER_FUNCTION", "publisher")
    monkeypatch.setattr(_wiring, "_lambda", lambda: Publisher({"committed": 1, "rejected": [], "pushed": 0}))
    record({"updates": []})


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
    announce({"jobId": "job-1"})
    assert events.entries == [
        {"Source": "statusbeam", "DetailType": "Job Cancel Requested", "Detail": '{"jobId": "job-1"}'}
    ]


def test_an_announcement_that_eventbridge_does_not_take_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_wiring, "_events", lambda: Events(failed=1))
    with pytest.raises(CancelError, match="ThrottlingException"):
        announce({"jobId": "job-1"})
