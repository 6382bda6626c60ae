"""Many deadlines on one timer.

    timer = DeadlineTimer(loop.time, loop.call_at)
    idle = timer.queue(75.0, lambda connection: connection.abort())
    idle.add(connection); idle.discard(connection)

All items of a queue wait equally long, so they expire in the order in which they were added. A dict is
enough to hold them, and an idle connection costs one entry instead of a timer or a task.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Hashable
from typing import Any, Final, Generic, TypeVar

log = logging.getLogger(__name__)

Item = TypeVar("Item", bound=Hashable)

RESOLUTION: Final = 0.02  # seconds; deadlines this close together share a wake-up


class DeadlineQueue(Generic[Item]):
    """Items that wait equally long. `add` restarts an item's wait."""

    __slots__ = ("_due", "_on_expiry", "_timer", "seconds")

    def __init__(self, timer: DeadlineTimer, seconds: float, on_expiry: Callable[[Item], None]) -> None:
        self._timer = timer
        self._due: dict[Item, float] = {}
        self._on_expiry = on_expiry
        self.seconds = seconds

    def add(self, item: Item) -> None:
        """Let `item` expire `seconds` from now."""
        self._due.pop(item, None)
        due = self._due[item] = self._timer.time() + self.seconds
        self._timer.schedule(due)

    def discard(self, item: Item) -> None:
        """Remove `item`. Does nothing when the queue does not hold it."""
        self._due.pop(item, None)

    def __len__(self) -> int:
        return len(self._due)

    def take_all(self) -> list[Item]:
        """Remove and return all items; none of them expires."""
        items = list(self._due)
        self._due.clear()
        return items

    def next_due(self) -> float | None:
        """The time at which the first item expires."""
        return next(iter(self._due.values()), None)

    def expire(self, now: float) -> None:
        """Expire the items that are due."""
        expired = []
        for item, due in self._due.items():
            if due > now:
                break
            expired.append(item)
        for item in expired:
            if self._due.pop(item, None) is None:
                continue  # removed by the callback of an item before it
            try:
                self._on_expiry(item)
            except Exception:  # the timer continues for all other items
                log.exception("queue_seconds=<%s> | deadline callback failed", self.seconds)


class DeadlineTimer:
    """The one timer of all queues. `time` and `call_at` are the event loop's, or a test's."""

    def __init__(
        self, time: Callable[[], float], call_at: Callable[[float, Callable[[], None]], asyncio.TimerHandle]
    ) -> None:
        self.time = time
        self._call_at = call_at
        self._queues: list[DeadlineQueue[Any]] = []
        self._handle: asyncio.TimerHandle | None = None
        self._stopped = False

    def queue(self, seconds: float, on_expiry: Callable[[Item], None]) -> DeadlineQueue[Item]:
        """Create a queue. `on_expiry` is called with each item that expires."""
        queue: DeadlineQueue[Item] = DeadlineQueue(self, seconds, on_expiry)
        self._queues.append(queue)
        return queue

    def schedule(self, when: float) -> None:
        """Check the queues soon after `when`."""
        if self._stopped:
            return
        if self._handle is not None:
            if self._handle.when() <= when + RESOLUTION:
                return
            self._handle.cancel()
        self._handle = self._call_at(when + RESOLUTION, self._run)

    def stop(self) -> None:
        """Cancel the timer. No item expires after this call."""
        self._stopped = True
        if self._handle is not None:
            self._handle.cancel()

    def _run(self) -> None:
        self._handle = None
        now = self.time()
        for queue in self._queues:
            queue.expire(now)
        following = [due for queue in self._queues if (due := queue.next_due()) is not None]
        if following:
            self.schedule(min(following))
