"""The pipeline's metrics, with any end of the call."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from statusbeam.log.journal.memory import MemoryJournal
from statusbeam.log.publishing.measurements import Measurements
from statusbeam.log.publishing.memory import MemoryBroadcaster, MemorySessionStore
from statusbeam.log.publishing.pipeline import Pipeline
from statusbeam.log.publishing.ports import Broadcaster
from statusbeam.model import limits
from statusbeam.model.errors import BroadcastError
from statusbeam.model.settings import (
    COMMITTED_METRIC,
    COMMITTED_TO_PUSHED_METRIC,
    PRODUCED_TO_COMMITTED_METRIC,
    PUSHES_METRIC,
    REFUSED_METRIC,
    REJECTED_METRIC,
    SHED_METRIC,
    SUPPRESSED_METRIC,
)
from statusbeam.model.update import StatusUpdate
from statusbeam.model.validation import wire_time
from tests.unit.samples import NOW, StoppedClock, entry

TRIED = 3
"""The push that FailingAfter does not take."""


@dataclass(slots=True)
class FailingAfter:
    """Takes pushes, each in a tenth of a second, until the one numbered TRIED."""

    clock: StoppedClock
    error: BaseException
    tried: int = 0

    def push(self, update: StatusUpdate) -> None:
        self.tried += 1
        self.clock.time += 0.1
        if self.tried == TRIED:
            raise self.error


@dataclass(slots=True)
class World:
    """A pipeline on memory, which ana of city watches plainly: each status is a push."""

    clock: StoppedClock = field(default_factory=StoppedClock)
    journal: MemoryJournal = field(init=False)
    sessions: MemorySessionStore = field(default_factory=MemorySessionStore)
    measured: Measurements = field(default_factory=Measurements)

    def __post_init__(self) -> None:
        self.journal = MemoryJournal(clock=self.clock.clock())
        self.sessions.open("city", "ana", "c1", until=NOW + 60)

    def publish(
        self, *updates: dict[str, Any], batch_id: str = "b1", broadcaster: Broadcaster | None = None
    ) -> None:
        pipeline = Pipeline(
            journal=self.journal,
            sessions=self.sessions,
            broadcaster=broadcaster or MemoryBroadcaster(),
            clock=self.clock.clock(),
        )
        payload = {"batchId": batch_id, "updates": list(updates)}
        pipeline.publish(payload, batch_id="request", deadline=NOW + 20, measured=self.measured)

    def counted(self) -> dict[str, int]:
        return {name: count for name, count in self.measured.counts.items() if count}


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(BroadcastError("down", code="http_503", retriable=True), id="AppSync"),
        pytest.param(KeyError("a mistake of ours"), id="a bug"),
        pytest.param(KeyboardInterrupt(), id="the end of the time"),
    ],
)
def test_an_error_in_a_push_takes_back_no_count(error: BaseException) -> None:
    world = World()
    statuses = [entry(), entry(), entry(attempt="none"), entry(), entry()]
    with pytest.raises(type(error)):
        world.publish(*statuses, broadcaster=FailingAfter(world.clock, error))
    assert world.counted() == {COMMITTED_METRIC: 4, REJECTED_METRIC: 1, PUSHES_METRIC: TRIED - 1}
    assert COMMITTED_TO_PUSHED_METRIC not in world.measured.latencies


def test_a_redelivery_counts_its_pushes_and_not_its_commit_again() -> None:
    world = World()
    world.publish(entry(), entry())
    world.publish(entry(), entry())
    assert world.counted() == {COMMITTED_METRIC: 2, PUSHES_METRIC: 4}
    assert len(world.measured.latencies[PRODUCED_TO_COMMITTED_METRIC]) == 1


def test_a_status_for_another_users_job_is_rejected_and_refused() -> None:
    world = World()
    world.publish(entry())
    world.publish(entry(userId="ben"), entry(userId="ben"), entry(attempt="none"), batch_id="b2")
    assert world.counted() == {
        COMMITTED_METRIC: 1,
        PUSHES_METRIC: 1,
        REJECTED_METRIC: 3,
        REFUSED_METRIC: 2,
    }


def test_a_commit_that_nobody_watches_is_one_suppressed_push() -> None:
    world = World()
    world.publish(entry(userId="ben"), entry(userId="ben"))
    assert world.counted() == {COMMITTED_METRIC: 2, SUPPRESSED_METRIC: 1}


def test_a_dropped_status_is_not_committed() -> None:
    world = World()
    flood = [entry(status="progress", progress=0.5) for _ in range(limits.UPDATES_PER_COMMIT)]
    for number in range(5):
        world.publish(*flood, batch_id=f"b{number}")
    counted = world.counted()
    assert counted[COMMITTED_METRIC] + counted[SHED_METRIC] == 5 * len(flood)
    assert 0 < counted[COMMITTED_METRIC] == counted[PUSHES_METRIC]


def test_latencies_are_from_the_oldest_status_to_the_commit_and_from_there_to_the_last_push() -> None:
    world = World()
    world.clock.time = NOW + 2
    times = [wire_time(datetime.fromtimestamp(NOW + after, UTC)) for after in (0.5, 1.5)]
    taken = FailingAfter(world.clock, AssertionError())
    world.publish(*(entry(timestamp=time) for time in times), broadcaster=taken)
    (to_commit,) = world.measured.latencies[PRODUCED_TO_COMMITTED_METRIC]
    (to_push,) = world.measured.latencies[COMMITTED_TO_PUSHED_METRIC]
    assert to_commit == pytest.approx(1500, abs=1)
    assert to_push == pytest.approx(200, abs=1)
