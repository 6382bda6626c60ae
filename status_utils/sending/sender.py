"""The way of scopes' statuses: one thread in the background, one payload at a time.

What gathers while a payload is under way goes together in the next one: nothing waits when the way is free,
and a slow way means larger payloads, not more. Progress alone goes every quarter of a second at most.

A payload is held until the service took it, also while a dead backend is left alone: its batch id makes
trying again harmless. What may never be sent by this process is written to the log as well, from which
`statusbeam redrive-log` sends it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Mapping
from contextlib import suppress

from statusbeam.model.clock import Clock
from statusbeam.model.errors import StatusError, TransportError
from statusbeam.model.limits import HEARTBEAT_SECONDS

from ..defaults import chosen_transport, freezes_between_calls
from . import process_hooks
from .buffer import Parcel, Record
from .circuit_breaker import Breaker
from .dead_letter import log_undelivered
from .outbox import Outbox

TYPE_CHECKING = False  # not typing's: loading typing is a tenth of what importing status_utils costs
if TYPE_CHECKING:
    from typing import Any, Final

    from ..scopes.scope import Scope
    from ..transports.transport import Transport

FLUSH_SECONDS: Final = 0.15
"""How long the end of a job waits for what is still to be sent, as long as the backend is trusted."""

PREPARE_SECONDS: Final = 3.0
"""How long the end of a job waits for what sending needs to be loaded, the AWS SDK above all: our own work,
no waiting for a backend."""

PROGRESS_SECONDS: Final = 0.25
"""How long after a payload progress alone waits for company."""

TRIES: Final = 5
"""Of one payload, one soon after the other. Not a time: one that passes while the process is frozen says
nothing about the backend."""

PROBES: Final = 10
"""Of one payload after that, each after a pause; then it is given up, in case the fault is its own."""

WRITE_SECONDS: Final = 1.0
"""How long statuses wait for company on their way to the log, while nothing is tried."""

_FIRST_RETRY_SECONDS = 0.1
_RETRY_GROWTH = 4  # 0.1, 0.4, 1.6, 6.4 s

_SLACK_SECONDS = 2
"""Heartbeats that are due this soon go with the one that is due now."""


class Sender:
    """Sends what is put into it. All times come from `clock`."""

    def __init__(
        self,
        transport: Transport | None,
        *,
        clock: Clock | None = None,
        start: Callable[[Callable[[], None]], None] | None = None,
        wait: Callable[[threading.Event, float], bool] = threading.Event.wait,
        on_rest: Callable[[Sender], None] | None = None,
    ) -> None:
        """`transport`: None for the one that the environment names. `start` runs a function in a thread,
        `wait` waits for an event some seconds, `on_rest` hears when nothing is open or left to send."""
        self.transport = transport
        self._clock = clock or Clock()
        self._start = start or _in_thread
        self._wait = wait
        self._on_rest = on_rest
        self.ticks = self._clock.ticks
        self.breaker = Breaker(self.ticks)
        self.renew()

    def renew(self) -> None:
        """Begin anew, empty: in a forked process, where the statuses are for the parent to send."""
        self._outbox = Outbox()
        self._open: dict[int, Scope] = {}
        self._retry_at = self.ticks()
        self._sent_at = self.ticks() - PROGRESS_SECONDS
        self._written_at = self.ticks() - WRITE_SECONDS
        self._starting = threading.Lock()  # of _running
        self._running = False
        self._prepared = threading.Event()

    # --- what scopes call, in any thread --------------------------------------------------------------

    def opened(self, scope: Scope) -> None:
        """A scope began: it gets heartbeats until it is closed."""
        scope.said_at = self.ticks()
        self._open[id(scope)] = scope

    def closed(self, scope: Scope) -> None:
        """A scope ended."""
        if self._open.pop(id(scope), None) is not None and not self._open:
            self._outbox.nudge()

    def open_scopes(self) -> list[Scope]:
        """Those that began and didn't end, in the order in which they began."""
        return list(self._open.values())

    def put(self, entry: Mapping[str, Any], key: Hashable | None) -> None:
        """Take a status over; one with a `key` is replaced by a later one of that key while it waits."""
        self._outbox.put(Record(entry, self._clock.now(), key))
        if not self._running:
            self._run_soon()

    def flush(
        self, seconds: float = FLUSH_SECONDS, *, last_chance: bool = False, patient: bool = False
    ) -> bool:
        """Wait until everything that was put is sent, or `seconds`; not at all when that was in vain before.

        Where the process may be frozen or gone after that (`last_chance`, and any job's end in Lambda), what
        is not confirmed is written to the log as well. `patient`: wait in any case.
        """
        seconds = _bounded(seconds)
        until = self.ticks() + seconds  # being told whether anything is left may take its time
        if self.settled():
            return True
        if not self._running:
            self._run_soon()
        worthwhile = patient or self.breaker.trusted or (last_chance and not self.breaker.open)
        if self._running and seconds > 0 and worthwhile:
            if self._gone(until, last_chance):
                return True
            self.breaker.doubt()
        if last_chance or freezes_between_calls():
            self.write_off("not confirmed in time, may yet arrive", code="unconfirmed", progress_too=True)
        return False

    def _gone(self, until: float, last_chance: bool) -> bool:
        """Whether everything that was put is sent by then; loading what sending needs comes on top."""
        done = threading.Event()
        self._outbox.tell_when_gone(done.set)
        if not (self._prepared.is_set() or last_chance):
            began_at = self.ticks()
            if not self._wait(self._prepared, PREPARE_SECONDS):
                return done.is_set()
            until += self.ticks() - began_at
        return self._wait(done, max(0.0, until - self.ticks())) or done.is_set()

    async def flushed(self, seconds: float = FLUSH_SECONDS) -> None:
        """`flush` for coroutines: the loop goes on meanwhile."""
        if self.settled():
            return
        import asyncio  # noqa: PLC0415 - whoever calls this has it

        loop, done = asyncio.get_running_loop(), asyncio.Event()

        def flush() -> None:
            self.flush(seconds)
            with suppress(RuntimeError):  # the loop was closed meanwhile
                loop.call_soon_threadsafe(done.set)

        try:
            _in_thread(flush)  # one of its own: those of the loop may all be busy
        except RuntimeError:  # no new thread
            self.flush(0)
        else:
            await done.wait()

    def settled(self) -> bool:
        """Whether nothing is left to send."""
        return self._outbox.empty()

    def write_off(self, why: str, *, code: str, progress_too: bool) -> None:
        """Write what isn't confirmed to the log, once; it is still sent if that can be."""
        error = TransportError(why, code=code, retriable=True)
        for parcel in self._outbox.pack_up(progress_too=progress_too):
            log_undelivered(parcel.payload, error)
        self._log_refused()

    # --- the thread -----------------------------------------------------------------------------------

    def _run_soon(self) -> None:
        with self._starting:
            if self._running:
                return
            self._running = True
            try:
                self._start(self._run)
            except RuntimeError:  # no new thread: the interpreter ends, and its last words go to the log
                self._running = False

    def _run(self) -> None:
        try:
            while True:
                wake_at = self.pump()
                if wake_at is None and self._rests():
                    return
                self._outbox.receive(None if wake_at is None else max(0.0, wake_at - self.ticks()))
        except Exception:  # a mistake of ours: whoever puts something in next starts anew
            self._running = False
            raise

    def _rests(self) -> bool:
        """Whether the thread may end. Whoever puts something in after this finds it not running."""
        with self._starting:
            self._running = False
            self._running = bool(self._open) or not self.settled()
            if self._running:
                return False
        if self._on_rest is not None:
            self._on_rest(self)
        return True

    def pump(self) -> float | None:
        """Do all that is due; returns when there is more to do, in ticks."""
        while True:
            self._beat()
            self._outbox.gather()
            if not (self._prepared.is_set() or self.breaker.open or self._outbox.empty()):
                self._prepare()
            if self.breaker.open:
                return self._wake_at(self._sit_out())
            progress_at = self._sent_at + PROGRESS_SECONDS
            parcel = self._outbox.head(progress_too=self.ticks() >= progress_at)
            self._log_refused()
            for tell in self._outbox.reached():
                tell()
            if parcel is None:
                return self._wake_at(progress_at if self._outbox.holds_back() else None)
            if self._retry_at > self.ticks():
                return self._wake_at(self._retry_at)
            self._try(parcel)

    def _sit_out(self) -> float:
        """Nothing is tried: have it in the log, in case this process doesn't live to see the next try."""
        write_at = self._written_at + WRITE_SECONDS
        if self.ticks() >= write_at:
            self._written_at = self.ticks()
            self.write_off(
                "nothing is tried just now, may yet arrive", code="breaker_open", progress_too=False
            )
            return self.breaker.open_until
        return min(write_at, self.breaker.open_until)

    def _beat(self) -> None:
        """A sign of life for every scope that has been quiet; agents first, theirs are their jobs' too."""
        # Not `ticks - HEARTBEAT_SECONDS`: rounded, that may be before the moment it was woken up for.
        now = self.ticks()
        scopes = [scope for scope in self.open_scopes() if scope.is_open]
        if any(scope.said_at + HEARTBEAT_SECONDS <= now for scope in scopes):
            for scope in sorted(scopes, key=lambda scope: scope.parent is None):
                if scope.said_at + HEARTBEAT_SECONDS <= now + _SLACK_SECONDS:
                    scope.say("heartbeat", "Still working", None)

    def _wake_at(self, next_at: float | None) -> float | None:
        times = [scope.said_at + HEARTBEAT_SECONDS for scope in self.open_scopes() if scope.is_open]
        return min(times if next_at is None else [*times, next_at], default=None)

    def _prepare(self) -> None:
        """Load what sending needs, before a lock is taken: who flushes waits for `_prepared` alone."""
        with process_hooks.loading:
            with suppress(Exception):  # packing says what is wrong
                from .redact_on_exit import redacted_text  # noqa: PLC0415 - needed at first send only

                redacted_text("")
            with suppress(Exception):  # `send` says what is wrong
                prepare = getattr(self.transport or chosen_transport(), "prepare", None)
                if prepare is not None:
                    prepare()
        self._prepared.set()

    def _try(self, parcel: Parcel) -> None:
        parcel.tries += 1
        try:
            transport = self.transport or chosen_transport()
            transport.send(parcel.payload)
        except Exception as error:  # noqa: BLE001 - a transport of somebody else's may raise anything
            self._failed(parcel, error)
            return
        self._sent_at = self._retry_at = self.ticks()
        self.breaker.accepted()
        self._outbox.drop(parcel)

    def _failed(self, parcel: Parcel, error: Exception) -> None:
        retriable = error.retriable if isinstance(error, StatusError) else isinstance(error, OSError)
        if retriable and parcel.tries < TRIES and not self.breaker.probing:
            backoff = _FIRST_RETRY_SECONDS * _RETRY_GROWTH ** (parcel.tries - 1)
            self._retry_at = self.ticks() + backoff * (0.5 + self._clock.chance() / 2)
            return
        self.breaker.trip()
        self._retry_at = self.ticks()
        if not parcel.logged:
            parcel.logged = True
            log_undelivered(parcel.payload, error)
        if not retriable or parcel.tries >= TRIES + PROBES:
            self._outbox.drop(parcel)

    def _log_refused(self) -> None:
        for entry, error in self._outbox.refused():
            log_undelivered(entry, error)


def _bounded(seconds: Any) -> float:
    """What can be waited for; what is no time at all is the usual one."""
    try:
        return min(max(0.0, float(seconds)), threading.TIMEOUT_MAX)
    except (TypeError, ValueError, OverflowError):
        return FLUSH_SECONDS


def _in_thread(function: Callable[[], None]) -> None:
    threading.Thread(target=function, name="status_utils", daemon=True).start()
