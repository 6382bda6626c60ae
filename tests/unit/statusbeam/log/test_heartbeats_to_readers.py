"""From a silent scope to its readers: the library's heartbeats, the log, the clock."""

from __future__ import annotations

import pytest

from status_utils import DirectTransport
from status_utils.scopes.job import JobScope
from statusbeam.log.journal.memory import MemoryJournal
from statusbeam.log.publishing.memory import MemoryBroadcaster, MemorySessionStore
from statusbeam.log.publishing.pipeline import Pipeline
from statusbeam.log.snapshot.liveness import agent_liveness, liveness
from statusbeam.model.clock import Clock
from statusbeam.model.errors import TransportError
from statusbeam.model.limits import HEARTBEAT_SECONDS, LEASE_SECONDS, LOST_AFTER_SECONDS
from tests.unit.samples import NOW, job_key
from tests.unit.status_utils.virtual_sender import THROTTLED, World

QUIET_SECONDS = 900
OUTAGE_SECONDS = range(300, 312)
"""When nothing gets through, for most of a heartbeat's time."""


class Readers:
    """The readers of the job while its caller's time passes."""

    def __init__(self) -> None:
        self.world = World(DirectTransport(self._pipeline))
        clock = Clock(now=lambda: NOW + self.world.time)
        self._journal = MemoryJournal(clock=clock)
        self._publisher = Pipeline(
            journal=self._journal, sessions=MemorySessionStore(), broadcaster=MemoryBroadcaster(), clock=clock
        )

    def _pipeline(self) -> Pipeline:
        return self._publisher

    def see(self, *invocations: str, later: float = 0.0) -> set[str | None]:
        """Their liveness of the job and of these agents, `later` seconds from now."""
        snapshot = self._journal.snapshot(job_key())
        assert snapshot is not None
        now = NOW + self.world.time + later
        return {liveness(snapshot, now), *(agent_liveness(snapshot, one, now) for one in invocations)}


def begin(readers: Readers) -> JobScope:
    j = readers.world.job()
    j.start()
    return j


@pytest.mark.parametrize("outage", [range(0), OUTAGE_SECONDS], ids=["good way", "outage"])
def test_an_open_silent_scope_is_never_stale(outage: range) -> None:
    readers = Readers()
    world = readers.world
    direct, began = world.sender.transport, world.time

    class Way:
        def send(self, payload: object) -> None:
            if int(world.time - began) in outage:
                raise THROTTLED
            assert direct is not None
            direct.send(payload)  # type: ignore[arg-type] # the sender's payload, unseen

    world.sender.transport = Way()
    j = begin(readers)
    outer = j.agent("Geo Agent")
    outer.start()
    inner = outer.agent("Map Agent")
    inner.start()
    names = [scope.invocation_id for scope in (outer, inner)]
    for _ in range(QUIET_SECONDS):
        world.run(1)
        assert readers.see(*names) == {"live"}
    for scope in (inner, outer, j):
        scope.end()
    world.run(10)
    assert readers.see(*names) == {"ended"}


@pytest.mark.parametrize("killed_after", [1, 19, 21, 100, 600])
def test_a_killed_process_is_stale_within_a_lease_and_a_heartbeat_and_then_lost(killed_after: int) -> None:
    readers = Readers()
    j = begin(readers)
    agent = j.agent("Geo Agent")
    agent.start()
    readers.world.run(killed_after)  # after this, nobody lets its sender work any more
    name = agent.invocation_id
    assert readers.see(name) == {"live"}
    assert readers.see(name, later=LEASE_SECONDS - HEARTBEAT_SECONDS - 1) == {"live"}
    assert readers.see(name, later=LEASE_SECONDS + 1) == {"stale"}
    assert readers.see(name, later=LEASE_SECONDS + LOST_AFTER_SECONDS + 1) == {"lost"}


def test_an_ended_agent_sends_none_and_its_job_continues() -> None:
    readers = Readers()
    j = begin(readers)
    agent = j.agent("Geo Agent")
    agent.start()
    agent.end(TransportError("the map is away", code="away", retriable=True))
    for _ in range(LEASE_SECONDS * 2):
        readers.world.run(1)
        assert readers.see() == {"live"}
    assert readers.see(agent.invocation_id) == {"live", "ended"}
