"""Reads and folds one watched job's log once, for any number of clients.

The tail reads the job's position. If the position has changed, the tail reads the new statuses, folds them
one by one, and keeps the latest as steps. A client is a position in these steps (see watch.py), so a slow
client delays no other. If a client falls behind the kept steps, the tail reads the log again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from itertools import islice
from typing import Final

from statusbeam.log.snapshot.fold import apply
from statusbeam.log.snapshot.job_state import Head, Job
from statusbeam.model.clock import Clock
from statusbeam.model.errors import JournalError
from statusbeam.model.job_key import JobKey
from statusbeam.model.update import StatusUpdate

from ..log_reader.reader import LogReader, is_whole
from .cursor import Cursor
from .events import Step
from .pace import Pace
from .position_reads import PositionReads

STEPS_KEPT: Final = 256
"""The steps that a tail keeps of its job, for slow or reconnecting clients."""

_STATUSES_PER_READ: Final = 100
_FAILURES: Final = 8
"""The consecutive failed reads after which the tail ends, with its clients."""
_LONGEST_PAUSE_SECONDS: Final = 2.0

_log = logging.getLogger(__name__)


TakeSteps = Callable[[Sequence[Step]], bool]
"""Handles new steps at once if it can. Returns whether it did, and never raises."""


class LogExpiredError(Exception):
    """The beginning of the log has expired, or the log has a gap."""


class JobTail:
    """Follows the log of `key`. `open` once, then `follow` until the last client leaves."""

    def __init__(
        self,
        key: JobKey,
        reader: LogReader,
        positions: PositionReads,
        *,
        pace: Pace,
        clock: Clock,
        steps_kept: int = STEPS_KEPT,
    ) -> None:
        self.key = key
        self.job = Job()
        self.failure: JournalError | None = None
        """Why the tail has ended; None while it runs."""
        self._reader = reader
        self._positions = positions
        self._pace = pace
        self._clock = clock
        self._steps: deque[Step] = deque(maxlen=steps_kept)  # the latest, without gaps, up to `job`
        self._waiting: dict[asyncio.Future[None], TakeSteps | None] = {}
        self._hinted = asyncio.Event()
        self._news_at = clock.ticks()
        self._filling = asyncio.Lock()
        self._filled = False

    @property
    def cursor(self) -> Cursor:
        """The tail's own position."""
        return Cursor.of(self.job.head)

    async def open(self) -> None:
        """Read the first snapshot. Raises JournalError."""
        self.job = await self._reader.snapshot(self.key) or Job()

    async def follow(self) -> None:
        """Follow the log until this is cancelled, or too many reads have failed."""
        failures = 0
        while True:
            try:
                await self._follow_to(await self._positions.read(self.key))
                failures = 0
            except JournalError as error:
                failures += 1
                _log.warning(
                    "job_id=<%s>, code=<%s>, failures=<%s> | the log could not be read: %s",
                    self.key.job_id, error.code, failures, error.message,
                )  # fmt: skip
                if failures >= _FAILURES:
                    self.failure = error
                    self._announce()
                    return
            await self._pause(failures)

    def hint(self) -> None:
        """Read the position now, because new statuses may exist. Without hints, the tail reads later."""
        self._news_at = self._clock.ticks()
        self._hinted.set()

    def next_steps(self, take: TakeSteps | None = None) -> asyncio.Future[None]:
        """A future that is done with the next steps, or when the tail ends. Call `forget` afterwards.

        The tail first calls `take` with new steps, in its own task. While `take` handles them, the future
        waits.
        """
        news: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[news] = take
        return news

    def forget(self, news: asyncio.Future[None]) -> None:
        """Remove a future that no caller awaits any longer."""
        self._waiting.pop(news, None)

    def steps_after(self, sequence: int) -> Sequence[Step] | None:
        """The steps after `sequence`; None if the tail no longer keeps them."""
        if sequence >= self.job.head.sequence:
            return ()
        if not self._steps or self._steps[0].sequence > sequence + 1:
            return None
        return list(islice(self._steps, sequence + 1 - self._steps[0].sequence, None))

    async def fill(self) -> None:
        """Also load the last steps before the tail's start, with one read for all reconnecting clients."""
        async with self._filling:
            if self._filled:
                return
            self._filled = True
            epoch = self.job.head.epoch
            read = deque([step async for step in self.replay(after=0)], maxlen=self._steps.maxlen)
            if self.job.head.epoch != epoch:
                return
            first = self._steps[0].sequence if self._steps else self.job.head.sequence + 1
            older = [step for step in read if step.sequence < first]
            # If the read does not reach the kept steps, the tail has reloaded meanwhile.
            if older and older[-1].sequence == first - 1:
                self._steps = deque([*older, *self._steps], maxlen=self._steps.maxlen)

    async def replay(self, *, after: int) -> AsyncIterator[Step]:
        """The steps after `after`, read and folded again from the log's beginning.

        Raises LogExpiredError if the log lacks a status, possibly after some steps, and JournalError.
        """
        job, last = Job(head=Head(epoch=self.job.head.epoch)), self.job.head.sequence
        while (first := job.head.sequence + 1) <= last:
            until = min(first + _STATUSES_PER_READ - 1, last)
            updates = await self._reader.updates(self.key, first=first, last=until)
            if not is_whole(updates, first=first, last=until):
                raise LogExpiredError
            for update in updates:
                step = _step(job, update)
                job = step.after
                if step.sequence > after:
                    yield step

    async def reload(self) -> None:
        """Replace the tail's snapshot with the current one, if that is newer. Raises JournalError."""
        job = await self._reader.snapshot(self.key) or Job()
        before, now = self.cursor, Cursor.of(job.head)
        if before.epoch == now.epoch and before.sequence >= now.sequence:
            return
        self.job = job
        self._steps.clear()
        self._filled = before.epoch == now.epoch  # a gap: the steps before it do not connect to the snapshot
        self._announce()

    async def _follow_to(self, position: Cursor | None) -> None:
        known = self.cursor
        if position is None:
            if known.sequence:
                await self.reload()  # a position may be old, and a snapshot is not
        elif position.epoch != known.epoch and known.sequence:
            await self.reload()
        elif position.sequence > known.sequence:
            await self._read_up_to(position)

    async def _read_up_to(self, position: Cursor) -> None:
        first = self.job.head.sequence + 1
        if first == 1:
            self.job = Job(head=Head(epoch=position.epoch))
        while (first := self.job.head.sequence + 1) <= position.sequence:
            until = min(first + _STATUSES_PER_READ - 1, position.sequence)
            updates = await self._reader.updates(self.key, first=first, last=until)
            if not is_whole(updates, first=first, last=until):
                await self.reload()
                return
            self._take(updates)

    def _take(self, updates: Sequence[StatusUpdate]) -> None:
        steps = []
        for update in updates:
            step = _step(self.job, update)
            steps.append(step)
            self.job = step.after
        self._steps.extend(steps)
        self._announce(steps)

    def _announce(self, steps: Sequence[Step] = ()) -> None:
        self._news_at = self._clock.ticks()
        waiting, self._waiting = self._waiting, {}
        for news, take in waiting.items():
            if news.done():
                continue
            if take is not None and steps and take(steps):
                self._waiting[news] = take
            else:
                news.set_result(None)

    async def _pause(self, failures: int) -> None:
        seconds = self._pace.pause(self._clock.ticks() - self._news_at)
        if failures:
            seconds = min(2**failures * self._pace.hot, _LONGEST_PAUSE_SECONDS)
        try:
            async with asyncio.timeout(seconds):
                await self._hinted.wait()
        except TimeoutError:
            return
        self._hinted.clear()


def _step(before: Job, update: StatusUpdate) -> Step:
    # A client that joined before the first status has a snapshot without an epoch.
    seen = before if before.head.sequence else Job()
    return Step(before=seen, update=update, after=apply(before, [update]))
