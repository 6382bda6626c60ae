"""An acknowledged status is stored: only the same payload is a redelivery of its batch id."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statusbeam.log.journal.memory import MemoryJournal
from statusbeam.log.publishing.admission import Admission
from statusbeam.log.publishing.memory import MemoryBroadcaster, MemoryDetailStore, MemorySessionStore
from statusbeam.log.publishing.pipeline import Pipeline, PublishResult
from statusbeam.model.errors import DetailStoreError
from statusbeam.model.limits import CLOCK_TOLERANCE_SECONDS, METADATA_BYTES
from statusbeam.model.update import FIELDS
from statusbeam.model.validation import wire_time
from tests.unit.samples import NOW, StoppedClock, job_key


class UnsteadyStore(MemoryDetailStore):
    """Takes details only while it is `up`."""

    def __init__(self) -> None:
        super().__init__()
        self.up = True

    def put(self, key: str, body: bytes) -> None:
        if not self.up:
            raise DetailStoreError("down", code="down", retriable=True)
        super().put(key, body)


@dataclass(slots=True)
class World:
    """A publisher in memory."""

    time: StoppedClock = field(default_factory=StoppedClock)
    details: UnsteadyStore = field(default_factory=UnsteadyStore)
    journal: MemoryJournal = field(init=False)

    def __post_init__(self) -> None:
        self.journal = MemoryJournal(clock=self.time.clock())

    def publish(self, status: dict[str, Any]) -> PublishResult:
        pipeline = Pipeline(  # each time a new process
            journal=self.journal,
            sessions=MemorySessionStore(),
            broadcaster=MemoryBroadcaster(),
            clock=self.time.clock(),
            admission=Admission(details=self.details),
        )
        payload = json.loads(json.dumps({"batchId": "b1", "updates": [status]}))
        return pipeline.publish(payload, batch_id="r", deadline=self.time.time + 60)

    def log(self) -> list[dict[str, Any]]:
        return [update.to_wire() for update in self.journal.updates(job_key(), first=1, last=99)]


BIG = "x" * METADATA_BYTES
STATUS: dict[str, Any] = {
    "jobId": "job-1",
    "userId": "ana",
    "tenantId": "city",
    "eventId": "e1",
    "type": "agent_status",
    "status": "agent_invoking",
    "qualifiedStatus": "invoking_geo_agent",
    "message": "Looking at the map",
    "agentName": "Geo Agent",
    "invocationId": "run-1",
    "parentInvocationId": "run-0",
    "attempt": 1,
    "toolName": "location",
    "progress": 40.0,
    "etaSeconds": 12.5,
    "executionTimeMs": 7,
    "timestamp": wire_time(datetime.fromtimestamp(NOW, UTC)),
    "metadata": {"tokenUsage": {"inputTokens": 1}, "note": "a", "operator": {"errorId": "e-1"}},
}
_METADATA = STATUS["metadata"]
OTHERS: list[Any] = [
    ("userId", "ben"),  # another owner's: refused for that
    ("eventId", "e2"),
    ("status", "calling_tool"),
    ("qualifiedStatus", "invoking_other"),
    ("message", "Looking at the map again"),
    ("agentName", "Weather Agent"),
    ("invocationId", "run-2"),
    ("parentInvocationId", None),
    ("attempt", 2),
    ("toolName", None),
    ("progress", 41.0),
    ("etaSeconds", 12.0),
    ("executionTimeMs", 8),
    ("timestamp", wire_time(datetime.fromtimestamp(NOW - 60, UTC))),
    ("metadata", None),
    ("metadata", {**_METADATA, "note": "b"}),
    ("metadata", {**_METADATA, "tokenUsage": {"inputTokens": 2}}),
    ("metadata", {**_METADATA, "operator": {"errorId": "e-2"}}),
    ("metadata", {**_METADATA, "reportedAt": "yesterday"}),
    ("metadata", {**_METADATA, "spilled": {"bytes": 1, "keys": []}}),
]


def test_every_field_of_a_status_is_tried() -> None:
    given_by_the_publisher, the_key_itself, implied = {"sequence", "earlier"}, {"jobId", "tenantId"}, {"type"}
    assert {name for name, _ in OTHERS} == set(FIELDS) - given_by_the_publisher - the_key_itself - implied


@pytest.mark.parametrize(("name", "other"), OTHERS)
def test_a_batch_id_with_another_value_of_any_field_is_refused_by_name(name: str, other: Any) -> None:
    world = World()
    assert world.publish(STATUS)["committed"] == 1
    log = world.log()
    result = world.publish({**STATUS, name: other})
    assert result["committed"] == 0
    code = "foreign_owner" if name == "userId" else "batch_reused"
    assert [rejected["code"] for rejected in result["rejected"]] == [code]
    assert world.log() == log


@pytest.mark.parametrize("place", ["detail", "operator"])
def test_details_outside_of_the_log_count_by_their_content(place: str) -> None:
    def with_big(text: str) -> dict[str, Any]:
        big = {"big": BIG + text}
        return {**STATUS, "metadata": big if place == "detail" else {"operator": big}}

    world = World()
    assert world.publish(with_big("a"))["committed"] == 1
    assert [r["code"] for r in world.publish(with_big("b"))["rejected"]] == ["batch_reused"]
    assert world.publish(with_big("a"))["committed"] == 1
    assert len(world.log()) == 1


values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
metadata = st.dictionaries(st.sampled_from(["note", "operator", "eta", "plan", "big"]), values, max_size=4)
statuses = st.fixed_dictionaries(
    {"metadata": st.none() | metadata | metadata.map(lambda found: {**found, "big": BIG})},
    optional={
        "message": st.sampled_from(["one", "two"]),
        "attempt": st.integers(1, 2),
        "progress": st.sampled_from([0, 50.5, 100]),
        "timestamp": st.sampled_from([-60.0, 0.0, CLOCK_TOLERANCE_SECONDS + 5.0, 9e8]).map(
            lambda late: wire_time(datetime.fromtimestamp(NOW + late, UTC))
        ),
    },
)
BARE = {name: STATUS[name] for name in ("jobId", "userId", "tenantId", "status", "message", "agentName")}


@given(said=statuses, later=st.sampled_from([0.0, 10.0, 3600.0]), first=st.booleans(), second=st.booleans())
def test_the_same_payload_is_a_redelivery_whatever_clock_and_detail_store_do(
    said: dict[str, Any], later: float, first: bool, second: bool
) -> None:
    """The second delivery may find a time possible that was not at the first, or a store that is up."""
    world = World()
    world.details.up = first
    assert world.publish({**BARE, **said})["committed"] == 1
    log = world.log()
    world.time.time += later
    world.details.up = second
    assert world.publish({**BARE, **said}) == {"committed": 1, "rejected": [], "pushed": 0}
    assert world.log() == log


@given(one=statuses, other=statuses)
def test_an_acknowledged_status_is_in_the_log(one: dict[str, Any], other: dict[str, Any]) -> None:
    again, apart = World(), World()
    again.publish({**BARE, **one})
    if again.publish({**BARE, **other})["committed"]:
        apart.publish({**BARE, **other})
        assert again.log() == apart.log()
        assert _beside(again) == _beside(apart)


def _beside(world: World) -> tuple[dict[str, str], set[str]]:
    """The data that a world stores outside of the log."""
    return dict(world.journal.attributes(job_key(), 1)), set(world.details.objects)
