"""Pushes for speed, the log for truth: a job's statuses in order, none missed, none twice."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from .follow import FollowedLog, Status

SETTLE_SECONDS = 1.5  # AppSync may lose events even after it has accepted a subscription
BEAT_SECONDS = 5.0
QUIET_SECONDS = 90.0
STRAGGLERS_SECONDS = 3.0
RETRY_SECONDS = (0.25, 0.5, 1.0, 2.0, 5.0)
BACKLOG = 1000

Push = Mapping[str, Any]
OpenPushes = Callable[[], AsyncGenerator[Push | None, None]]
"""Opens a connection: None when it stands, then statuses; raises when it breaks."""
FetchPage = Callable[[str, int], Awaitable[Mapping[str, Any]]]
"""(job id, after sequence) -> a StatusUpdatePage."""
Sleep = Callable[[float], Awaitable[None]]


class QuietJobError(Exception):
    """Nothing new was heard of the job for too long."""


class JobStream:
    """Hears one user's pushes over a connection that it opens again whenever it breaks; `async with` ends it.

    `lost` are the failures, of pushes and of the log alike, that another try may mend.
    """

    def __init__(
        self,
        open_pushes: OpenPushes,
        fetch_page: FetchPage,
        *,
        lost: tuple[type[Exception], ...],
        sleep: Sleep = asyncio.sleep,
        quiet_seconds: float = QUIET_SECONDS,
        stragglers_seconds: float = STRAGGLERS_SECONDS,
    ) -> None:
        self._open_pushes = open_pushes
        self._fetch_page = fetch_page
        self._lost = lost
        self._sleep = sleep
        self._quiet_seconds = quiet_seconds
        self._stragglers_seconds = stragglers_seconds
        # None asks for a look at the log. Bounded: what does not fit is found there, like any lost push.
        self._heard: asyncio.Queue[Push | None] = asyncio.Queue(BACKLOG)
        self._listening: asyncio.Task[None] | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> JobStream:
        self._listening = asyncio.create_task(self._listen())
        self._tasks = [self._listening, asyncio.create_task(self._look_often())]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def follow(
        self, log: FollowedLog, *, on_quiet: Callable[[], None] | None = None
    ) -> AsyncIterator[list[Status]]:
        """The job's statuses in order, as they become known, until it is over and its agents had their say.

        Every BEAT_SECONDS without any, `on_quiet` is called: silence may mean something by then.
        Agents that say nothing more are not waited for long. Raises QuietJobError, and what the connection
        or the log raises beside `lost`.
        """
        loop = asyncio.get_running_loop()
        await self._replay(log)
        quiet_at = loop.time() + self._quiet_seconds
        while True:
            statuses = log.ready()
            if statuses:
                yield statuses
                quiet_at = loop.time() + self._quiet_seconds
            elif on_quiet is not None:
                on_quiet()
            if log.is_settled:
                return
            if log.outcome is not None:
                quiet_at = min(quiet_at, loop.time() + self._stragglers_seconds)
            try:
                async with asyncio.timeout_at(quiet_at):
                    await self._take_news(log)
            except TimeoutError:
                if log.outcome is not None:
                    return
                problem = f"nothing was heard of it for {self._quiet_seconds:.0f} seconds"
                raise QuietJobError(problem) from None

    async def _take_news(self, log: FollowedLog) -> None:
        push = await self._heard.get()
        if self._listening is not None and self._listening.done():
            self._listening.result()  # raises why it ended
        if push is not None:
            log.take(push)
        if push is None or not log.is_whole:
            await self._replay(log)

    async def _replay(self, log: FollowedLog) -> None:
        more = True
        while more:
            try:
                page = await self._fetch_page(log.job_id, log.known)
            except self._lost:
                return  # the next look asks again
            more = log.take_page(page)

    async def _listen(self) -> None:
        tries = 0
        try:
            while True:
                with contextlib.suppress(*self._lost):
                    async with contextlib.aclosing(self._open_pushes()) as pushes:
                        async for push in pushes:
                            if push is None:
                                tries = 0
                                self._tasks.append(asyncio.create_task(self._look_again()))
                            self._hear(push)
                await self._sleep(RETRY_SECONDS[min(tries, len(RETRY_SECONDS) - 1)])
                tries += 1
        finally:
            self._hear(None)  # whoever waits for news hears why there will be none

    async def _look_again(self) -> None:
        await self._sleep(SETTLE_SECONDS)
        self._hear(None)

    async def _look_often(self) -> None:
        while True:
            await self._sleep(BEAT_SECONDS)
            self._hear(None)

    def _hear(self, push: Push | None) -> None:
        with contextlib.suppress(asyncio.QueueFull):
            self._heard.put_nowait(push)
