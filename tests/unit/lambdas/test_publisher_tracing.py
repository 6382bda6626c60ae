"""The publisher's segments in the traces of its senders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from lambdas.status_publisher.time_limit import OutOfTimeError
from lambdas.status_publisher.tracing import Span, Tracing, XRayDaemon, spans_of
from statusbeam.log.journal.batch import Batch
from statusbeam.log.journal.commits import Commit
from statusbeam.log.journal.memory import MemoryJournal
from statusbeam.log.publishing.memory import MemoryBroadcaster, MemorySessionStore
from statusbeam.log.publishing.pipeline import Pipeline
from statusbeam.log.publishing.ports import Broadcaster, Journal
from statusbeam.model.errors import BroadcastError
from statusbeam.model.update import StatusUpdate
from tests.unit.samples import NOW, StoppedClock, entry

A = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
B = "00-aaaaaaaabbbbbbbbbbbbbbbbbbbbbbbb-2222222222222222-01"
SPAN_A = Span("1-4bf92f35-77b34da6a3ce929d0e0e4736", "00f067aa0ba902b7")
SPAN_B = Span("1-aaaaaaaa-bbbbbbbbbbbbbbbbbbbbbbbb", "2222222222222222")
OWN = "1-67891233-abcdef012345678912345678"


class DownBroadcaster:
    def push(self, update: StatusUpdate) -> None:
        raise BroadcastError("down", code="http_503", retriable=True)


class SlowJournal(MemoryJournal):
    """Takes longer than a message may take."""

    def commit(self, batch: Batch, *, deadline: float) -> Commit:
        raise OutOfTimeError


@dataclass(slots=True)
class World:
    """A traced pipeline on memory, watched by ana of city, in which each look at the clock takes a second."""

    own: str | None = None
    journal: Journal = field(default_factory=lambda: MemoryJournal(clock=StoppedClock().clock()))
    broadcaster: Broadcaster = field(default_factory=MemoryBroadcaster)
    sent: list[Mapping[str, Any]] = field(default_factory=list)
    time: float = NOW

    def publish(self, *updates: dict[str, Any], traceparent: object = None) -> None:
        sessions = MemorySessionStore()
        sessions.open("city", "ana", "c1", until=NOW + 1_000, joined=True)
        pipeline = Pipeline(
            journal=self.journal,
            sessions=sessions,
            broadcaster=self.broadcaster,
            clock=StoppedClock().clock(),
        )
        tracing = Tracing(pipeline, send=self.sent.append, own_trace=lambda: self.own, now=self._tick)
        payload: dict[str, Any] = {"batchId": "b1", "updates": list(updates)}
        if traceparent is not None:
            payload["traceparent"] = traceparent
        tracing.publish(payload, batch_id="r", deadline=NOW + 1_000)

    def _tick(self) -> float:
        self.time += 1
        return self.time


def steps_of(segment: Mapping[str, Any]) -> list[tuple[str, float, float]]:
    return [
        (step["name"], step["start_time"] - NOW, step["end_time"] - NOW) for step in segment["subsegments"]
    ]


@pytest.mark.parametrize(
    ("traceparent", "spans"),
    [
        (None, {}),
        (A, {None: SPAN_A}),
        ({"a": A, "b": B}, {"a": SPAN_A, "b": SPAN_B}),
        ({"a": A, "b": "nonsense", "c": 7, "d": None}, {"a": SPAN_A}),
        (A.replace("-01", "-00"), {}),  # nobody records it
        (A.replace("-01", "-03"), {None: SPAN_A}),  # flags of later versions of the standard
        (A + "\n", {}),
        (A.upper(), {}),
        ([A], {}),
        (7, {}),
    ],
)
def test_only_traces_that_are_recorded_are_read(
    traceparent: object, spans: Mapping[str | None, Span]
) -> None:
    assert spans_of({"updates": [], "traceparent": traceparent}) == spans


def test_a_payload_that_is_no_object_has_no_trace() -> None:
    assert spans_of(None) == spans_of([]) == spans_of("traceparent") == {}


def test_a_payload_without_a_trace_sends_no_segment() -> None:
    world = World()
    world.publish(entry())
    assert world.sent == []
    assert world.time == NOW


def test_a_traced_payload_is_a_segment_below_its_senders_span() -> None:
    world = World()
    world.publish(entry(), traceparent=A)
    (segment,) = world.sent
    assert (segment["trace_id"], segment["parent_id"]) == SPAN_A
    assert (segment["name"], "type" in segment, "fault" in segment) == ("status_publisher", False, False)
    assert steps_of(segment) == [("commit", 2, 3), ("push", 4, 5)]
    assert (segment["start_time"] - NOW, segment["end_time"] - NOW) == (1, 5)
    assert segment["annotations"] == {"job_id": "job-1", "tenant_id": "city"}
    ids = [segment["id"], *(step["id"] for step in segment["subsegments"])]
    assert len({int(one, 16) for one in ids}) == len(ids) == 3


def test_each_job_of_a_payload_is_a_segment_of_its_own_trace() -> None:
    world = World()
    world.publish(*(entry(jobId=job) for job in ("a", "b", "c")), traceparent={"a": A, "b": B, "d": A})
    assert [(sent["annotations"]["job_id"], sent["trace_id"]) for sent in world.sent] == [
        ("a", SPAN_A.trace_id),
        ("b", SPAN_B.trace_id),
    ]
    assert [[step[0] for step in steps_of(sent)] for sent in world.sent] == [["commit", "push"]] * 2


def test_the_senders_trace_names_the_publishers_own() -> None:
    world = World(own=f"Root={OWN};Parent=1111111111111111;Sampled=1;Lineage=1:a:0")
    world.publish(entry(), traceparent=A)
    assert world.sent[0]["annotations"]["publisher_trace_id"] == OWN


def test_where_lambda_went_on_with_the_senders_trace_the_steps_belong_to_the_invocation() -> None:
    world = World(own=f"Root={SPAN_A.trace_id};Parent=1111111111111111;Sampled=1")
    world.publish(entry(), traceparent=A)
    (segment,) = world.sent
    assert (segment["type"], segment["parent_id"]) == ("subsegment", "1111111111111111")
    assert "publisher_trace_id" not in segment["annotations"]


def test_a_trace_of_the_publisher_that_nobody_records_is_not_named() -> None:
    world = World(own=f"Root={OWN};Parent=1111111111111111;Sampled=0")
    world.publish(entry(), traceparent=A)
    assert "publisher_trace_id" not in world.sent[0]["annotations"]


def test_a_step_that_fails_is_shown_as_a_fault() -> None:
    world = World(broadcaster=DownBroadcaster())
    with pytest.raises(BroadcastError):
        world.publish(entry(), traceparent=A)
    (segment,) = world.sent
    assert segment["fault"]
    assert [(step["name"], step.get("fault")) for step in segment["subsegments"]] == [
        ("commit", None),
        ("push", True),
    ]


def test_a_message_that_runs_out_of_time_is_shown_as_well() -> None:
    world = World(journal=SlowJournal(clock=StoppedClock().clock()))
    with pytest.raises(OutOfTimeError):
        world.publish(entry(), traceparent=A)
    assert [(step["name"], step["fault"]) for step in world.sent[0]["subsegments"]] == [("commit", True)]


def test_a_daemon_that_is_gone_and_a_segment_that_is_too_big_cost_nothing() -> None:
    daemon = XRayDaemon("127.0.0.1:9")
    daemon.send({"name": "status_publisher"})
    daemon.send({"name": "x" * 100_000})
