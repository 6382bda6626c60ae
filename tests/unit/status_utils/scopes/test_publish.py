"""The three publish functions: their payloads, and that none of their errors reaches the caller."""

from __future__ import annotations

import inspect
import json
import logging
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from status_utils import (
    MemoryTransport,
    TransportError,
    job,
    publish_agent_status,
    publish_orchestrator_status,
    publish_tool_status,
)
from status_utils.sending.dead_letter import LOGGER, _warn_of_no_transport
from status_utils.sending.send_breaker import SendBreaker
from statusbeam.log.publishing.payload import parse_payload
from statusbeam.model import limits


class DeadTransport:
    """A backend that does not answer."""

    def send(self, payload: Mapping[str, Any]) -> None:
        raise TransportError("nobody answers", code="EndpointConnectionError", retriable=True)


class BrokenTransport:
    """Code of a caller, with an error."""

    def send(self, payload: Mapping[str, Any]) -> None:
        raise ZeroDivisionError


class InterruptedTransport:
    """The user presses Ctrl-C meanwhile."""

    def send(self, payload: Mapping[str, Any]) -> None:
        raise KeyboardInterrupt


@pytest.fixture
def transport() -> MemoryTransport:
    return MemoryTransport()


def only_status(transport: MemoryTransport) -> dict[str, Any]:
    (payload,) = transport.sent
    (status,) = payload["updates"]
    assert isinstance(status, dict)
    return status


SIGNATURES = [
    (publish_orchestrator_status, ["job_id", "user_id", "tenant_id", "status", "message"]),
    (
        publish_agent_status,
        ["job_id", "user_id", "tenant_id", "agent_name", "status", "message", "execution_time_ms"],
    ),
    (publish_tool_status, ["job_id", "user_id", "tenant_id", "agent_name", "tool_name", "reason"]),
]


@pytest.mark.parametrize(("function", "expected"), SIGNATURES)
def test_the_signature_is_the_one_that_callers_use(
    function: Callable[..., bool], expected: list[str]
) -> None:
    parameters = inspect.signature(function).parameters.values()
    positional = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert positional == expected


def test_an_orchestrator_status_is_sent_as_a_payload_of_one(transport: MemoryTransport) -> None:
    assert publish_orchestrator_status("job-1", "ana", "city", "validating", "Checking", transport=transport)
    (payload,) = transport.sent
    assert len(payload["batchId"]) == 32
    status = only_status(transport)
    assert datetime.fromisoformat(status.pop("timestamp")).tzinfo is not None
    assert status == {
        "jobId": "job-1",
        "userId": "ana",
        "tenantId": "city",
        "eventId": f"{payload['batchId']}.0",
        "type": "agent_status",
        "status": "validating",
        "qualifiedStatus": "validating",
        "message": "Checking",
    }


@pytest.mark.parametrize(
    ("status", "sent"),
    [
        ("complete", "agent_complete"),
        ("error", "agent_error"),
        ("agent_invoking", "agent_invoking"),
        ("paving_road", "paving_road"),
    ],
)
def test_an_agents_complete_and_error_are_the_agents_not_the_jobs(
    transport: MemoryTransport, status: str, sent: str
) -> None:
    assert publish_agent_status("job-1", "ana", "city", "Geo Agent", status, "…", 840, transport=transport)
    assert only_status(transport)["status"] == sent
    assert only_status(transport)["type"] == "agent_status"
    assert only_status(transport)["executionTimeMs"] == 840


def test_a_tool_status_has_its_reason(transport: MemoryTransport) -> None:
    assert publish_tool_status(
        "job-1", "ana", "city", "Geo Agent", "amazon_location", "Find Elm Street", transport=transport
    )
    status = only_status(transport)
    assert (status["status"], status["qualifiedStatus"]) == ("calling_tool", "calling_amazon_location")
    assert (status["agentName"], status["toolName"]) == ("Geo Agent", "amazon_location")
    assert status["message"] == "Find Elm Street"


