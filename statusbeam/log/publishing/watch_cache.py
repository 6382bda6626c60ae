"""Caches for a moment that a client is connected, so that a busy job needs fewer lookups."""

from __future__ import annotations

from typing import Final

from statusbeam.model.bounded import Bounded
from statusbeam.model.limits import USERS_REMEMBERED, WATCHED_SECONDS

from ..journal.audience import Audience
from .ports import SessionStore

_UNKNOWN: Final = (Audience.NOBODY, float("-inf"))


class WatchCache:
    """A SessionStore that caches the audiences of `store` for `seconds`.

    At worst the publisher pushes to a user that has just left, or makes several pushes instead of one. It
    never caches an empty audience, so a user that has just connected does not miss the next status. For the
    same reason a cached JOINED does not count for a commit of several statuses: a plain client may have
    connected since.
    """

    def __init__(self, store: SessionStore, *, seconds: float = WATCHED_SECONDS) -> None:
        self._store = store
        self._seconds = seconds
        # (audience, when it was read), by tenant and user
        self._seen: Bounded[tuple[str, str], tuple[Audience, float]] = Bounded(USERS_REMEMBERED)

    def audience(self, tenant_id: str, user_id: str, *, now: float, of_several: bool) -> Audience:
        """See SessionStore.audience."""
        who = (tenant_id, user_id)
        seen, at = self._seen.get(who, _UNKNOWN)
        if 0 <= now - at < self._seconds and (seen is Audience.PLAIN or not of_several):
            return seen
        self._seen.pop(who, None)
        found = self._store.audience(tenant_id, user_id, now=now, of_several=of_several)
        if found is not Audience.NOBODY:
            self._seen[who] = (found, now)
        return found
