"""The pipeline's ports in memory, apart from the journal: for a local run in one process, and for tests."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from statusbeam.model.update import StatusUpdate


class MemoryDetailStore:
    """A DetailStore that lasts as long as the process."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put(self, key: str, body: bytes) -> None:
        """See DetailStore.put."""
        self.objects[key] = body


class MemorySessionStore:
    """A SessionStore that lasts as long as the process."""

    def __init__(self) -> None:
        self._sessions: dict[tuple[str, str], dict[str, float]] = {}
        self._lock = Lock()

    def open(self, tenant_id: str, user_id: str | None, connection_id: str, *, until: float) -> None:
        """A client of the user connects, or an operator of the tenant (None), until epoch seconds at most."""
        with self._lock:
            self._sessions.setdefault((tenant_id, user_id or ""), {})[connection_id] = until

    def close(self, tenant_id: str, user_id: str | None, connection_id: str) -> None:
        """The client disconnects."""
        with self._lock:
            self._sessions.get((tenant_id, user_id or ""), {}).pop(connection_id, None)

    def is_watched(self, tenant_id: str, user_id: str, *, now: float) -> bool:
        """See SessionStore.is_watched."""
        with self._lock:
            watchers = [self._sessions.get((tenant_id, who), {}) for who in (user_id, "")]
            return any(until > now for sessions in watchers for until in sessions.values())


class MemoryBroadcaster:
    """A Broadcaster that keeps what it was given in `pushed`."""

    def __init__(self) -> None:
        self.pushed: list[StatusUpdate] = []

    def push(self, update: StatusUpdate) -> None:
        """See Broadcaster.push."""
        self.pushed.append(update)
