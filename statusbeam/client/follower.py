"""Follows one job: carries out what its join asks for, and folds the statuses that it gives.

async with aclosing(Follower("job-1", service).batches()) as batches:
    async for updates in batches:
        ...
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping
from functools import partial
from typing import Any, Protocol

from statusbeam.log.snapshot.agent_state import AgentStatus
from statusbeam.log.snapshot.fold import apply
from statusbeam.log.snapshot.job_state import Job
from statusbeam.model.update import StatusUpdate

from .errors import NotFoundError, UnreachableError
from .join import AskPosition, Join, ReadPage, Request, TimerName, Timing, backoff

MAX_QUEUED = 1000
"""Pushes that wait for a slow reader. Later ones are left to the log."""

Sleep = Callable[[float], Awaitable[None]]
Push = Mapping[str, Any]


class JobService(Protocol):
    """One job of a deployment. All methods raise ClientError; after UnreachableError, a retry may succeed."""

    def subscribe(self) -> AsyncGenerator[Push | None, None]:
        """Yield None when the subscription is live, then the pushes; raise when it ends."""
        ...

    async def position(self) -> tuple[int, str | None]:
        """The head of the job's log, 0 for an unknown job, and the job's epoch."""
        ...

    async def page(self, after: int) -> Mapping[str, Any]:
        """A StatusUpdatePage after a sequence."""
        ...

    async def snapshot(self) -> Job:
        """The current job."""
        ...

    async def close(self) -> None:
        """End the session, so that the publisher stops pushing to it."""
        ...


class Follower:
    """One job's statuses from the one after sequence `after` to the job's end.

    `batches` can be called once. The other members describe what it has yielded so far.
    """

    def __init__(
        self,
        job_id: str,
        service: JobService,
        *,
        after: int = 0,
        timing: Timing = Timing(),  # noqa: B008 - frozen
        sleep: Sleep = asyncio.sleep,
        chance: Callable[[], float] = random.random,
        on_idle: Callable[[], None] | None = None,
    ) -> None:
        self.job = Job()
        """The snapshot up to the statuses that were yielded; where earlier ones are missing, a later one."""
        self.join = Join(job_id, after=after, timing=timing, random=chance)
        self._job_id = job_id
        self._service = service
        self._timing = timing
        self._sleep = sleep
        self._chance = chance
        self._on_idle = on_idle
        self._events: asyncio.Queue[Callable[[], None]] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self._timers: dict[str, asyncio.Task[None]] = {}
        self._restarts = 0
        self._is_over = False
        self._is_stopping = False

    async def batches(self) -> AsyncGenerator[list[StatusUpdate], None]:
        """Yield the statuses in order, each once, until the job and its agents have ended.

        Raises ClientError, NotFoundError if the job is gone meanwhile.
        """
        self.join.begin()
        is_receiving = False
        try:
            while True:
                self._carry_out(self.join.take_requests())
                updates = await self._take()
                if updates:
                    yield updates
                if self._is_done():
                    return
                if self.join.has_caught_up and not is_receiving:
                    is_receiving = True
                    self._start(self._receive())
                (await self._events.get())()
                while not self._events.empty():
                    self._events.get_nowait()()
        finally:
            await self._stop()

    async def _take(self) -> list[StatusUpdate]:
        if self.join.is_gone:
            raise NotFoundError(f"the job {self._job_id} has no status {self.join.log.taken}, or no longer.")
        if self._restarts != self.join.restarts:
            self._restarts, self.job, self._is_over = self.join.restarts, Job(), False
        ready = self.join.take_ready()
        updates = [StatusUpdate.from_store({**status, "earlier": None}) for status in ready]
        first = updates[0].sequence or 0 if updates else self.join.log.taken + 1
        if first > self.job.head.sequence + 1:
            with contextlib.suppress(UnreachableError):  # the statuses count; the next batch tries again
                self.job = await self._service.snapshot()
        later = [update for update in updates if (update.sequence or 0) > self.job.head.sequence]
        if later and later[0].sequence == self.job.head.sequence + 1:
            self.job = apply(self.job, later)
        return updates

    def _is_done(self) -> bool:
        """Whether the job has ended and so have its agents, or the time for their last statuses is over."""
        head, log = self.job.head, self.join.log
        if not head.ended or log.taken != head.sequence or not log.is_complete:
            return False
        agents = self.job.shown_agents
        if self._is_over or all(agent.status is not AgentStatus.IN_PROGRESS for agent in agents):
            return True
        if "late" not in self._timers:
            self._set_timer("late", self._timing.late, self._end)
        return False

    def _end(self) -> None:
        self._is_over = True

    def _carry_out(self, requests: list[Request]) -> None:
        for request in requests:
            match request:
                case AskPosition(ticket):
                    self._start(self._ask_position(ticket))
                case ReadPage(ticket, after):
                    self._start(self._read_page(ticket, after))
                case _:
                    self._set_timer(request.name, request.seconds, partial(self._ring, request.name))

    def _ring(self, name: TimerName) -> None:
        if name == "poll" and self._on_idle is not None:
            self._on_idle()
        self.join.timer(name)

    async def _ask_position(self, ticket: int) -> None:
        try:
            sequence, epoch = await self._service.position()
        except UnreachableError:
            self._events.put_nowait(lambda: self.join.failed(ticket))
            return
        self._events.put_nowait(lambda: self.join.positioned(ticket, sequence=sequence, epoch=epoch))

    async def _read_page(self, ticket: int, after: int) -> None:
        try:
            page = await self._service.page(after)
        except UnreachableError:
            self._events.put_nowait(lambda: self.join.failed(ticket))
            return
        self._events.put_nowait(lambda: self.join.paged(ticket, page))

    async def _receive(self) -> None:
        failures = 0
        while True:
            with contextlib.suppress(UnreachableError):
                async with contextlib.aclosing(self._service.subscribe()) as pushes:
                    async for push in pushes:
                        if push is None:
                            failures = 0
                            self._events.put_nowait(self.join.subscribed)
                        elif self._events.qsize() < MAX_QUEUED:
                            self._events.put_nowait(partial(self.join.push, push))
            if self._is_stopping:  # a connection that broke while it was cancelled hides the cancellation
                return
            self._events.put_nowait(self.join.interrupted)
            await self._sleep(backoff(failures, self._timing, self._chance))
            failures += 1

    def _set_timer(self, name: str, seconds: float | None, action: Callable[[], None]) -> None:
        running = self._timers.pop(name, None)
        if running is not None:
            running.cancel()
        if seconds is not None:
            self._timers[name] = self._start(self._wait_and(seconds, action))

    async def _wait_and(self, seconds: float, action: Callable[[], None]) -> None:
        await self._sleep(seconds)
        self._events.put_nowait(action)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._events.put_nowait(lambda: _raise(error))

    async def _stop(self) -> None:
        self._is_stopping = True
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with contextlib.suppress(UnreachableError):
            await self._service.close()


def _raise(error: BaseException) -> None:
    raise error
