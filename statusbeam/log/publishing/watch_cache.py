"""Caches for a moment that somebody is connected: the watchers of a busy job are not looked up each time."""

from __future__ import annotations

from statusbeam.model.bounded import Bounded
from statusbeam.model.limits import USERS_REMEMBERED, WATCHED_SECONDS

from .ports import SessionStore


class WatchCache:
    """A SessionStore that caches each yes of `store` for `seconds`.

    At worst a user who has just left is pushed to. A no is never cached, so a user who has just connected
    does not miss the next status.
    """

    def __init__(self, store: SessionStore, *, seconds: float = WATCHED_SECONDS) -> None:
        self._store = store
        self._seconds = seconds
        self._seen: Bounded[tuple[str, str], float] = Bounded(USERS_REMEMBERED)  # at, by tenant and user

    def is_watched(self, tenant_id: str, user_id: str, *, now: float) -> bool:
        """See SessionStore.is_watched."""
        who = (tenant_id, user_id)
        if 0 <= now - self._seen.get(who, -self._seconds) < self._seconds:
            return True
        self._seen.pop(who, None)
        watched = self._store.is_watched(tenant_id, user_id, now=now)
        if watched:
            self._seen[who] = now
        return watched
