"""Counts the open streams of this process, limits them by principal, and ends them.

>>> async with connections.open(viewer, "sse"):
...     await stream()
StreamEndedError: login_ended
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from statusbeam.model.errors import SessionStoreError
from statusbeam.model.limits import CONNECTION_SECONDS

from ..problems import Problem
from .ended_logins import EndedLogins, UserKey
from .viewer import Viewer

CONNECTIONS: Final = 10_000
"""Of one process."""
CONNECTIONS_PER_USER: Final = 100
LOGIN_CHECK_SECONDS: Final = 2.0
"""The interval in which the bridge checks the logins of open streams. Streams of ended logins close within 5
s."""

_log = logging.getLogger(__name__)


class EndReason(StrEnum):
    """Why the bridge ends a stream."""

    LOGIN_ENDED = "login_ended"  # endSessions
    SHUTTING_DOWN = "shutting_down"  # the process ends: the client reconnects to another one
    TOO_OLD = "too_old"  # after a day, as on AppSync: the client reconnects


class StreamEndedError(Exception):
    """The stream must end now. Raised where the stream waits."""

    def __init__(self, reason: EndReason) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(eq=False, slots=True, kw_only=True)
class Connection:
    """One open stream."""

    viewer: Viewer
    dialect: str
    limit: asyncio.Timeout
    reason: EndReason = EndReason.TOO_OLD

    def end(self, reason: EndReason) -> None:
        """Raise StreamEndedError where the stream waits."""
        self.reason = reason
        self.limit.reschedule(asyncio.get_running_loop().time())


class Connections:
    """All open streams. While a stream is open, a task checks the logins; applications need not start it."""

    def __init__(
        self,
        ended: EndedLogins,
        *,
        in_all: int = CONNECTIONS,
        per_user: int = CONNECTIONS_PER_USER,
        check_seconds: float = LOGIN_CHECK_SECONDS,
    ) -> None:
        self._ended = ended
        self._in_all = in_all
        self._per_user = per_user
        self._check_seconds = check_seconds
        self._open: set[Connection] = set()
        self._of_user: Counter[UserKey] = Counter()
        self._checking: asyncio.Task[None] | None = None
        self.closing = False
        """Whether the process ends: no new stream opens."""

    def __len__(self) -> int:
        return len(self._open)

    def by_dialect(self, tenant_id: str | None = None) -> Counter[str]:
        """The number of open streams by dialect, of one tenant or in total."""
        shown = (one for one in self._open if tenant_id in (None, one.viewer.tenant_id))
        return Counter(connection.dialect for connection in shown)

    @asynccontextmanager
    async def open(self, viewer: Viewer, dialect: str) -> AsyncIterator[Connection]:
        """Register a stream of `viewer` while the block runs.

        Raises Problem (429) at a limit, and StreamEndedError out of the block when the stream must end.
        """
        self._admit(viewer)
        try:
            async with asyncio.timeout(CONNECTION_SECONDS) as limit:
                connection = Connection(viewer=viewer, dialect=dialect, limit=limit)
                self._add(connection)
                try:
                    yield connection
                finally:
                    self._forget(connection)
        except TimeoutError:
            if limit.expired():
                raise StreamEndedError(connection.reason) from None
            raise

    async def is_ended(self, viewer: Viewer) -> bool:
        """Whether the viewer's login was ended. Raises SessionStoreError."""
        ended = await self._ended.ended_at([viewer.key])
        return viewer.is_ended_by(ended.get(viewer.key))

    async def _check_logins(self) -> None:
        """End the streams of logins that were ended, until this is cancelled."""
        while True:
            await asyncio.sleep(self._check_seconds)
            try:
                await self.end_ended_logins()
            except SessionStoreError as error:
                _log.warning("code=<%s> | logins could not be checked: %s", error.code, error.message)

    async def end_ended_logins(self) -> None:
        """End the streams of logins that were ended by now. Raises SessionStoreError."""
        ended = await self._ended.ended_at(list(self._of_user))
        for connection in tuple(self._open):
            if connection.viewer.is_ended_by(ended.get(connection.viewer.key)):
                connection.end(EndReason.LOGIN_ENDED)

    def end_all(self) -> None:
        """End all streams, and open no new one, because the process ends."""
        self.closing = True
        for connection in tuple(self._open):
            connection.end(EndReason.SHUTTING_DOWN)

    def _admit(self, viewer: Viewer) -> None:
        if self.closing:
            raise Problem.unavailable("This process is shutting down.", retry_after=1)
        if len(self._open) >= self._in_all:
            raise Problem.too_many("This process has no room for another stream.")
        if self._of_user[viewer.key] >= self._per_user:
            raise Problem.too_many(f"A user may have {self._per_user} open streams.")

    def _add(self, connection: Connection) -> None:
        self._open.add(connection)
        self._of_user[connection.viewer.key] += 1
        if self._checking is None:
            self._checking = asyncio.create_task(self._check_logins())

    def _forget(self, connection: Connection) -> None:
        self._open.discard(connection)
        if not self._open and self._checking is not None:
            self._checking.cancel()
            self._checking = None
        self._of_user[connection.viewer.key] -= 1
        if self._of_user[connection.viewer.key] <= 0:
            del self._of_user[connection.viewer.key]
