"""Heartbeats of a tracker's agents, in virtual time."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from status_utils import StatusTracker
from status_utils.scopes import agent_heartbeats
from statusbeam.model.limits import HEARTBEAT_SECONDS
from tests.unit.status_utils.virtual_sender import FakeTransport, World


@pytest.fixture
def transport() -> FakeTransport:
    return FakeTransport()


@pytest.fixture
def world(transport: FakeTransport, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    world = World(transport)
    monkeypatch.setattr(agent_heartbeats, "sender_for", lambda _: world.sender)
    yield world
    assert world.sender.open_sources() == []


def tracker(transport: FakeTransport) -> StatusTracker:
    return StatusTracker("job-1", "ana", "city", transport=transport)


def heartbeats(transport: FakeTransport) -> list[tuple[str, int]]:
    return [(s["agentName"], s["attempt"]) for s in transport.statuses() if s["status"] == "heartbeat"]


def test_an_agent_in_progress_is_alive_until_its_end(world: World, transport: FakeTransport) -> None:
    work = tracker(transport)
    work.update_agent_status("Geo Agent", "pending")
    world.run(10 * HEARTBEAT_SECONDS)
    assert heartbeats(transport) == []
    work.update_agent_status("Geo Agent", "in-progress")
    world.run(3 * HEARTBEAT_SECONDS + 1)
    assert heartbeats(transport) == [("Geo Agent", 1)] * 3
    work.update_agent_status("Geo Agent", "success")
    world.run(10 * HEARTBEAT_SECONDS)
    assert len(heartbeats(transport)) == 3


def test_an_agent_that_reports_needs_no_heartbeat(world: World, transport: FakeTransport) -> None:
    work = tracker(transport)
    for _ in range(9):
        work.update_agent_status("Geo Agent", "in-progress")
        world.run(HEARTBEAT_SECONDS - 1)
    assert heartbeats(transport) == []
    work.finalize_status()


def test_a_heartbeat_is_of_the_attempt_that_is_under_way(world: World, transport: FakeTransport) -> None:
    work = tracker(transport)
    work.update_agent_status("Geo Agent", "in-progress")
    work.update_agent_status("Geo Agent", "error")
    work.update_agent_status("Geo Agent", "in-progress")
    world.run(HEARTBEAT_SECONDS + 1)
    assert heartbeats(transport) == [("Geo Agent", 2)]
    work.finalize_status("failed")


def test_the_jobs_end_ends_the_heartbeats_of_agents_that_are_still_open(
    world: World, transport: FakeTransport
) -> None:
    work = tracker(transport)
    work.update_agent_status("Geo Agent", "in-progress")
    work.finalize_status("failed")
    world.run(10 * HEARTBEAT_SECONDS)
    assert heartbeats(transport) == []


def test_a_tracker_that_is_gone_keeps_no_agent_alive(world: World, transport: FakeTransport) -> None:
    work = tracker(transport)
    work.update_agent_status("Geo Agent", "in-progress")
    del work
    gc.collect()
    world.run(10 * HEARTBEAT_SECONDS)
    assert heartbeats(transport) == []