def test_everything_arguments_from_people_and_extras_reaches_the_wire(transport: MemoryTransport) -> None:
    assert publish_agent_status(
        "job-1",
        "ana",
        "city",
        "Geo Agent",
        "progress",
        "Halfway",
        metadata={"street": "Elm Street"},
        percent=50,
        eta_seconds=3.5,
        invocation_id="geo-1",
        parent_invocation_id="root",
        attempt=2,
        event_id="mine",
        timestamp=datetime(2026, 11, 20, 8, 30, tzinfo=UTC),
        transport=transport,
    )
    status = only_status(transport)
    assert json.loads(status.pop("metadata")) == {"street": "Elm Street"}
    assert (
        status.items()
        >= {
            "progress": 50.0,
            "etaSeconds": 3.5,
            "invocationId": "geo-1",
            "parentInvocationId": "root",
            "attempt": 2,
            "eventId": "mine",
            "timestamp": "2026-11-20T08:30:00.000Z",
        }.items()
    )


def test_metadata_may_hold_what_only_python_knows(transport: MemoryTransport) -> None:
    metadata = {"price": Decimal("1.5"), "id": uuid.UUID(int=1), "at": datetime(2026, 1, 1, tzinfo=UTC)}
    publish_orchestrator_status("j", "u", "t", "validating", "m", metadata=metadata, transport=transport)
    assert json.loads(only_status(transport)["metadata"]) == {
        "price": 1.5,
        "id": "00000000-0000-0000-0000-000000000001",
        "at": "2026-01-01T00:00:00+00:00",
    }


ENDLESS: dict[str, Any] = {"street": "Elm"}
ENDLESS["itself"] = ENDLESS


@pytest.mark.parametrize(
    ("metadata", "told"),
    [
        ({"number": float("nan"), "street": "Elm"}, {"number": "<nan>", "street": "Elm"}),
        ({("no", "text"): 1, "street": "Elm"}, {"('no', 'text')": 1, "street": "Elm"}),
        (ENDLESS, {"itself": "<dict>", "street": "Elm"}),
    ],
)
def test_in_metadata_that_is_not_json_a_mark_replaces_only_unsendable_values(
    transport: MemoryTransport, metadata: dict[str, Any], told: dict[str, Any]
) -> None:
    assert publish_orchestrator_status(
        "j", "u", "t", "validating", "m", metadata=metadata, transport=transport
    )
    assert json.loads(only_status(transport)["metadata"]) == told


@pytest.mark.parametrize(
    "metadata",
    [
        {"text": "m" * limits.DETAIL_BYTES, "street": "Elm"},
        {**{f"{'k' * 4000}{n}ä": "m" * 3000 for n in range(50)}, "street": "Elm"},
    ],
)
def test_metadata_that_does_not_fit_is_cut_with_marks(
    transport: MemoryTransport, metadata: dict[str, Any]
) -> None:
    assert publish_orchestrator_status(
        "j", "u", "t", "validating", "m", metadata=metadata, transport=transport
    )
    told = only_status(transport)["metadata"]
    assert len(told.encode()) <= limits.DETAIL_BYTES
    assert json.loads(told)["street"] == "Elm"
    assert " characters]" in told


def test_a_message_that_is_too_long_is_cut_with_a_mark(transport: MemoryTransport) -> None:
    publish_orchestrator_status("j", "u", "t", "validating", "m" * 5_000, transport=transport)
    message = only_status(transport)["message"]
    assert len(message) == limits.MESSAGE_LENGTH
    assert message.endswith("m … [5000 characters]")


def test_a_message_is_freed_of_what_could_drive_a_terminal(transport: MemoryTransport) -> None:
    publish_orchestrator_status("j", "u", "t", "validating", "\x1b[31mred\x07", transport=transport)
    assert only_status(transport)["message"] == "red\ufffd"


def logged(caplog: pytest.LogCaptureFixture) -> dict[str, Any]:
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("status_utils.undelivered", logging.ERROR)
    line = json.loads(record.getMessage())
    assert line["statusbeam"] == "undelivered"
    assert isinstance(line, dict)
    return line


