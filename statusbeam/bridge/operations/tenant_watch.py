"""Reads a watched tenant's jobs, once for all operators of this process.

>>> async with operations.watch("city") as watch:
...     overview = await watch.next(within=15)

The jobs are the running and the recently ended ones, newest first, up to a limit. A watch reads a job again
only if its position has changed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from statusbeam.log.snapshot.job_state import Head, Job
from statusbeam.model.clock import Clock
from statusbeam.model.errors import JournalError
from statusbeam.model.job_key import JobKey
from statusbeam.model.words import OverallStatus

from ..log_reader.reader import LogReader
from .health import is_recent, statuses_between
from .overview import Overview

LOOK_SECONDS: Final = 2.0
JOBS_LOOKED_AT: Final = 200
"""The most jobs of each running state."""
ENDED_LOOKED_AT: Final = 50
"""The most jobs of each ended state."""

_GOING_ON: Final = (OverallStatus.INITIALIZING, OverallStatus.PROCESSING)
_ENDED: Final = (OverallStatus.COMPLETED, OverallStatus.FAILED, OverallStatus.CANCELLED)
_SNAPSHOTS_AT_ONCE: Final = 8

Backlog = Callable[[], Awaitable[int | None]]
"""The number of payloads that wait for the publisher; None: unknown."""

_log = logging.getLogger(__name__)


async def unknown_backlog() -> int | None:
    """The backlog of a deployment without a queue."""
    return None


class TenantWatch:
    """Reads a tenant until it is cancelled, and gives its clients each new overview."""

    def __init__(
        self, tenant_id: str, reader: LogReader, backlog: Backlog, *, clock: Clock, look_seconds: float
    ) -> None:
        self._tenant_id = tenant_id
        self._reader = reader
        self._backlog = backlog
        self._clock = clock
        self._look_seconds = look_seconds
        self._known: dict[JobKey, Job] = {}
        self._changed = asyncio.Condition()
        self._number = 0
        self._overview = Overview(at=0)
        self._looked_at: float | None = None

    async def follow(self) -> None:
        """Read the tenant repeatedly, until cancelled."""
        while True:
            overview = await self._look()
            async with self._changed:
                self._overview = overview
                self._number += 1
                self._changed.notify_all()
            await asyncio.sleep(self._look_seconds)

    async def after(self, number: int) -> tuple[int, Overview]:
        """The first overview with a number above this one, and its number."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._number > number)
            return self._number, self._overview

    async def _look(self) -> Overview:
        now, ticks = self._clock.now(), self._clock.ticks()
        try:
            heads, is_partial = await self._heads(now)
            jobs = await self._jobs(heads)
        except JournalError as error:
            _log.warning("code=<%s> | a tenant could not be read: %s", error.code, error.message)
            return Overview(at=now, jobs=list(self._known.values()), failed=True)
        before, self._known = self._known, {job.head.key: job for job in jobs}
        passed = None if self._looked_at is None else max(ticks - self._looked_at, 1e-3)
        moved = statuses_between(list(before.values()), jobs)
        self._looked_at = ticks
        return Overview(
            at=now,
            jobs=jobs,
            statuses_per_second=round(moved / passed, 2) if passed else 0.0,
            backlog=await self._backlog(),
            is_partial=is_partial,
        )

    async def _heads(self, now: float) -> tuple[list[Head], bool]:
        limits = {**dict.fromkeys(_GOING_ON, JOBS_LOOKED_AT), **dict.fromkeys(_ENDED, ENDED_LOOKED_AT)}
        pages = await asyncio.gather(
            *(
                self._reader.heads_of_tenant(self._tenant_id, state, limit=limit)
                for state, limit in limits.items()
            )
        )
        is_partial = any(len(pages[index]) >= JOBS_LOOKED_AT for index, _ in enumerate(_GOING_ON))
        found = {head.key: head for page in pages for head in page}
        # An ended job may be older than all jobs in the list of its state.
        missing = [key for key in self._known if key not in found]
        found |= {head.key: head for head in await self._reader.heads(missing)} if missing else {}
        return [head for head in found.values() if is_recent(Job(head=head), now=now)], is_partial

    async def _jobs(self, heads: Sequence[Head]) -> list[Job]:
        """The jobs of these heads. Only jobs with a new position are read."""
        at_once = asyncio.Semaphore(_SNAPSHOTS_AT_ONCE)

        async def job_of(head: Head) -> Job:
            known = self._known.get(head.key)
            same = known is not None and known.head.epoch == head.epoch
            if known is not None and same and known.head.sequence >= head.sequence:
                return known
            async with at_once:
                return await self._reader.snapshot(head.key) or Job(head=head)

        return list(await asyncio.gather(*map(job_of, heads)))


class TenantClient:
    """One client's position: it gets the newest overview, then each newer one."""

    def __init__(self, watch: TenantWatch) -> None:
        self._watch = watch
        self._number = 0

    async def next(self, *, within: float) -> Overview | None:
        """The next overview; None after `within` seconds without one."""
        try:
            async with asyncio.timeout(within):
                self._number, overview = await self._watch.after(self._number)
        except TimeoutError:
            return None
        return overview


@dataclass(slots=True)
class _Open:
    watch: TenantWatch
    following: asyncio.Task[None]
    clients: int = 0


class Operations:
    """One TenantWatch for each watched tenant."""

    def __init__(
        self,
        reader: LogReader,
        *,
        backlog: Backlog = unknown_backlog,
        clock: Clock | None = None,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._reader = reader
        self._backlog = backlog
        self._clock = clock or Clock()
        self._look_seconds = look_seconds
        self._open: dict[str, _Open] = {}
        self._ending: set[asyncio.Task[None]] = set()

    @property
    def watched(self) -> int:
        """The number of watched tenants."""
        return len(self._open)

    @asynccontextmanager
    async def watch(self, tenant_id: str) -> AsyncIterator[TenantClient]:
        """Register a client of this tenant while the block runs."""
        found = self._open.get(tenant_id)
        if found is None:
            watch = TenantWatch(
                tenant_id, self._reader, self._backlog, clock=self._clock, look_seconds=self._look_seconds
            )
            found = self._open[tenant_id] = _Open(watch, asyncio.create_task(watch.follow()))
        found.clients += 1
        try:
            yield TenantClient(found.watch)
        finally:
            found.clients -= 1
            if found.clients == 0:
                del self._open[tenant_id]
                self._ending.add(found.following)
                found.following.add_done_callback(self._ending.discard)
                found.following.cancel()
