"""One client's position in a job's log.

>>> watch = Watch(tail, after=None, may_see=viewer.may_see)
>>> await watch.next()
[Joined(job=Job(...), lost=None)]
>>> await watch.next()          # waits for new statuses
[Step(...), Step(...)]

A watch has a position and no queue. It yields either the next steps without a gap, or a snapshot with the
reason why steps are missing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

from statusbeam.log.snapshot.job_state import Head, Job

from .cursor import BEGINNING, Cursor
from .events import Joined, Lost, Step, WatchEvent
from .job_tail import JobTail, LogExpiredError, TakeSteps

STEPS_AT_ONCE: Final = 64
"""The most events of one call of `next`."""


class Watch:
    """A client that has every status up to `after`. None: it begins with a snapshot.

    A job that `may_see` denies always looks like a job without a status.
    """

    def __init__(self, tail: JobTail, *, after: Cursor | None, may_see: Callable[[Head], bool]) -> None:
        self._tail = tail
        self._cursor = after
        self._may_see = may_see
        self._replay: AsyncIterator[Step] | None = None
        self._waiting: asyncio.Future[None] | None = None
        self._interrupted = False
        self.write_now: TakeSteps | None = None
        """The tail calls this with new steps while `next` waits. If it handles them, `next` keeps waiting."""

    @property
    def cursor(self) -> Cursor:
        """The client's position after the events that `next` has returned."""
        return self._cursor or BEGINNING

    @property
    def job(self) -> Job:
        """The newest snapshot, as far as the client may see it."""
        job = self._tail.job
        return job if job.head.sequence == 0 or self._may_see(job.head) else Job()

    @property
    def is_over(self) -> bool:
        """Whether the job has ended, and the client has all of its log."""
        head = self.job.head
        return head.ended and self.cursor == Cursor.of(head)

    def interrupt(self) -> None:
        """Make `next` return now, even without new events."""
        self._interrupted = True
        if self._waiting is not None:
            _finish(self._waiting)

    async def next(self, *, within: float | None = None) -> Sequence[WatchEvent]:
        """The next events, in the log's order; empty after `within` seconds without any, or `interrupt`.

        Raises JournalError when the log can't be read.
        """
        loop = asyncio.get_running_loop()
        deadline = None if within is None else loop.time() + within
        while True:
            if self._tail.failure is not None:
                raise self._tail.failure
            if events := await self._ready():
                return events
            if self._interrupted:
                self._interrupted = False
                return ()
            if deadline is not None and loop.time() >= deadline:
                return ()
            await self._wait_until(deadline)

    async def _wait_until(self, deadline: float | None) -> None:
        """Wait for new steps, an interrupt, or the deadline. Do not await anything between reading the tail
        and this."""
        self._waiting = news = self._tail.next_steps(self._take)
        timer = None
        if deadline is not None:
            timer = asyncio.get_running_loop().call_at(deadline, _finish, news)
        try:
            await news
        finally:
            self._waiting = None
            self._tail.forget(news)
            if timer is not None:
                timer.cancel()

    def _take(self, steps: Sequence[Step]) -> bool:
        head, cursor = steps[-1].after.head, self._cursor
        if self.write_now is None or self._interrupted or head.ended or not self._may_see(head):
            return False
        if cursor is None or (cursor.epoch, cursor.sequence + 1) != (head.epoch, steps[0].sequence):
            return False
        if not self.write_now(steps):
            return False
        self._cursor = Cursor(cursor.epoch, head.sequence)
        return True

    async def _ready(self) -> Sequence[WatchEvent]:
        """The events that are available without waiting."""
        job = self.job
        head = Cursor.of(job.head)
        if self._cursor is None:
            return self._joined(job)
        if self._cursor.sequence == 0 and not self._cursor.names_a_log:
            self._cursor = Cursor(head.epoch, 0)  # from the beginning of the current log
        if self._cursor.epoch != head.epoch:
            return self._joined(job, Lost.OTHER_EPOCH if head.sequence else Lost.AHEAD_OF_LOG)
        if self._cursor.sequence > head.sequence:
            return await self._ahead(head)
        if self._cursor.sequence == head.sequence:
            return ()
        return await self._steps()

    async def _ahead(self, head: Cursor) -> Sequence[WatchEvent]:
        """Handle a cursor ahead of this tail: another process was faster, or the cursor is false."""
        await self._tail.reload()
        if Cursor.of(self.job.head) == head:
            return self._joined(self.job, Lost.AHEAD_OF_LOG)
        return await self._ready()

    async def _steps(self) -> Sequence[WatchEvent]:
        sequence = self.cursor.sequence
        steps = self._tail.steps_after(sequence)
        if steps is None:
            steps = await self._steps_from_log(sequence)
        if steps is None:
            return self._joined(self.job, Lost.LOG_EXPIRED)
        given = steps[:STEPS_AT_ONCE]
        self._cursor = Cursor(self.cursor.epoch, given[-1].sequence)
        return given

    async def _steps_from_log(self, sequence: int) -> Sequence[Step] | None:
        """The next steps, which the tail does not keep; None when the log does not have them either."""
        try:
            await self._tail.fill()
            kept = self._tail.steps_after(sequence)
            if kept is not None:
                self._replay = None
                return kept
            if self._replay is None:
                self._replay = self._tail.replay(after=sequence)
            steps = []
            async for step in self._replay:
                steps.append(step)
                if len(steps) == STEPS_AT_ONCE:
                    return steps
            self._replay = None
        except LogExpiredError:
            self._replay = None
            return None
        return steps or None

    def _joined(self, job: Job, lost: Lost | None = None) -> Sequence[WatchEvent]:
        self._cursor, self._replay = Cursor.of(job.head), None
        return (Joined(job=job, lost=lost),)


def _finish(news: asyncio.Future[None]) -> None:
    if not news.done():
        news.set_result(None)
