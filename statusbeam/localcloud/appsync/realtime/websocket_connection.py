"""One WebSocket of the realtime API: joins frames, protocol, hub and transport. No method waits."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import Final

from ..contract import AppSyncError, Subscription
from ..operations import execution_timeout
from .connection_state import SharedWebSocketState
from .hub import Subscriber
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


class WebSocketConnection(asyncio.Protocol):
    """Processes messages in order: messages after a `start` wait until the start is decided."""

    __slots__ = (
        "_closing",
        "_draining",
        "_frames",
        "_pending",
        "_protocol",
        "_reading_paused",
        "_shared",
        "_start_in_progress",
        "_transport",
        "outbox",
    )

    def __init__(
        self,
        shared: SharedWebSocketState,
        transport: asyncio.Transport,
        *,
        authority: str,
        refusal: AppSyncError | None,
    ) -> None:
        """`authority` is the `Host` of the upgrade request."""
        self._shared = shared
        self._transport = transport
        self._frames = FrameReader(shared.limits.message_bytes)
        self._protocol: RealtimeProtocol[Subscriber] = RealtimeProtocol(
            shared.limits, shared.faults, authority, refusal
        )
        self._start_in_progress = False
        self._pending: list[str] | None = None  # messages after the start in progress
        self._draining = False  # `_drain` is running
        self._reading_paused = False  # too many messages are pending
        self._closing = False  # our close frame is queued
        self.outbox: list[bytes] = []  # bytes to write at the end of the tick

    def open(self) -> None:
        """Register the connection with the shared state."""
        shared = self._shared
        shared.connections.add(self)
        shared.counters.connections += 1
        shared.counters.connections_opened += 1
        if self._protocol.state is State.REFUSED:
            shared.counters.connections_refused += 1
            shared.init_wait.add(self)
        else:
            shared.keep_alive.add(self)
            shared.lifetime.add(self)

    # Called by the transport.

    def data_received(self, data: bytes) -> None:
        for event in self._frames.feed(data):
            if isinstance(event, Text):
                self._receive(event.text)
            elif isinstance(event, Ping):
                self._send_frame(pong_frame(event.payload))
            elif isinstance(event, Closed):
                self._closed_by_peer(event)
            elif isinstance(event, Violation):
                self.close(event.code, event.reason)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._closing = True
        self._unregister()
        self._shared.closing.discard(self)
        self._shared.connections.discard(self)
        self._shared.counters.connections -= 1

    # Called by the shared state's timers.

    def send_keep_alive(self) -> None:
        """Part of connection_state.Connection."""
        self._send_frame(_KEEP_ALIVE_FRAME)
        self._shared.keep_alive.add(self)

    def close_expired(self) -> None:
        """Part of connection_state.Connection. AppSync ends a connection after 24 hours."""
        self.close(GOING_AWAY, "connection lifetime is over")

    def send_refusal(self) -> None:
        """Part of connection_state.Connection."""
        self._protocol.refuse_connection()
        self._send_messages()

    def close_refused(self) -> None:
        """Part of connection_state.Connection."""
        self.close(POLICY_VIOLATION, "not authorized")

    def abort(self) -> None:
        """Part of connection_state.Connection."""
        self._transport.abort()

    # Called by the hub.

    def schedule_flush(self) -> None:
        """Part of hub.Receiver."""
        self._shared.schedule_flush(self)

    def revoke(self, subscribers: list[Subscriber]) -> None:
        """Part of hub.Receiver."""
        for subscription_id, subscriber in list(self._protocol.subscriptions.items()):
            if subscriber in subscribers:
                self._shared.hub.remove(self._protocol.complete(subscription_id))
        self._send_messages()
        self.close(NORMAL_CLOSURE)

    def flush(self) -> None:
        """Write the outbox. A client whose backlog exceeds the limit is disconnected and must replay."""
        outbox, transport = self.outbox, self._transport
        if transport.is_closing():
            outbox.clear()
            return
        data = b"".join(outbox)
        outbox.clear()
        transport.write(data)
        backlog = transport.get_write_buffer_size()
        if backlog > self._shared.limits.write_buffer_bytes:
            self._shared.counters.slow_consumers += 1
            log.warning("backlog_bytes=<%d>, policy=<disconnect> | slow consumer", backlog)
            self._unregister()
            transport.abort()

    # Closing.

    def close(self, code: int, reason: str = "") -> None:
        """Send a close frame. The peer has `close_wait_seconds` to respond."""
        if self._closing:
            return
        self._closing = True
        self._unregister()
        self._send_frame(close_frame(code, reason))
        self._shared.closing.add(self)

    def _closed_by_peer(self, event: Closed) -> None:
        self.close(event.code)
        self.flush()
        self._transport.close()

    def _unregister(self) -> None:
        """Leave the hub and every queue except `closing`."""
        shared, subscriptions = self._shared, self._protocol.subscriptions
        for subscriber in subscriptions.values():
            shared.hub.remove(subscriber)
        subscriptions.clear()
        self._pending = None
        shared.keep_alive.discard(self)
        shared.lifetime.discard(self)
        shared.init_wait.discard(self)
        shared.linger.discard(self)

    # Messages.

    def _receive(self, text: str) -> None:
        if self._closing:
            return
        if not self._start_in_progress:
            self._process(text)
            return
        if self._pending is None:
            self._pending = []
        self._pending.append(text)
        if len(self._pending) >= self._shared.limits.pending_messages and not self._reading_paused:
            self._reading_paused = True
            self._transport.pause_reading()

    def _process(self, text: str) -> None:
        request = self._protocol.receive(text)
        self._send_messages()
        if isinstance(request, Start):
            self._start_in_progress = True
            self._shared.tasks.start(
                self._shared.endpoint.start(request),
                partial(self._start_decided, request.id),
                on_timeout=execution_timeout,
            )
        elif isinstance(request, Stopped):
            self._shared.hub.remove(request.handle)

    def _start_decided(self, subscription_id: SubscriptionId, outcome: Subscription | AppSyncError) -> None:
        self._start_in_progress = False
        if self._closing:
            return
        if isinstance(outcome, AppSyncError):
            self._protocol.refuse(subscription_id, outcome)
        else:
            subscriber = self._shared.hub.add(outcome, subscription_id, self)
            self._protocol.accept(subscription_id, subscriber)
        self._send_messages()  # start_ack is in the outbox before any push
        if self._pending and not self._draining:
            self._drain()

    def _drain(self) -> None:
        """Process the pending messages until a start is in progress again."""
        self._draining = True
        while self._pending and not self._start_in_progress and not self._closing:
            self._process(self._pending.pop(0))
        self._draining = False
        if not self._pending:
            self._pending = None
            if self._reading_paused:
                self._reading_paused = False
                self._transport.resume_reading()

    def _send_messages(self) -> None:
        for message in self._protocol.take_messages():
            self._send_frame(text_frame(message))
        if self._protocol.state is State.ENDED and not self._closing:
            self._shared.init_wait.discard(self)
            self._shared.linger.add(self)

    def _send_frame(self, frame: bytes) -> None:
        if not self.outbox:
            self._shared.schedule_flush(self)
        self.outbox.append(frame)
