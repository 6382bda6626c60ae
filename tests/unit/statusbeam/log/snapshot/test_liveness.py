"""The liveness of silent jobs and agents."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statusbeam.log.snapshot.fold import fold
from statusbeam.log.snapshot.job_state import Job
from statusbeam.log.snapshot.liveness import agent_liveness, liveness
from statusbeam.model.limits import (
    HEARTBEAT_SECONDS,
    LEASE_SECONDS,
    LOST_AFTER_SECONDS,
    MAX_LEASE_SECONDS,
)
from tests.unit.statusbeam.log.snapshot.fold_cases import START_MS, committed, status

START = START_MS / 1000
GEO = "Geo Agent"

READINGS = [
    (0, "live", "just heard"),
    (LEASE_SECONDS - 0.001, "live", "the lease's last moment"),
    (LEASE_SECONDS, "stale", "the lease is over"),
    (LEASE_SECONDS + LOST_AFTER_SECONDS - 0.001, "stale", "the last moment of hope"),
    (LEASE_SECONDS + LOST_AFTER_SECONDS, "lost", "presumed dead"),
    (1e9, "lost", "for good"),
    (-1e6, "live", "a reader whose clock is behind"),
]


@pytest.mark.parametrize(
    ("after", "expected"), [row[:2] for row in READINGS], ids=[row[2] for row in READINGS]
)
def test_silence_is_read_from_time_alone(after: float, expected: str) -> None:
    job = fold(committed([status("agent_invoking", agent=GEO)]))
    assert (liveness(job, START + after), agent_liveness(job, GEO, START + after)) == (expected, expected)


def test_a_job_without_a_status_is_neither_live_nor_lost() -> None:
    assert liveness(Job(), START) is None


@pytest.mark.parametrize("word", ["complete", "error"])
def test_an_ended_job_and_its_agents_have_ended_at_any_time(word: str) -> None:
    job = fold(committed([status("agent_invoking", agent=GEO), status(word, 1)]))
    assert {liveness(job, START), agent_liveness(job, GEO, START), liveness(job, START + 1e9)} == {"ended"}


def test_a_silent_agent_of_a_running_job_is_stale_by_itself() -> None:
    job = fold(committed([status("agent_invoking", agent=GEO), status("heartbeat", 300, agent="Other")]))
    assert liveness(job, START + 301) == "live"
    assert agent_liveness(job, GEO, START + 301) == "stale"
    assert agent_liveness(job, "Other", START + 301) == "live"


def test_a_pending_and_an_unknown_agent_hold_no_lease() -> None:
    job = fold(committed([status("pending", agent=GEO)]))
    assert (agent_liveness(job, GEO, START), agent_liveness(job, "nobody", START)) == (None, None)


def test_a_reopened_job_lives_again() -> None:
    job = fold(committed([status("error"), status("reopened", 500)]))
    assert liveness(job, START + 500) == "live"


def test_a_zombie_does_not_keep_a_job_alive() -> None:
    log = [status("agent_invoking", agent=GEO, attempt=2), status("heartbeat", 70, agent=GEO, attempt=1)]
    assert liveness(fold(committed(log)), START + LEASE_SECONDS) == "stale"


@pytest.mark.parametrize(
    ("asked", "lease"),
    [
        (600, 600),
        (10, LEASE_SECONDS),
        (MAX_LEASE_SECONDS + 1, MAX_LEASE_SECONDS),
        (1e300, MAX_LEASE_SECONDS),
        (-1, LEASE_SECONDS),
        ("long", LEASE_SECONDS),
        (True, LEASE_SECONDS),
    ],
)
def test_a_status_may_ask_for_a_longer_lease(asked: object, lease: float) -> None:
    job = fold(committed([status("agent_invoking", agent=GEO, metadata={"leaseSeconds": asked})]))
    assert liveness(job, START + lease - 0.001) == "live"
    assert liveness(job, START + lease) == "stale"


@given(
    st.lists(st.floats(0, 3 * HEARTBEAT_SECONDS), min_size=1, max_size=12),
    st.floats(0, LEASE_SECONDS - 3 * HEARTBEAT_SECONDS - 0.01),
)
def test_gaps_of_three_heartbeats_are_never_read_as_stale(gaps: list[float], way: float) -> None:
    """Each heartbeat is seen only `way` seconds after it was said; a reader looks just before that."""
    log, at = [status("agent_invoking", agent=GEO)], 0.0
    for gap in gaps:
        at += gap
        job = fold(committed(log))
        assert liveness(job, START + at + way) == agent_liveness(job, GEO, START + at + way) == "live"
        log.append(status("heartbeat", at, agent=GEO))


@given(st.integers(0, 1_000), st.floats(0, HEARTBEAT_SECONDS))
def test_a_killed_agent_is_stale_within_a_lease_and_a_heartbeat(beats: int, killed_after: float) -> None:
    last = status("heartbeat", beats * HEARTBEAT_SECONDS, agent=GEO)
    killed = START + beats * HEARTBEAT_SECONDS + killed_after
    assert liveness(fold(committed([last])), killed + LEASE_SECONDS + HEARTBEAT_SECONDS) != "live"
