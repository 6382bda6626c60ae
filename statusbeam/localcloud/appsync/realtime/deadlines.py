"""Many deadlines, one timer.

    beat = Beat(loop.time, loop.call_at)
    idle = beat.queue(75.0, lambda connection: connection.abort())
    idle.add(connection); idle.discard(connection)

Things of one queue wait equally long, so they fall due in the order they were added: a dict is all it takes,
and an idle connection costs an entry instead of a timer or a task.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Hashable
from typing import Any, Final, Generic, TypeVar

log = logging.getLogger(__name__)

Thing = TypeVar("Thing", bound=Hashable)

RESOLUTION: Final = 0.02  # seconds; deadlines this close together share a wake-up


class Deadlines(Generic[Thing]):
    """Things waiting equally long. `add` starts a thing's wait anew."""

    __slots__ = ("_beat", "_due", "_on_due", "seconds")

    def __init__(self, beat: Beat, seconds: float, on_due: Callable[[Thing], None]) -> None:
        self._beat = beat
        self._due: dict[Thing, float] = {}
        self._on_due = on_due
        self.seconds = seconds

    def add(self, thing: Thing) -> None:
        """Let `thing` fall due `seconds` from now."""
        self._due.pop(thing, None)
        due = self._due[thing] = self._beat.time() + self.seconds
        self._beat.wake_at(due)

    def discard(self, thing: Thing) -> None:
        """Let it not fall due; unknown things are ignored."""
        self._due.pop(thing, None)

    def __len__(self) -> int:
        return len(self._due)

    def take_all(self) -> list[Thing]:
        """Everything that waits, without letting it fall due."""
        things = list(self._due)
        self._due.clear()
        return things

    def next_due(self) -> float | None:
        """When the first falls due."""
        return next(iter(self._due.values()), None)

    def run(self, now: float) -> None:
        """Let fall what is due."""
        ready = []
        for thing, due in self._due.items():
            if due > now:
                break
            ready.append(thing)
        for thing in ready:
            if self._due.pop(thing, None) is None:
                continue  # taken off by one that fell before it
            try:
                self._on_due(thing)
            except Exception:  # the beat goes on for everybody else
                log.exception("queue_seconds=<%s> | deadline failed", self.seconds)


class Beat:
    """The one timer. `time` and `call_at` are the loop's, or a test's."""

    def __init__(
        self, time: Callable[[], float], call_at: Callable[[float, Callable[[], None]], asyncio.TimerHandle]
    ) -> None:
        self.time = time
        self._call_at = call_at
        self._queues: list[Deadlines[Any]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._stopped = False

    def queue(self, seconds: float, on_due: Callable[[Thing], None]) -> Deadlines[Thing]:
        """A new queue of equal waits."""
        deadlines: Deadlines[Thing] = Deadlines(self, seconds, on_due)
        self._queues.append(deadlines)
        return deadlines

    def wake_at(self, when: float) -> None:
        """Make sure the queues are run soon after `when`."""
        if self._stopped:
            return
        if self._timer is not None:
            if self._timer.when() <= when + RESOLUTION:
                return
            self._timer.cancel()
        self._timer = self._call_at(when + RESOLUTION, self._run)

    def stop(self) -> None:
        """Nothing falls due any more."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()

    def _run(self) -> None:
        self._timer = None
        now = self.time()
        for deadlines in self._queues:
            deadlines.run(now)
        following = [due for deadlines in self._queues if (due := deadlines.next_due()) is not None]
        if following:
            self.wake_at(min(following))
