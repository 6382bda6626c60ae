"""The tails of all watched jobs: the first client of a job starts one, the last client ends it.

>>> async with tails.watch(JobKey("city", "report-7"), may_see=viewer.may_see) as watch:
...     await watch.next()
[Joined(job=Job(...), lost=None)]
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from statusbeam.log.snapshot.job_state import Head
from statusbeam.model.clock import Clock
from statusbeam.model.job_key import JobKey

from ..log_reader.reader import LogReader
from .cursor import Cursor
from .job_tail import STEPS_KEPT, JobTail
from .pace import Pace
from .position_reads import PositionReads
from .watch import Watch


@dataclass(slots=True)
class _Open:
    """A tail and the number of its clients."""

    tail: JobTail
    opening: asyncio.Task[None]
    following: asyncio.Task[None] | None = None
    clients: int = 0


class Tails:
    """One JobTail for each watched job, for all clients of this process."""

    def __init__(
        self,
        reader: LogReader,
        *,
        pace: Pace | None = None,
        clock: Clock | None = None,
        steps_kept: int = STEPS_KEPT,
    ) -> None:
        self._reader = reader
        self._positions = PositionReads(reader)
        self._pace = pace or Pace()
        self._clock = clock or Clock()
        self._steps_kept = steps_kept
        self._tails: dict[JobKey, _Open] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def watched(self) -> int:
        """The number of watched jobs."""
        return len(self._tails)

    def watched_in(self, tenant_id: str) -> int:
        """The number of a tenant's watched jobs."""
        return sum(key.tenant_id == tenant_id for key in self._tails)

    def hint(self, key: JobKey) -> None:
        """Report from any thread that this job may have new statuses. A hint only makes the tail read
        earlier."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop was closed: no client is left
                self._loop.call_soon_threadsafe(self._hint, key)

    def _hint(self, key: JobKey) -> None:
        found = self._tails.get(key)
        if found is not None:
            found.tail.hint()

    @asynccontextmanager
    async def watch(
        self, key: JobKey, *, may_see: Callable[[Head], bool], after: Cursor | None = None
    ) -> AsyncIterator[Watch]:
        """Register a client of this job while the block runs. Raises JournalError."""
        self._loop = asyncio.get_running_loop()
        found = self._tails.get(key)
        if found is None:
            found = self._tails[key] = self._new(key)
        found.clients += 1
        try:
            await asyncio.shield(found.opening)
            if found.following is None:
                found.following = asyncio.create_task(found.tail.follow())
            yield Watch(found.tail, after=after, may_see=may_see)
        finally:
            found.clients -= 1
            failed = found.opening.done() and not found.opening.cancelled() and found.opening.exception()
            if failed or found.tail.failure is not None or found.clients == 0:
                if self._tails.get(key) is found:
                    del self._tails[key]
                if found.clients == 0:
                    self._end(found)

    def _new(self, key: JobKey) -> _Open:
        tail = JobTail(
            key,
            self._reader,
            self._positions,
            pace=self._pace,
            clock=self._clock,
            steps_kept=self._steps_kept,
        )
        return _Open(tail=tail, opening=asyncio.create_task(tail.open()))

    def _end(self, found: _Open) -> None:
        """Cancel the tail's tasks. Awaiting them here would fail in a client that is cancelled itself."""
        for task in (found.opening, found.following):
            if task is not None and not task.done():
                self._ending.add(task)
                task.add_done_callback(self._ending.discard)
                task.cancel()
