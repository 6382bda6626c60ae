"""The state that all WebSocket connections of one data plane share."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Hashable
from typing import Protocol

from ..counters import Counters
from ..event_loop.deadlines import DeadlineQueue, DeadlineTimer
from ..event_loop.eager_tasks import EagerTasks
from ..limits import Limits
from .endpoint import RealtimeEndpoint
from .faults import Faults
from .hub import Hub

log = logging.getLogger(__name__)


class Connection(Hashable, Protocol):
    """One WebSocket connection, as the timers and the end of a tick use it."""

    def flush(self) -> None:
        """Write the outbox to the transport."""
        ...

    def send_keep_alive(self) -> None:
        """Send `ka` and restart the keep-alive wait."""
        ...

    def send_refusal(self) -> None:
        """Send `connection_error`: the refused client has sent nothing in time."""
        ...

    def close_refused(self) -> None:
        """Close a refused connection: the client has had time to read `connection_error`."""
        ...

    def close_expired(self) -> None:
        """Close a connection at the end of its lifetime."""
        ...

    def close(self, code: int, reason: str = "") -> None:
        """Start the closing handshake."""
        ...

    def abort(self) -> None:
        """Drop the connection without a closing handshake."""
        ...


class SharedWebSocketState:
    """One per data plane, on its event loop. Connections add themselves to the queues they wait in."""

    def __init__(
        self,
        *,
        loop: asyncio.AbstractEventLoop,
        timer: DeadlineTimer,
        tasks: EagerTasks,
        limits: Limits,
        counters: Counters,
        faults: Faults,
        hub: Hub,
        endpoint: RealtimeEndpoint,
    ) -> None:
        self.limits = limits
        self.counters = counters
        self.faults = faults
        self.hub = hub
        self.endpoint = endpoint
        self.tasks = tasks
        self.connections: set[Connection] = set()
        self._loop = loop
        self._to_flush: list[Connection] = []  # connections with an outbox to write at the end of this tick

        self.keep_alive: DeadlineQueue[Connection] = timer.queue(
            limits.keep_alive_seconds, lambda connection: connection.send_keep_alive()
        )
        self.lifetime: DeadlineQueue[Connection] = timer.queue(
            limits.connection_lifetime_seconds, lambda connection: connection.close_expired()
        )
        self.init_wait: DeadlineQueue[Connection] = timer.queue(
            limits.init_wait_seconds, lambda connection: connection.send_refusal()
        )
        self.linger: DeadlineQueue[Connection] = timer.queue(
            limits.refusal_linger_seconds, lambda connection: connection.close_refused()
        )
        self.closing: DeadlineQueue[Connection] = timer.queue(
            limits.close_wait_seconds, lambda connection: connection.abort()
        )

    def schedule_flush(self, connection: Connection) -> None:
        """Write the connection's outbox at the end of this tick of the event loop."""
        if not self._to_flush:
            self._loop.call_soon(self._flush)
        self._to_flush.append(connection)

    def _flush(self) -> None:
        connections, self._to_flush = self._to_flush, []
        for connection in connections:
            try:
                connection.flush()
            except Exception:  # one broken transport must not stop the other connections' pushes
                log.exception("| writing to a connection failed")
                connection.abort()