def test_an_unsent_payload_is_one_log_line_that_can_be_redriven(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert not publish_agent_status(
        "job-1", "ana", "city", "Geo Agent", "complete", "Found it", transport=DeadTransport()
    )
    line = logged(caplog)
    assert (line["error"], line["code"]) == ("TransportError", "EndpointConnectionError")
    (status,) = parse_payload(line["payload"], batch_id="unused", now=0).updates
    assert (status.status, status.message) == ("agent_complete", "Found it")


def test_an_invalid_status_is_logged_with_what_the_caller_gave(caplog: pytest.LogCaptureFixture) -> None:
    transport = MemoryTransport()
    assert not publish_agent_status(
        "job-1", "ana#1", "city", "Geo Agent", "complete", "Found it", transport=transport
    )
    line = logged(caplog)
    assert (line["code"], line["reason"]) == ("bad_characters", "userId must not contain #")
    assert line["payload"]["message"] == "Found it"
    assert transport.sent == []


def test_a_mistake_in_a_transport_stays_here(caplog: pytest.LogCaptureFixture) -> None:
    assert not publish_orchestrator_status("j", "u", "t", "validating", "m", transport=BrokenTransport())
    assert logged(caplog)["error"] == "ZeroDivisionError"


def test_an_unknown_keyword_is_logged_not_raised(caplog: pytest.LogCaptureFixture) -> None:
    transport = MemoryTransport()
    publish: Callable[..., bool] = publish_orchestrator_status
    assert not publish("j", "u", "t", "validating", "m", progres=40, transport=transport)
    assert logged(caplog)["code"] == "unknown_field"


def test_without_a_publisher_in_the_environment_there_is_one_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    _warn_of_no_transport.cache_clear()
    for _ in range(2):
        assert not publish_orchestrator_status("j", "u", "t", "validating", "m")
        with job(job_id="j", user_id="u", tenant_id="t") as j, j.agent("Geo Agent"):
            pass
        assert j.sender.flush(60, force_wait=True), "nothing waits"
        j.status("validating", "m")
        j.sender.log_unconfirmed("the process ends", code="unconfirmed", include_progress=True)
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "none of STATUS_QUEUE_URL, STATUS_PUBLISHER_FUNCTION and STATUS_TABLE is set" in caplog.text
    assert "`statusbeam local env`" in caplog.text


def test_an_interrupt_is_not_swallowed() -> None:
    with pytest.raises(KeyboardInterrupt):
        publish_orchestrator_status("j", "u", "t", "validating", "m", transport=InterruptedTransport())


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.datetimes(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.integers(), inner, max_size=3),
    max_leaves=6,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([publish_orchestrator_status, publish_agent_status, publish_tool_status]),
    st.lists(anything, min_size=7, max_size=7),
    st.dictionaries(st.sampled_from(["metadata", "progress", "attempt", "timestamp", "event_id"]), anything),
)
def test_no_argument_of_a_caller_raises(
    caplog: pytest.LogCaptureFixture,
    function: Callable[..., bool],
    arguments: list[Any],
    extras: dict[str, Any],
) -> None:
    caplog.clear()
    transport = MemoryTransport()
    positional = len([name for f, names in SIGNATURES if f is function for name in names])
    sent = function(*arguments[:positional], **extras, transport=transport)
    assert sent == (len(transport.sent) == 1)
    assert sent != (len([record for record in caplog.records if record.name == LOGGER]) == 1)


class SlowDeath:
    """A backend that does not answer. Each call takes `seconds`."""

    def __init__(self, seconds: float) -> None:
        self.time = 0.0
        self.seconds = seconds
        self.tries = 0

    def send(self, payload: Mapping[str, Any]) -> None:
        self.tries += 1
        self.time += self.seconds
        if self.seconds:
            raise TransportError("nobody answers", code="ReadTimeoutError", retriable=True)


def send_error(breaker: SendBreaker, transport: SlowDeath) -> str | None:
    try:
        breaker.send(transport, {})
    except TransportError as error:
        return str(error.code)
    return None


def test_a_backend_that_makes_callers_wait_in_vain_gets_no_calls_for_a_while() -> None:
    transport = SlowDeath(4.0)
    breaker = SendBreaker(lambda: transport.time)
    assert [send_error(breaker, transport) for _ in range(20)] == ["ReadTimeoutError", *["breaker_open"] * 19]
    assert (transport.tries, transport.time) == (1, 4.0)
    transport.time += 5
    assert send_error(breaker, transport) == "ReadTimeoutError", "it is asked again"
    transport.time += 5
    assert send_error(breaker, transport) == "breaker_open", "and left alone for longer"
    transport.time += 5
    transport.seconds = 0
    assert send_error(breaker, transport) is None
    assert send_error(breaker, transport) is None


def test_a_backend_that_refuses_at_once_is_asked_each_time() -> None:
    transport = SlowDeath(0.05)
    breaker = SendBreaker(lambda: transport.time)
    assert [send_error(breaker, transport) for _ in range(5)] == ["ReadTimeoutError"] * 5
