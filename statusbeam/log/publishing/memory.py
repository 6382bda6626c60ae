"""The pipeline's ports in memory, apart from the journal: for a local run in one process, and for tests."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from ..journal.audience import Audience

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
        self._sessions: dict[tuple[str, str], dict[str, tuple[float, Audience]]] = {}
        self._lock = Lock()

    def open(
        self, tenant_id: str, user_id: str | None, connection_id: str, *, until: float, joined: bool = False
    ) -> None:
        """A client of the user connects, or an operator of the tenant (None), until epoch seconds at most.

        `joined`: the client reads `earlier`.
        """
        kind = Audience.JOINED if joined else Audience.PLAIN
        with self._lock:
            self._sessions.setdefault((tenant_id, user_id or ""), {})[connection_id] = (until, kind)

    def close(self, tenant_id: str, user_id: str | None, connection_id: str) -> None:
        """The client disconnects."""
        with self._lock:
            self._sessions.get((tenant_id, user_id or ""), {}).pop(connection_id, None)

    def audience(self, tenant_id: str, user_id: str, *, now: float, of_several: bool) -> Audience:  # noqa: ARG002 - reading all costs nothing here
        """See SessionStore.audience."""
        with self._lock:
            watchers = [self._sessions.get((tenant_id, who), {}) for who in (user_id, "")]
            live = {kind for sessions in watchers for until, kind in sessions.values() if until > now}
        if Audience.PLAIN in live:
            return Audience.PLAIN
        return Audience.JOINED if live else Audience.NOBODY


class MemoryBroadcaster:
    """A Broadcaster that keeps all pushes in `pushed`."""

    def __init__(self) -> None:
        self.pushed: list[StatusUpdate] = []

    def push(self, update: StatusUpdate) -> None:
        """See Broadcaster.push."""
        self.pushed.append(update)
