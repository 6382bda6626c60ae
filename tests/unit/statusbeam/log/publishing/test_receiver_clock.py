"""With any clock of the sender, a reporting agent is live and a silent one is not."""

from __future__ import annotations

from typing import Any

import pytest

from statusbeam.log.journal.memory import MemoryJournal
from statusbeam.log.publishing.memory import MemoryBroadcaster, MemorySessionStore
from statusbeam.log.publishing.pipeline import Pipeline
from statusbeam.log.publishing.receiver_clock import time_at
from statusbeam.log.snapshot.liveness import agent_liveness, liveness
from statusbeam.model.limits import CLOCK_SLOW_SECONDS, CLOCK_TOLERANCE_SECONDS, LEASE_SECONDS
from tests.unit.samples import NOW, StoppedClock, entry, job_key

HOUR = 3_600
AHEAD = [0, 1, 4, -30, 30, -90, 90, -2 * HOUR, 600, -12 * HOUR]
"""By how many seconds a sender's clock is ahead of ours."""


class World:
    """A publisher on memory, and senders whose clocks are ahead of it."""

    def __init__(self) -> None:
        self.time = StoppedClock()
        self.journal = MemoryJournal(clock=self.time.clock())
        self.pipeline = Pipeline(
            journal=self.journal,
            sessions=MemorySessionStore(),
            broadcaster=MemoryBroadcaster(),
            clock=self.time.clock(),
        )
        self.sent = 0

    def send(
        self,
        word: str,
        *,
        ahead: float = 0,
        happened: float = 0,
        queued: float = 0,
        way: float = 0,
    ) -> None:
        """A sender sends what happened `happened` seconds ago; it takes `way` seconds to be received, and
        the queue keeps it for `queued` seconds."""
        self.sent += 1
        said = time_at(self.time.time - happened + ahead)
        payload = {
            "batchId": f"b{self.sent}",
            "sentAt": time_at(self.time.time + ahead),
            "updates": [entry(status=word, timestamp=said)],
        }
        received_at = self.time.time + way if queued else None
        self.time.time += way + queued
        self.pipeline.publish(payload, batch_id="r", deadline=self.time.time + 20, received_at=received_at)

    def verdicts(self) -> tuple[str | None, str | None]:
        job = self.journal.snapshot(job_key())
        assert job is not None
        return liveness(job, self.time.time), agent_liveness(job, "Geo Agent", self.time.time)

    def log(self) -> list[dict[str, Any]]:
        return [update.to_wire() for update in self.journal.updates(job_key(), first=1, last=100)]


@pytest.mark.parametrize("ahead", AHEAD)
def test_an_agent_with_heartbeats_is_live_and_a_stopped_one_is_not(ahead: float) -> None:
    world = World()
    world.send("agent_invoking", ahead=ahead)
    for _ in range(12):
        world.time.time += 20
        world.send("heartbeat", ahead=ahead, way=0.2)
        assert world.verdicts() == ("live", "live")
    world.time.time += LEASE_SECONDS + CLOCK_TOLERANCE_SECONDS + 0.2
    assert world.verdicts() == ("stale", "stale")
    world.time.time += 240
    assert world.verdicts() == ("lost", "lost")


@pytest.mark.parametrize("ahead", AHEAD)
def test_a_queued_status_keeps_its_age(ahead: float) -> None:
    world = World()
    world.send("agent_invoking", ahead=ahead, way=0.1, queued=LEASE_SECONDS + CLOCK_TOLERANCE_SECONDS)
    assert world.verdicts() == ("stale", "stale")


@pytest.mark.parametrize("ahead", AHEAD)
def test_statuses_that_waited_to_be_sent_keep_their_distance_to_the_time_of_sending(ahead: float) -> None:
    world = World()
    world.send("agent_invoking", ahead=ahead, happened=50)
    world.time.time += LEASE_SECONDS - 50 - CLOCK_TOLERANCE_SECONDS - 1
    assert world.verdicts() == ("live", "live")
    world.time.time += 2 * CLOCK_TOLERANCE_SECONDS + 1
    assert world.verdicts() == ("stale", "stale")


def test_a_clock_that_is_nearly_right_is_left_alone() -> None:
    world = World()
    world.send("agent_invoking", ahead=3, way=1)
    (status,) = world.log()
    assert status["timestamp"] == time_at(NOW + 3)
    assert "metadata" not in status


def test_a_corrected_time_keeps_the_reported_one() -> None:
    world = World()
    world.send("agent_invoking", ahead=-HOUR)
    (status,) = world.log()
    assert status["timestamp"] == time_at(NOW - CLOCK_TOLERANCE_SECONDS)
    assert status["metadata"] == f'{{"reportedAt":"{time_at(NOW - HOUR)}"}}'


def test_a_payload_that_was_days_on_its_way_was_late_not_sent_by_a_slow_clock() -> None:
    world = World()
    world.send("agent_invoking", ahead=-CLOCK_SLOW_SECONDS - 60)
    assert world.verdicts() == ("lost", "lost")


def test_two_tries_of_one_payload_are_one_batch() -> None:
    world = World()
    update = entry(timestamp=time_at(NOW - HOUR))
    for seconds in (0, 7):
        world.time.time = NOW + seconds
        sent_at = time_at(NOW - HOUR + seconds)
        payload = {"batchId": "b1", "sentAt": sent_at, "updates": [update]}
        result = world.pipeline.publish(payload, batch_id="r", deadline=NOW + 60)
        assert (result["committed"], result["rejected"]) == (1, [])
    assert len(world.log()) == 1


@pytest.mark.parametrize("sent_at", ["now", 5, None, "2026-11-20", ["2026-11-20T08:30:00Z"]])
def test_an_unreadable_time_of_sending_costs_no_status(sent_at: object) -> None:
    world = World()
    payload = {"batchId": "b1", "sentAt": sent_at, "updates": [entry(timestamp=time_at(NOW))]}
    assert world.pipeline.publish(payload, batch_id="r", deadline=NOW + 60)["committed"] == 1


def test_a_bare_status_may_have_its_time_of_sending() -> None:
    world = World()
    payload = {**entry(timestamp=time_at(NOW - HOUR)), "sentAt": time_at(NOW - HOUR)}
    assert world.pipeline.publish(payload, batch_id="r", deadline=NOW + 60)["committed"] == 1
    assert world.verdicts() == ("live", "live")
