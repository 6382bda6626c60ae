"""Sends the statuses of scopes: one thread in the background, one batch at a time.

Statuses that arrive during a send go together in the next batch. A fast backend gets each status at once, a
slow one gets larger batches, not more. Progress alone is sent every quarter of a second at most.

A batch is kept until the transport accepted it, also while the circuit breaker is open. Its batch id makes
sending it again harmless. The sender also writes statuses to the process's logs that this process may never
send; `statusbeam redrive-log` sends them from there.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial

from statusbeam.model.clock import Clock
from statusbeam.model.errors import SettingError, StatusError, TransportError
from statusbeam.model.parse import stamped

from ..defaults import NOT_CONFIGURED, current_transport, is_lambda_function
from . import process_hooks
from .buffer import Batch
from .circuit_breaker import CircuitBreaker
from .dead_letter import log_undelivered
from .draft import Draft
from .heartbeats import Heartbeats
from .outbox import Outbox
from .own_work import OwnWork, is_own_work
from .refused import note_refused
from .trace_context import current_traceparent
from .tracing import without_segment
from .waiting import wait_for_thread

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from typing import Any, Final

    from ..transports.transport import Transport
    from .heartbeat_source import HeartbeatSource

FLUSH_SECONDS: Final = 0.15
"""How long the end of a job waits for its statuses to be sent, while the backend is responsive."""

PREPARE_SECONDS: Final = 3.0
"""How long the end of a job waits for imports that sending needs, the AWS SDK above all. They are this
process's own work, not the backend's."""

PROGRESS_SECONDS: Final = 0.25
"""How long after a batch progress alone waits for other statuses."""

TRIES: Final = 5
"""The attempts to send one batch, with short pauses. This is a count and not a time, because a frozen process
also lets time pass."""

PROBES: Final = 10
"""Tries of one batch after that, each after a cool-down. Then the batch is dropped: it may be the cause."""

LOG_SECONDS: Final = 1.0
"""How often waiting statuses are logged while the circuit breaker is open."""

_FIRST_RETRY_SECONDS = 0.1
_RETRY_GROWTH = 4  # 0.1, 0.4, 1.6, 6.4 s


class Sender:
    """Sends what is put into it, by one transport. All times come from `clock`."""

    def __init__(
        self,
        transport: Transport | None,
        *,
        clock: Clock | None = None,
        start: Callable[[Callable[[], None]], None] | None = None,
        wait: Callable[[threading.Event, float], bool] = threading.Event.wait,
        on_busy: Callable[[Sender], None] | None = None,
        on_idle: Callable[[Sender], None] | None = None,
    ) -> None:
        """`transport`: None for the one that the environment names. `start` runs a function in a thread,
        `wait` waits some seconds for an event. The sender calls `on_busy` before it sends, and `on_idle` once
        no scope is open and its queue is empty."""
        self.transport = transport
        self._clock = clock or Clock()
        self._start = start or _in_thread
        self._wait = wait
        self._on_busy = on_busy
        self._on_idle = on_idle
        self.ticks = self._clock.ticks
        self.breaker = CircuitBreaker(self.ticks)
        self.reset()

    def reset(self) -> None:
        """Start empty, in a forked process: the parent sends its own statuses."""
        self._outbox = Outbox()
        self._heartbeats = Heartbeats(self.ticks)
        self._retry_at = self.ticks()
        self._sent_at = self.ticks() - PROGRESS_SECONDS
        self._logged_at = self.ticks() - LOG_SECONDS
        self._starting = threading.Lock()  # of _running
        self._running = False
        self._prepared = threading.Event()

    # --- what scopes call, in any thread --------------------------------------------------------------

    def opened(self, source: HeartbeatSource) -> None:
        """A scope began: it gets heartbeats until it is closed."""
        self._heartbeats.add(source)
        if not self._running:
            self._ensure_running()

    def closed(self, source: HeartbeatSource) -> None:
        """A scope ended."""
        if self._heartbeats.remove(source) and not self._heartbeats.sources():
            self._outbox.wake()

    def open_sources(self) -> list[HeartbeatSource]:
        """The scopes that began and did not end, in the order in which they began."""
        return self._heartbeats.sources()

    def put(self, fields: Mapping[str, Any]) -> None:
        """Queue a status by the schema's names; see Draft. Progress that waits is replaced by the next."""
        if is_own_work():
            return
        self._outbox.put(Draft(fields, self._clock.now(), current_traceparent()))
        if not self._running:
            self._ensure_running()

    def flush(
        self, timeout: float = FLUSH_SECONDS, *, last_chance: bool = False, force_wait: bool = False
    ) -> bool:
        """Wait until everything queued so far is sent, `timeout` seconds at most; returns whether it is.

        Does not wait if the last wait timed out, except with `force_wait`. With `last_chance` (the process
        may exit or freeze next), and always in Lambda, it also logs the unconfirmed statuses. Once the
        process is about to end, every flush is the last chance.
        """
        last_chance = last_chance or process_hooks.is_ending()
        seconds = to_seconds(timeout)
        until = self.ticks() + seconds  # before `is_idle`, which may wait for a lock
        if self.is_idle():
            return True
        if not self._running:
            self._ensure_running()
        worthwhile = force_wait or self.breaker.responsive or (last_chance and not self.breaker.is_open)
        if self._running and seconds > 0 and worthwhile:
            if self._wait_until_drained(until, last_chance):
                return True
            self.breaker.record_timeout()
        if last_chance or is_lambda_function():
            self.log_unconfirmed(
                "not confirmed in time, may yet arrive", code="unconfirmed", include_progress=True
            )
        return False

    def _wait_until_drained(self, until: float, last_chance: bool) -> bool:
        """Whether everything queued so far is sent by then; imports that sending needs come on top."""
        drained = threading.Event()
        self._outbox.call_when_drained(drained.set)
        if not (self._prepared.is_set() or last_chance):
            began_at = self.ticks()
            if not self._wait(self._prepared, PREPARE_SECONDS):
                return drained.is_set()
            until += self.ticks() - began_at
        return self._wait(drained, max(0.0, until - self.ticks())) or drained.is_set()

    async def flush_async(self, timeout: float = FLUSH_SECONDS) -> None:
        """`flush` for coroutines: the event loop, whichever it is, goes on meanwhile."""
        if not self.is_idle():
            await wait_for_thread(partial(self.flush, timeout), otherwise=partial(self.flush, 0))

    @property
    def is_running(self) -> bool:
        """Whether its thread is there, or about to be."""
        return self._running

    def is_idle(self) -> bool:
        """Whether nothing is left to send."""
        return self._outbox.is_empty()

    def log_unconfirmed(self, reason: str, *, code: str, include_progress: bool) -> None:
        """Log the unconfirmed batches, each once. They stay queued and are still sent if possible."""
        error: Exception = TransportError(reason, code=code, retriable=True)
        with suppress(SettingError):  # the line of the log names it
            error = self._not_configured() or error
        for batch in self._outbox.unlogged_batches(include_progress=include_progress):
            log_undelivered(batch.payload, error)
        self._log_rejected()

    def _not_configured(self) -> TransportError | None:
        """The error, if the environment names no transport."""
        try:
            _ = self.transport or current_transport()
        except TransportError as error:
            return error
        return None

    # --- the thread -----------------------------------------------------------------------------------

    def _ensure_running(self) -> None:
        with self._starting:
            if self._running:
                return
            self._running = True
            if self._on_busy is not None:
                self._on_busy(self)
            try:
                self._start(self._run)
            except RuntimeError:  # no new thread: the interpreter is ending, and `flush` logs what waits
                self._running = False

    def _run(self) -> None:
        try:
            while True:
                wake_at = self.pump()
                if wake_at is None and self._may_stop():
                    return
                self._outbox.wait(None if wake_at is None else max(0.0, wake_at - self.ticks()))
        except Exception:  # a bug of this library: the next `put` starts a new thread
            self._running = False
            raise

    def _may_stop(self) -> bool:
        """Whether the thread may end. A `put` after this starts a new one."""
        with self._starting:
            self._running = False
            self._running = bool(self._heartbeats.sources()) or not self.is_idle()
            if self._running:
                return False
        if self._on_idle is not None:
            self._on_idle(self)
        return True

    def pump(self) -> float | None:
        """Do all that is due; returns the ticks at which more work is due."""
        while True:
            self._heartbeats.send_due()
            self._outbox.drain_inbox()
            if not (self._prepared.is_set() or self.breaker.is_open or self._outbox.is_empty()):
                self._prepare()
            if self.breaker.is_open:
                return self._wake_at(self._wait_for_breaker())
            progress_at = self._sent_at + PROGRESS_SECONDS
            batch = self._outbox.next_batch(include_progress=self.ticks() >= progress_at)
            self._log_rejected()
            for callback in self._outbox.due_callbacks():
                callback()
            if batch is None:
                return self._wake_at(progress_at if self._outbox.has_buffered() else None)
            if self._retry_at > self.ticks():
                return self._wake_at(self._retry_at)
            self._try(batch)

    def _wait_for_breaker(self) -> float:
        """Log the queued statuses in case this process ends before the next try; returns when to look
        again."""
        log_at = self._logged_at + LOG_SECONDS
        if self.ticks() >= log_at:
            self._logged_at = self.ticks()
            self.log_unconfirmed(
                "not tried: the circuit breaker is open; may yet arrive",
                code="breaker_open",
                include_progress=False,
            )
            return self.breaker.open_until
        return min(log_at, self.breaker.open_until)

    def _wake_at(self, next_at: float | None) -> float | None:
        times = (time for time in (next_at, self._heartbeats.next_at()) if time is not None)
        return min(times, default=None)

    def _prepare(self) -> None:
        """Import the modules for sending before taking a lock, so that `flush` waits for `_prepared` only."""
        with process_hooks.import_lock, OwnWork():
            with suppress(Exception):  # packing a batch reports the error
                from .redact_on_exit import redact_text  # noqa: PLC0415 - needed at first send only

                redact_text("")
            with suppress(Exception):  # `send` reports the error
                prepare = getattr(self.transport or current_transport(), "prepare", None)
                if prepare is not None:
                    prepare()
        self._prepared.set()

    def _try(self, batch: Batch) -> None:
        batch.tries += 1
        try:
            with OwnWork(), without_segment():
                transport = self.transport or current_transport()
                transport.send(stamped(batch.payload, now=self._clock.now()))
        except Exception as error:  # noqa: BLE001 - a custom transport may raise anything
            self._handle_failure(batch, error)
            return
        self._sent_at = self._retry_at = self.ticks()
        self.breaker.record_success()
        self._outbox.remove(batch)

    def _handle_failure(self, batch: Batch, error: Exception) -> None:
        if isinstance(error, StatusError) and error.code == NOT_CONFIGURED:
            log_undelivered(batch.payload, error)
            self._give_up(batch, error)
            return
        # Any other exception is this process's, such as an instrumented client's. The payload may be fine.
        retriable = error.retriable if isinstance(error, StatusError) else True
        if retriable and batch.tries < TRIES and not self.breaker.is_half_open:
            backoff = _FIRST_RETRY_SECONDS * _RETRY_GROWTH ** (batch.tries - 1)
            self._retry_at = self.ticks() + backoff * (0.5 + self._clock.chance() / 2)
            return
        self.breaker.trip()
        self._retry_at = self.ticks()
        if not batch.logged:
            batch.logged = True
            log_undelivered(batch.payload, error)
        if not retriable or batch.tries >= TRIES + PROBES:
            self._give_up(batch, error)

    def _give_up(self, batch: Batch, error: Exception) -> None:
        note_refused(batch.payload, error)
        self._outbox.remove(batch)

    def _log_rejected(self) -> None:
        for draft, error in self._outbox.take_rejected():
            note_refused(draft.fields, error)
            log_undelivered(_payload_of(draft) if error.retriable else draft.fields, error)


def _payload_of(draft: Draft) -> Mapping[str, Any]:
    """A draft that is only logged, as a payload that a redrive can send unchanged."""
    batch_id = os.urandom(16).hex()
    try:
        return {"batchId": batch_id, "updates": [draft.encode(f"{batch_id}.0")]}
    except StatusError:  # it is invalid besides
        return draft.fields


def to_seconds(timeout: Any) -> float:
    """A timeout that can be waited for; the default for values that are not a time."""
    try:
        return min(max(0.0, float(timeout)), threading.TIMEOUT_MAX)
    except (TypeError, ValueError, OverflowError):
        return FLUSH_SECONDS


def _in_thread(function: Callable[[], None]) -> None:
    threading.Thread(target=function, name="status_utils", daemon=True).start()
