"""One client's connection while it is open."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

from .dialects.dialect import Dialect
from .observed import Connection, Ending, Received


class Live:
    """Follows a job in a separate task until the block ends.

    >>> async with Live(dialect, "job-1", Connection(), seconds=10) as live:
    ...     await live.until(lambda: 3 in live.connection.steps)
    >>> live.connection.events
    """

    def __init__(self, dialect: Dialect, job_id: str, connection: Connection, *, seconds: float) -> None:
        self.connection = connection
        self._dialect = dialect
        self._job_id = job_id
        self._seconds = seconds
        self._news = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Cut the connection, if the server has not ended it."""
        had_ended = self._reading.done()
        self._reading.cancel()
        await asyncio.wait([self._reading])
        # A client that loses its connection within an answer may raise anything, which is no fault of the
        # server.
        failure = None if self._reading.cancelled() else self._reading.exception()
        if had_ended and error is None and failure is not None:
            raise failure

    async def until(self, is_reached: Callable[[], bool]) -> None:
        """Wait until the condition holds, the connection has ended, or the time is over."""
        try:
            async with asyncio.timeout(self._seconds):
                while not is_reached() and not self._reading.done():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return  # the checks report missing statuses

    async def until_ended(self) -> None:
        """Wait until the server ends the connection, or the time is over."""
        await self.until(lambda: False)

    async def _read(self) -> None:
        try:
            self.connection.ending = await self._follow()
        finally:
            self._news.set()

    async def _follow(self) -> Ending:
        return await self._dialect.read(self._job_id, self.connection.after, self._take)

    def _take(self, event: Received) -> None:
        self.connection.events.append(event)
        self._news.set()
