"""The trace of the reporting code: from OpenTelemetry or Lambda into the payload."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from status_utils import publish_agent_status
from status_utils.sending.trace_context import current_traceparent
from tests.unit.status_utils.virtual_sender import FakeTransport, World

TRACE, SPAN = 0x4BF92F3577B34DA6A3CE929D0E0E4736, 0x00F067AA0BA902B7
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
LAMBDA = "Root=1-67891233-abcdef012345678912345678;Parent=1111111111111111;Sampled=1;Lineage=1:a:0"
OF_LAMBDA = "00-67891233abcdef012345678912345678-1111111111111111-01"


@contextmanager
def span(*, trace_id: int = TRACE, sampled: bool = True) -> Iterator[None]:
    flags = TraceFlags(TraceFlags.SAMPLED if sampled else TraceFlags.DEFAULT)
    context = SpanContext(trace_id, SPAN, is_remote=False, trace_flags=flags)
    with trace.use_span(NonRecordingSpan(context)):
        yield


def test_the_current_span_of_opentelemetry_is_the_context() -> None:
    with span():
        assert current_traceparent() == TRACEPARENT
    assert current_traceparent() is None


def test_a_span_that_is_not_recorded_costs_no_bytes() -> None:
    with span(sampled=False):
        assert current_traceparent() is None


@pytest.mark.parametrize(
    ("header", "traceparent"),
    [
        (LAMBDA, OF_LAMBDA),
        (LAMBDA.replace("Sampled=1", "Sampled=0"), None),
        ("Root=1-67891233-abcdef012345678912345678", None),
        ("Root=2-67891233-abcdef012345678912345678;Parent=1111111111111111;Sampled=1", None),
        ("", None),
        (";;=;", None),
    ],
)
def test_in_lambda_the_invocations_trace_is_the_context(
    header: str, traceparent: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", header)
    assert current_traceparent() == traceparent


def test_a_span_counts_more_than_the_invocation_around_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", LAMBDA)
    with span():
        assert current_traceparent() == TRACEPARENT
    with span(sampled=False):
        assert current_traceparent() == OF_LAMBDA


def test_a_tracer_that_fails_costs_no_status(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.trace", object())
    assert current_traceparent() is None


def test_each_job_of_a_payload_carries_the_trace_in_which_it_was_first_reported() -> None:
    transport = FakeTransport()
    world = World(transport)
    with span():
        world.job(jobId="a").start()
        world.job(jobId="b").start()
    world.job(jobId="c").start()
    world.run(1)
    (payload,) = transport.taken
    assert payload["traceparent"] == {"a": TRACEPARENT, "b": TRACEPARENT}


def test_a_payload_outside_of_all_traces_has_no_such_field() -> None:
    transport = FakeTransport()
    world = World(transport)
    world.job().start()
    world.run(1)
    assert transport.taken[0].keys() == {"batchId", "sentAt", "updates"}


def test_a_single_status_carries_its_trace_too() -> None:
    transport = FakeTransport()
    with span():
        assert publish_agent_status(
            "job-1", "ana", "city", "Geo Agent", "complete", "Found", transport=transport
        )
    assert transport.taken[0]["traceparent"] == TRACEPARENT
