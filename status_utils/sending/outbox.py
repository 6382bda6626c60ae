"""The queue between scopes and the sender's thread: callers only put, and never wait for a send."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Lock

from statusbeam.model.limits import BUFFER_BYTES

from .buffer import Batch, Buffer, pack
from .draft import Draft

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from .buffer import Rejection

_INBOX_LENGTH = 1_000
"""The most statuses in the inbox. Then the next caller moves them to the buffer, which is bounded."""

Callback = Callable[[], None]


class Outbox:
    """Statuses in, batches out, in order. Safe for threads; no callback runs while the lock is held."""

    def __init__(self) -> None:
        # Putting can't be interrupted halfway, so signal handlers and destructors may report statuses too.
        self._inbox: SimpleQueue[Draft | Callback] = SimpleQueue()
        # What `wait` waits for. Not the inbox: since Python 3.13, a queue hands an item straight to a waiting
        # thread. Until that thread runs, the item is in no queue, and the outbox would look empty.
        self._wakes: SimpleQueue[None] = SimpleQueue()
        self._packing = Lock()  # guards the slow making of batches; acquired before the other lock
        self._lock = Lock()  # guards everything below
        self._buffer = Buffer()
        self._batches: deque[Batch] = deque()  # the ones in the process's logs are before the others
        self._batch_bytes = 0
        self._packed_number: int | None = None  # of the first status that is being packed
        self._rejected: list[Rejection] = []
        self._drain_callbacks: list[tuple[int, Callback]] = []  # with the number that must be sent before

    def put(self, draft: Draft) -> None:
        """Add a status."""
        self._inbox.put(draft)
        self.wake()
        if self._inbox.qsize() > _INBOX_LENGTH:
            self.drain_inbox()

    def call_when_drained(self, callback: Callback) -> None:
        """Have `due_callbacks()` return the callback once everything is gone that was put before."""
        self._inbox.put(callback)
        self.wake()

    def wake(self) -> None:
        """End the current or the next `wait`."""
        if self._wakes.empty():
            self._wakes.put(None)

    def wait(self, seconds: float | None) -> None:
        """Wait until something is put, `seconds` at most; None: without a limit."""
        with suppress(Empty):
            self._wakes.get(timeout=seconds)

    def drain_inbox(self) -> None:
        """Move the whole inbox into the buffer."""
        with self._lock:
            while True:
                try:
                    self._accept(self._inbox.get_nowait())
                except Empty:
                    return

    def _accept(self, item: Draft | Callback) -> None:
        if isinstance(item, Draft):
            self._buffer.add(item)
        else:
            self._drain_callbacks.append((self._buffer.last_number, item))

    def is_empty(self) -> bool:
        """Whether nothing is left to send, and no callback to call."""
        with self._lock:
            waits = self._inbox.qsize() or self._batches or len(self._buffer) or self._drain_callbacks
            return not waits and self._packed_number is None

    def next_batch(self, *, include_progress: bool) -> Batch | None:
        """The batch to send now; None if none is due. It stays in the outbox until `remove`.

        Progress alone makes a batch only with `include_progress`.
        """
        with self._packing:
            with self._lock:
                due = include_progress or self._buffer.has_lifecycle or self._drain_callbacks
                if self._batches or not due:
                    return self._batches[0] if self._batches else None
                number = self._buffer.last_number
            return self._pack_batch(number)

    def _pack_batch(self, number: int) -> Batch | None:
        """Pack one batch of the statuses up to `number`. The caller holds `_packing`, not `_lock`: flushes
        need that one."""
        while True:
            with self._lock:
                first_number = self._buffer.first_number
                if first_number > number:
                    return None
                drafts = self._buffer.take()
                self._packed_number = first_number
            batch, rejected = pack(drafts, first_number)
            with self._lock:
                self._packed_number = None
                self._rejected += rejected
                if batch is not None:  # otherwise every status of it was rejected
                    self._add_batch(batch)
                    return batch

    def _add_batch(self, batch: Batch) -> None:
        self._batches.append(batch)
        self._batch_bytes += batch.size
        while self._batch_bytes > BUFFER_BYTES and self._batches[0].logged:
            self._drop_first()  # it is in the process's logs

    def _drop_first(self) -> None:
        self._batch_bytes -= self._batches.popleft().size

    def remove(self, batch: Batch) -> None:
        """The batch was accepted, or given up."""
        with self._lock:
            if self._batches and self._batches[0] is batch:
                self._drop_first()

    def has_buffered(self) -> bool:
        """Whether progress waits in the buffer until it is due."""
        with self._lock:
            return len(self._buffer) > 0

    def due_callbacks(self) -> list[Callback]:
        """The callbacks to call now, each once."""
        with self._lock:
            first = self._first_number()
            due = [callback for number, callback in self._drain_callbacks if number < first]
            self._drain_callbacks = [waiting for waiting in self._drain_callbacks if waiting[0] >= first]
            return due

    def _first_number(self) -> int:
        """Of the oldest status that is still here."""
        if self._batches:
            return self._batches[0].first_number
        return self._buffer.first_number if self._packed_number is None else self._packed_number

    def unlogged_batches(self, *, include_progress: bool) -> Iterator[Batch]:
        """The statuses that are not in the process's logs yet; they stay in the outbox until `remove`.

        Without `include_progress`, buffered progress is dropped. One batch at a time: a process that is about
        to end logs as much as it can.
        """
        self.drain_inbox()
        with self._lock:
            if not include_progress:
                self._buffer.drop_progress()
            number = self._buffer.last_number
        while True:
            with self._packing:
                with self._lock:
                    batch = self._oldest_unlogged(number)
                batch = batch or self._pack_batch(number)
                if batch is None:
                    return
                batch.logged = True
            yield batch

    def _oldest_unlogged(self, number: int) -> Batch | None:
        found = None
        for batch in reversed(self._batches):
            if batch.logged:
                break
            found = batch if batch.first_number <= number else found
        return found

    def take_rejected(self) -> list[Rejection]:
        """The statuses rejected since the last call, for the process's logs."""
        with self._lock:
            rejected = self._rejected + self._buffer.rejected
            self._rejected, self._buffer.rejected = [], []
            return rejected
