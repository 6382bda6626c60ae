"""One WebSocket of the realtime API: joins frames, protocol, hub and transport. Nothing in it waits."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import Final

from ..contract import AppSyncError, Subscription
from ..http.endpoint import execution_timeout
from .connection_state import Wire
from .hub import Link
from .protocol import KEEP_ALIVE, RealtimeProtocol, Start, State, Stopped, SubscriptionId
from .websocket import (
    GOING_AWAY,
    NORMAL_CLOSURE,
    POLICY_VIOLATION,
    Closed,
    FrameReader,
    Ping,
    Text,
    Violation,
    close_frame,
    pong_frame,
    text_frame,
)

log = logging.getLogger(__name__)

_KEEP_ALIVE_FRAME: Final = text_frame(KEEP_ALIVE)


class RealtimeSocket(asyncio.Protocol):
    """Messages are read one after the other: what follows a `start` waits until it is decided."""

    __slots__ = (
        "_busy",
        "_closing",
        "_draining",
        "_frames",
        "_paused",
        "_protocol",
        "_transport",
        "_waiting",
        "_wire",
        "parts",
    )

    def __init__(self, wire: Wire, transport: asyncio.Transport, refusal: AppSyncError | None) -> None:
        self._wire = wire
        self._transport = transport
        self._frames = FrameReader(wire.limits.message_bytes)
        self._protocol: RealtimeProtocol[Link] = RealtimeProtocol(wire.limits, wire.faults, refusal)
        self._waiting: list[str] | None = None  # messages behind the start that is being decided
        self._busy = False  # a start is being decided
        self._draining = False  # `_waiting` is being worked off
        self._paused = False  # too many wait: the transport is not read
        self._closing = False  # our close frame is out
        self.parts: list[bytes] = []  # the outbox: written at the end of the tick

    def open(self) -> None:
        """Take part from now on."""
        wire = self._wire
        wire.sockets.add(self)
        wire.counters.connections += 1
        wire.counters.connections_opened += 1
        if self._protocol.state is State.REFUSED:
            wire.counters.connections_refused += 1
            wire.init_wait.add(self)
        else:
            wire.keep_alive.add(self)
            wire.lifetime.add(self)

    # What the transport calls.

    def data_received(self, data: bytes) -> None:
        for event in self._frames.feed(data):
            if isinstance(event, Text):
                self._receive(event.text)
            elif isinstance(event, Ping):
                self._put(pong_frame(event.payload))
            elif isinstance(event, Closed):
                self._closed_by_peer(event)
            elif isinstance(event, Violation):
                self.close(event.code, event.reason)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._closing = True
        self._release()
        self._wire.closing.discard(self)
        self._wire.sockets.discard(self)
        self._wire.counters.connections -= 1

    # What the deadlines call.

    def keep_alive(self) -> None:
        """Send `ka` and wait for the next time."""
        self._put(_KEEP_ALIVE_FRAME)
        self._wire.keep_alive.add(self)

    def end_of_life(self) -> None:
        """AppSync ends a connection after 24 hours."""
        self.close(GOING_AWAY, "connection lifetime is over")

    def tell_refusal(self) -> None:
        """No connection_init came."""
        self._protocol.give_up_waiting()
        self._send_messages()

    def close_refused(self) -> None:
        """connection_error has had its time to be read."""
        self.close(POLICY_VIOLATION, "not authorized")

    def abort(self) -> None:
        """Drop the connection at once."""
        self._transport.abort()

    # What the hub calls.

    def wake(self) -> None:
        """Part of Outbox."""
        self._wire.wake(self)

    def revoke(self, links: list[Link]) -> None:
        """Part of Outbox."""
        for subscription_id, link in list(self._protocol.subscriptions.items()):
            if link in links:
                self._wire.hub.remove(self._protocol.complete(subscription_id))
        self._send_messages()
        self.close(NORMAL_CLOSURE)

    def flush(self) -> None:
        """Write the outbox; a consumer whose backlog passes the bound is cut off and must replay."""
        parts, transport = self.parts, self._transport
        if transport.is_closing():
            parts.clear()
            return
        data = b"".join(parts)
        parts.clear()
        transport.write(data)
        backlog = transport.get_write_buffer_size()
        if backlog > self._wire.limits.write_buffer_bytes:
            self._wire.counters.slow_consumers += 1
            log.warning("backlog_bytes=<%d>, policy=<disconnect> | consumer fell behind", backlog)
            self._release()
            transport.abort()

    # Closing.

    def close(self, code: int, reason: str = "") -> None:
        """Say goodbye and wait a little for the peer to do the same."""
        if self._closing:
            return
        self._closing = True
        self._release()
        self._put(close_frame(code, reason))
        self._wire.closing.add(self)

    def _closed_by_peer(self, event: Closed) -> None:
        self.close(event.code)
        self.flush()
        self._transport.close()

    def _release(self) -> None:
        """Leave every place this socket is known in, apart from the wait for its end."""
        wire, subscriptions = self._wire, self._protocol.subscriptions
        for link in subscriptions.values():
            wire.hub.remove(link)
        subscriptions.clear()
        self._waiting = None
        wire.keep_alive.discard(self)
        wire.lifetime.discard(self)
        wire.init_wait.discard(self)
        wire.linger.discard(self)

    # Messages.

    def _receive(self, text: str) -> None:
        if self._closing:
            return
        if not self._busy:
            self._handle(text)
            return
        if self._waiting is None:
            self._waiting = []
        self._waiting.append(text)
        if len(self._waiting) >= self._wire.limits.pending_messages and not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def _handle(self, text: str) -> None:
        request = self._protocol.receive(text)
        self._send_messages()
        if isinstance(request, Start):
            self._busy = True
            self._wire.tasks.begin(
                self._wire.endpoint.start(request),
                partial(self._started, request.id),
                too_late=execution_timeout,
            )
        elif isinstance(request, Stopped):
            self._wire.hub.remove(request.handle)

    def _started(self, subscription_id: SubscriptionId, outcome: Subscription | AppSyncError) -> None:
        self._busy = False
        if self._closing:
            return
        if isinstance(outcome, AppSyncError):
            self._protocol.refuse(subscription_id, outcome)
        else:
            link = self._wire.hub.add(outcome, subscription_id, self)
            self._protocol.accept(subscription_id, link)
        self._send_messages()  # start_ack stands in the outbox before any push can
        if self._waiting and not self._draining:
            self._drain()

    def _drain(self) -> None:
        self._draining = True
        while self._waiting and not self._busy and not self._closing:
            self._handle(self._waiting.pop(0))
        self._draining = False
        if not self._waiting:
            self._waiting = None
            if self._paused:
                self._paused = False
                self._transport.resume_reading()

    def _send_messages(self) -> None:
        for message in self._protocol.take():
            self._put(text_frame(message))
        if self._protocol.state is State.ENDED and not self._closing:
            self._wire.init_wait.discard(self)
            self._wire.linger.add(self)

    def _put(self, frame: bytes) -> None:
        if not self.parts:
            self._wire.wake(self)
        self.parts.append(frame)
