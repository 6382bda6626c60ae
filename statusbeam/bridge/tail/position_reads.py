"""Reads the positions of many jobs with one call, for all tails that request one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from statusbeam.model.chunked import chunked
from statusbeam.model.errors import JournalError
from statusbeam.model.job_key import JobKey

from ..log_reader.reader import LogReader
from .cursor import Cursor

GATHER_SECONDS: Final = 0.005
"""How long the first request waits for others, in seconds."""

_JOBS_PER_READ: Final = 100


class PositionReads:
    """Reads positions from `reader`, up to a hundred jobs at once."""

    def __init__(self, reader: LogReader, *, gather_seconds: float = GATHER_SECONDS) -> None:
        self._reader = reader
        self._gather_seconds = gather_seconds
        self._waiting: dict[JobKey, asyncio.Future[Cursor | None]] = {}
        self._reading: set[asyncio.Task[None]] = set()

    async def read(self, job: JobKey) -> Cursor | None:
        """The job's position, possibly a moment old; None for a job without a status. Raises JournalError."""
        if not self._waiting:
            task = asyncio.create_task(self._read_gathered())
            self._reading.add(task)
            task.add_done_callback(self._reading.discard)
        waiting = self._waiting.get(job)
        if waiting is None:
            waiting = self._waiting[job] = asyncio.get_running_loop().create_future()
        return await asyncio.shield(waiting)

    async def _read_gathered(self) -> None:
        await asyncio.sleep(self._gather_seconds)
        waiting, self._waiting = self._waiting, {}
        await asyncio.gather(
            *(self._read_some(some, waiting) for some in chunked(list(waiting), _JOBS_PER_READ))
        )

    async def _read_some(
        self, jobs: Sequence[JobKey], waiting: dict[JobKey, asyncio.Future[Cursor | None]]
    ) -> None:
        try:
            found = await self._reader.positions(jobs)
        except JournalError as error:
            for job in jobs:
                waiting[job].set_exception(error)
                waiting[job].exception()  # mark the exception as retrieved, because the caller may be gone
            return
        for job in jobs:
            position = found.get(job)
            waiting[job].set_result(Cursor(*position) if position else None)
