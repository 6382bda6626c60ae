"""A publisher that does not look up a busy job's watchers each time."""

from __future__ import annotations

import pytest

from statusbeam.log.publishing.memory import MemorySessionStore
from statusbeam.log.publishing.watch_cache import WatchCache
from statusbeam.model import limits
from statusbeam.model.limits import WATCHED_SECONDS

NOW = 1_000.0


class Asked(MemorySessionStore):
    """Sessions that count how often they are asked."""

    def __init__(self) -> None:
        super().__init__()
        self.times = 0

    def is_watched(self, tenant_id: str, user_id: str, *, now: float) -> bool:
        self.times += 1
        return super().is_watched(tenant_id, user_id, now=now)


@pytest.fixture
def sessions() -> Asked:
    sessions = Asked()
    sessions.open("north", "ana", "c1", until=NOW + 60)
    return sessions


def test_a_user_seen_a_moment_ago_is_not_looked_up_again(sessions: Asked) -> None:
    cache = WatchCache(sessions)
    assert cache.is_watched("north", "ana", now=NOW)
    sessions.close("north", "ana", "c1")
    assert cache.is_watched("north", "ana", now=NOW + WATCHED_SECONDS - 0.1)
    assert sessions.times == 1


def test_a_user_who_left_is_found_out_soon(sessions: Asked) -> None:
    cache = WatchCache(sessions)
    assert cache.is_watched("north", "ana", now=NOW)
    sessions.close("north", "ana", "c1")
    assert not cache.is_watched("north", "ana", now=NOW + WATCHED_SECONDS)


def test_a_user_who_has_just_come_misses_nothing(sessions: Asked) -> None:
    cache = WatchCache(sessions)
    assert not cache.is_watched("north", "ben", now=NOW)
    sessions.open("north", "ben", "c2", until=NOW + 60)
    assert cache.is_watched("north", "ben", now=NOW)


def test_the_same_user_id_of_another_tenant_is_somebody_else(sessions: Asked) -> None:
    cache = WatchCache(sessions)
    assert cache.is_watched("north", "ana", now=NOW)
    assert not cache.is_watched("south", "ana", now=NOW)


def test_a_clock_that_was_set_back_makes_nobody_watched_for_longer(sessions: Asked) -> None:
    cache = WatchCache(sessions)
    assert cache.is_watched("north", "ana", now=NOW)
    sessions.close("north", "ana", "c1")
    assert not cache.is_watched("north", "ana", now=NOW - 1)


def test_of_many_users_those_seen_first_are_asked_for_again(
    sessions: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("statusbeam.log.publishing.watch_cache.USERS_REMEMBERED", 2)
    assert limits.USERS_REMEMBERED > 2
    cache = WatchCache(sessions)
    for user in ("ben", "eve"):
        sessions.open("north", user, "c", until=NOW + 60)
    for user in ("ana", "ben", "eve", "eve", "ben", "ana"):
        assert cache.is_watched("north", user, now=NOW)
    assert sessions.times == 4
