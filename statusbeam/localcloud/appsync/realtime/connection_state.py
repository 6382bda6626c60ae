"""What all connections of one data plane share."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..http.endpoint import Endpoint
from ..http.router import Router
from ..limits import Limits
from .counters import Counters
from .deadlines import Beat, Deadlines
from .eager_tasks import Tasks
from .faults import Faults
from .hub import Hub

if TYPE_CHECKING:
    from ..http.connection import HttpConnection
    from .websocket_connection import RealtimeSocket

log = logging.getLogger(__name__)


class Wire:
    """One per data plane, on its loop. Connections register themselves in the queues they wait in."""

    def __init__(
        self,
        *,
        loop: asyncio.AbstractEventLoop,
        limits: Limits,
        counters: Counters,
        faults: Faults,
        hub: Hub,
        endpoint: Endpoint,
        router: Router,
        new_request_id: Callable[[], str],
    ) -> None:
        self.loop = loop
        self.limits = limits
        self.counters = counters
        self.faults = faults
        self.hub = hub
        self.endpoint = endpoint
        self.router = router
        self.new_request_id = new_request_id
        self.tasks = Tasks(loop, limits.execution_seconds)
        self.http: set[HttpConnection] = set()
        self.sockets: set[RealtimeSocket] = set()
        self._filled: list[RealtimeSocket] = []  # have something to write at the end of this tick

        self.beat = beat = Beat(loop.time, loop.call_at)
        self.http_idle: Deadlines[HttpConnection] = beat.queue(
            limits.http_idle_seconds, lambda it: it.abort()
        )
        self.http_closing: Deadlines[HttpConnection] = beat.queue(
            limits.close_wait_seconds, lambda it: it.abort()
        )
        self.keep_alive: Deadlines[RealtimeSocket] = beat.queue(
            limits.keep_alive_seconds, lambda it: it.keep_alive()
        )
        self.lifetime: Deadlines[RealtimeSocket] = beat.queue(
            limits.connection_lifetime_seconds, lambda it: it.end_of_life()
        )
        self.init_wait: Deadlines[RealtimeSocket] = beat.queue(
            limits.init_wait_seconds, lambda it: it.tell_refusal()
        )
        self.linger: Deadlines[RealtimeSocket] = beat.queue(
            limits.refusal_linger_seconds, lambda it: it.close_refused()
        )
        self.closing: Deadlines[RealtimeSocket] = beat.queue(limits.close_wait_seconds, lambda it: it.abort())

    def wake(self, socket: RealtimeSocket) -> None:
        """Write out what this socket gathers until the tick is over."""
        if not self._filled:
            self.loop.call_soon(self._flush)
        self._filled.append(socket)

    def _flush(self) -> None:
        filled, self._filled = self._filled, []
        for socket in filled:
            try:
                socket.flush()
            except Exception:  # one broken transport must not keep the others' pushes back
                log.exception("| writing to a socket failed")
                socket.abort()
