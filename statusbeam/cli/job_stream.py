"""Follows jobs: pushes deliver statuses quickly, and the log delivers the lost pushes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any

from statusbeam.client.job_log import JobLog, Status

SETTLE_SECONDS = 1.5  # AppSync may lose pushes even after it has accepted a subscription
POLL_SECONDS = 5.0
IDLE_TIMEOUT_SECONDS = 90.0
LATE_STATUS_SECONDS = 3.0
CANCEL_AGAIN_SECONDS = 5.0
"""After that, a task is cancelled again. Before Python 3.12, `asyncio.wait_for` loses a cancellation that
comes just when its work is done, and gql connects with it."""
RETRY_SECONDS = (0.25, 0.5, 1.0, 2.0, 5.0)
MAX_QUEUED = 1000

Push = Mapping[str, Any]
OpenPushes = Callable[[], AsyncGenerator[Push | None, None]]
"""Opens a connection. Yields None when it is open, then statuses; raises when it breaks."""
FetchPage = Callable[[str, int], Awaitable[Mapping[str, Any]]]
"""(job id, after sequence) -> a StatusUpdatePage."""
Sleep = Callable[[float], Awaitable[None]]


class JobIdleError(Exception):
    """The job has reported no new status for too long."""


class JobStream:
    """Receives one user's pushes, and reconnects when the connection breaks. Use it with `async with`.

    `retriable` are the exceptions, of pushes and of the log, after which it tries again.
    """

    def __init__(
        self,
        open_pushes: OpenPushes,
        fetch_page: FetchPage,
        *,
        retriable: tuple[type[Exception], ...],
        sleep: Sleep = asyncio.sleep,
        idle_timeout_seconds: float = IDLE_TIMEOUT_SECONDS,
        late_status_seconds: float = LATE_STATUS_SECONDS,
        cancel_again_seconds: float = CANCEL_AGAIN_SECONDS,
    ) -> None:
        self._open_pushes = open_pushes
        self._fetch_page = fetch_page
        self._retriable = retriable
        self._sleep = sleep
        self._idle_timeout_seconds = idle_timeout_seconds
        self._late_status_seconds = late_status_seconds
        self._cancel_again_seconds = cancel_again_seconds
        # None requests a read of the log. The queue is bounded: the log also has the pushes that do not fit.
        self._received: asyncio.Queue[Push | None] = asyncio.Queue(MAX_QUEUED)
        self._receiver: asyncio.Task[None] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._is_closed = False

    async def __aenter__(self) -> JobStream:
        self._receiver = asyncio.create_task(self._receive())
        self._tasks = [self._receiver, asyncio.create_task(self._poll())]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._is_closed = True
        while pending := [task for task in self._tasks if not task.done()]:
            for task in pending:
                task.cancel()
            await asyncio.wait(pending, timeout=self._cancel_again_seconds)
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def follow(
        self, log: JobLog, *, on_idle: Callable[[], None] | None = None
    ) -> AsyncGenerator[list[Status], None]:
        """Yield the job's statuses in order, until the job and its agents have ended.

        Calls `on_idle` after every POLL_SECONDS without a status: the job may be stale by then. After the
        final status it waits LATE_STATUS_SECONDS for agents that have not ended. Raises JobIdleError, unless
        the job waits for something, and the exceptions of connection and log that are not `retriable`.
        """
        loop = asyncio.get_running_loop()
        await self._replay(log)
        deadline = loop.time() + self._idle_timeout_seconds
        while True:
            statuses = log.take_ready()
            if statuses:
                yield statuses
                deadline = loop.time() + self._idle_timeout_seconds
            elif on_idle is not None:
                on_idle()
            if log.is_settled:
                return
            if log.outcome is not None:
                deadline = min(deadline, loop.time() + self._late_status_seconds)
            try:
                async with asyncio.timeout_at(None if log.is_waiting else deadline):
                    await self._wait_for_statuses(log)
            except TimeoutError:
                if log.outcome is not None:
                    return
                raise JobIdleError(
                    f"the job {log.job_id} has reported no status for {self._idle_timeout_seconds:.0f} s"
                ) from None

    async def _wait_for_statuses(self, log: JobLog) -> None:
        push = await self._received.get()
        if self._receiver is not None and self._receiver.done():
            self._receiver.result()  # raises the exception that ended it
        if push is not None:
            log.add_push(push)
        if push is None or not log.is_complete:
            await self._replay(log)

    async def _replay(self, log: JobLog) -> None:
        more = True
        while more:
            try:
                page = await self._fetch_page(log.job_id, log.contiguous)
            except self._retriable:
                return  # the next poll tries again
            more = log.add_page(page)

    async def _receive(self) -> None:
        tries = 0
        try:
            while True:
                with contextlib.suppress(*self._retriable):
                    async with contextlib.aclosing(self._open_pushes()) as pushes:
                        async for push in pushes:
                            if push is None:
                                tries = 0
                                self._tasks.append(asyncio.create_task(self._read_log_later()))
                            self._enqueue(push)
                if self._is_closed:  # a connection that broke while it was cancelled hides the cancellation
                    return
                await self._sleep(RETRY_SECONDS[min(tries, len(RETRY_SECONDS) - 1)])
                tries += 1
        finally:
            self._enqueue(None)  # wakes `follow`, which then raises the exception

    async def _read_log_later(self) -> None:
        await self._sleep(SETTLE_SECONDS)
        self._enqueue(None)

    async def _poll(self) -> None:
        while True:
            await self._sleep(POLL_SECONDS)
            self._enqueue(None)

    def _enqueue(self, push: Push | None) -> None:
        with contextlib.suppress(asyncio.QueueFull):
            self._received.put_nowait(push)
