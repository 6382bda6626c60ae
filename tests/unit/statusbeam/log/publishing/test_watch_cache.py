"""A publisher caches the watchers of a busy job."""

from __future__ import annotations

import pytest

from statusbeam.log.journal.audience import Audience
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

    def audience(self, tenant_id: str, user_id: str, *, now: float, of_several: bool) -> Audience:
        self.times += 1
        return super().audience(tenant_id, user_id, now=now, of_several=of_several)


def is_watched(cache: WatchCache, tenant_id: str, user_id: str, *, now: float) -> bool:
    return cache.audience(tenant_id, user_id, now=now, of_several=False) is not Audience.NOBODY


@pytest.fixture
def sessions() -> Asked:
    sessions = Asked()
    sessions.open("north", "ana", "c1", until=NOW + 60)
    return sessions


def test_a_user_seen_a_moment_ago_is_not_looked_up_again(sessions: Asked) -> None:
    cache = WatchCache(sessions)
    assert is_watched(cache, "north", "ana", now=NOW)
    sessions.close("north", "ana", "c1")
    assert is_watched(cache, "north", "ana", now=NOW + WATCHED_SECONDS - 0.1)
    assert sessions.times == 1


def test_a_disconnected_user_is_detected_soon(sessions: Asked) -> None:
    cache = WatchCache(sessions)
    assert is_watched(cache, "north", "ana", now=NOW)
    sessions.close("north", "ana", "c1")
    assert not is_watched(cache, "north", "ana", now=NOW + WATCHED_SECONDS)


def test_a_user_who_has_just_come_misses_nothing(sessions: Asked) -> None:
    cache = WatchCache(sessions)
    assert not is_watched(cache, "north", "ben", now=NOW)
    sessions.open("north", "ben", "c2", until=NOW + 60)
    assert is_watched(cache, "north", "ben", now=NOW)


def test_the_same_user_id_of_another_tenant_is_somebody_else(sessions: Asked) -> None:
    cache = WatchCache(sessions)
    assert is_watched(cache, "north", "ana", now=NOW)
    assert not is_watched(cache, "south", "ana", now=NOW)


def test_a_clock_that_was_set_back_makes_nobody_watched_for_longer(sessions: Asked) -> None:
    cache = WatchCache(sessions)
    assert is_watched(cache, "north", "ana", now=NOW)
    sessions.close("north", "ana", "c1")
    assert not is_watched(cache, "north", "ana", now=NOW - 1)


def test_the_first_cached_of_many_users_are_read_again(
    sessions: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("statusbeam.log.publishing.watch_cache.USERS_REMEMBERED", 2)
    assert limits.USERS_REMEMBERED > 2
    cache = WatchCache(sessions)
    for user in ("ben", "eve"):
        sessions.open("north", user, "c", until=NOW + 60)
    for user in ("ana", "ben", "eve", "eve", "ben", "ana"):
        assert is_watched(cache, "north", user, now=NOW)
    assert sessions.times == 4


def test_a_plain_client_that_comes_to_joined_ones_is_seen_at_the_next_commit_of_several(
    sessions: Asked,
) -> None:
    sessions.close("north", "ana", "c1")
    sessions.open("north", "ana", "c1", until=NOW + 60, joined=True)
    cache = WatchCache(sessions)
    assert cache.audience("north", "ana", now=NOW, of_several=True) is Audience.JOINED
    sessions.open("north", "ana", "c2", until=NOW + 60)
    assert cache.audience("north", "ana", now=NOW, of_several=True) is Audience.PLAIN


@pytest.mark.parametrize("of_several", [False, True])
def test_an_audience_that_is_plain_is_not_looked_up_again(sessions: Asked, of_several: bool) -> None:
    cache = WatchCache(sessions)
    for _ in range(3):
        assert cache.audience("north", "ana", now=NOW, of_several=of_several) is Audience.PLAIN
    assert sessions.times == 1


def test_a_joined_client_seen_a_moment_ago_is_enough_for_a_commit_of_one_status(sessions: Asked) -> None:
    sessions.close("north", "ana", "c1")
    sessions.open("north", "ana", "c1", until=NOW + 60, joined=True)
    cache = WatchCache(sessions)
    assert cache.audience("north", "ana", now=NOW, of_several=True) is Audience.JOINED
    assert is_watched(cache, "north", "ana", now=NOW)
    assert sessions.times == 1
