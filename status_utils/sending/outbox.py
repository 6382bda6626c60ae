"""Between those who say something and the one who sends it: callers only put, and never wait for a send."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from threading import Lock

from statusbeam.model.limits import BUFFER_BYTES

from .buffer import Buffer, Parcel, Record

TYPE_CHECKING = False  # not typing's: loading typing is a tenth of what importing status_utils costs
if TYPE_CHECKING:
    from .buffer import Refusal

_INBOX = 1_000
"""How many records wait to be looked at before whoever puts the next one helps: that bounds them."""

Tell = Callable[[], None]


class Outbox:
    """Records in, parcels out, in order. Safe for threads; nobody is called while the lock is held."""

    def __init__(self) -> None:
        # Putting can't be interrupted halfway, so signal handlers and destructors may say things too.
        self._inbox: SimpleQueue[Record | Tell | None] = SimpleQueue()
        self._lock = Lock()  # of everything below
        self._buffer = Buffer()
        self._parcels: deque[Parcel] = deque()  # those that are in the log before the others
        self._parcel_bytes = 0
        self._waiting: list[tuple[int, Tell]] = []  # what must be gone, and who wants to know

    def put(self, record: Record) -> None:
        """Add a record."""
        self._inbox.put(record)
        if self._inbox.qsize() > _INBOX:
            self.gather()

    def tell_when_gone(self, tell: Tell) -> None:
        """Have `tell` among `reached()` once everything is gone that was put before."""
        self._inbox.put(tell)

    def nudge(self) -> None:
        """Wake up who waits in `receive`."""
        self._inbox.put(None)

    def receive(self, seconds: float | None) -> None:
        """Wait for something to be put, `seconds` at most; None: for ever."""
        try:
            item = self._inbox.get(timeout=seconds)
        except Empty:
            return
        with self._lock:
            self._take(item)

    def gather(self) -> None:
        """Look at everything that was put."""
        with self._lock:
            while True:
                try:
                    self._take(self._inbox.get_nowait())
                except Empty:
                    return

    def _take(self, item: Record | Tell | None) -> None:
        if isinstance(item, Record):
            self._buffer.add(item)
        elif item is not None:
            self._waiting.append((self._buffer.number, item))

    def empty(self) -> bool:
        """Whether nothing is left to send or to tell."""
        with self._lock:
            return not (self._inbox.qsize() or self._parcels or len(self._buffer) or self._waiting)

    def head(self, *, progress_too: bool) -> Parcel | None:
        """The parcel to send now; None when nothing is due. It stays here until `drop`."""
        with self._lock:
            if not self._parcels and (progress_too or self._buffer.urgent or self._waiting):
                self._pack_one(self._buffer.number)
            return self._parcels[0] if self._parcels else None

    def _pack_one(self, number: int) -> Parcel | None:
        """One parcel more, of what came up to `number`: packing all would hold up who wants the lock."""
        while self._buffer.first <= number:
            parcel = self._buffer.pack_one()
            if parcel is not None:  # else nothing of it could be packed
                self._parcels.append(parcel)
                self._parcel_bytes += parcel.size
                while self._parcel_bytes > BUFFER_BYTES and self._parcels[0].logged:
                    self._drop_first()
                return parcel
        return None

    def _drop_first(self) -> None:
        self._parcel_bytes -= self._parcels.popleft().size

    def drop(self, parcel: Parcel) -> None:
        """The parcel was taken, or given up."""
        with self._lock:
            if self._parcels and self._parcels[0] is parcel:
                self._drop_first()

    def holds_back(self) -> bool:
        """Whether there is progress that waits for company."""
        with self._lock:
            return len(self._buffer) > 0

    def reached(self) -> list[Tell]:
        """Who is to be told now."""
        with self._lock:
            first = self._parcels[0].first if self._parcels else self._buffer.first
            told = [tell for number, tell in self._waiting if number < first]
            self._waiting = [(number, tell) for number, tell in self._waiting if number >= first]
            return told

    def pack_up(self, *, progress_too: bool) -> Iterator[Parcel]:
        """Everything that isn't in the log yet, for the log; it stays here until `drop`.

        Without `progress_too`, progress is forgotten. One by one: who has little time left writes down what
        it can.
        """
        self.gather()
        with self._lock:
            if not progress_too:
                self._buffer.drop_replaceable()
            number = self._buffer.number
        while True:
            with self._lock:
                parcel = self._unlogged(number) or self._pack_one(number)
                if parcel is None:
                    return
                parcel.logged = True
            yield parcel

    def _unlogged(self, number: int) -> Parcel | None:
        """The oldest one."""
        found = None
        for parcel in reversed(self._parcels):
            if parcel.logged:
                break
            found = parcel if parcel.first <= number else found
        return found

    def refused(self) -> list[Refusal]:
        """What could not be packed since the last time, for the log."""
        with self._lock:
            refused, self._buffer.refused = self._buffer.refused, []
            return refused
