"""The state that all HTTP connections of one data plane share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from typing import Protocol

from ..counters import Counters
from ..event_loop.deadlines import DeadlineQueue, DeadlineTimer
from ..event_loop.eager_tasks import EagerTasks
from ..limits import Limits
from ..realtime.connection_state import SharedWebSocketState
from .router import Router


class Connection(Hashable, Protocol):
    """One HTTP connection, as the timers and the data plane's shutdown use it."""

    def abort(self) -> None:
        """Drop the connection at once."""
        ...

    def close_when_idle(self) -> None:
        """Close the connection after the response in progress."""
        ...


class SharedHttpState:
    """One per data plane, on its event loop. Connections add themselves to the queues they wait in."""

    def __init__(
        self,
        *,
        loop: asyncio.AbstractEventLoop,
        timer: DeadlineTimer,
        tasks: EagerTasks,
        limits: Limits,
        counters: Counters,
        router: Router,
        websockets: SharedWebSocketState,
        new_request_id: Callable[[], str],
    ) -> None:
        self.loop = loop
        self.timer = timer
        self.tasks = tasks
        self.limits = limits
        self.counters = counters
        self.router = router
        self.websockets = websockets
        self.new_request_id = new_request_id
        self.connections: set[Connection] = set()
        self.idle: DeadlineQueue[Connection] = timer.queue(
            limits.http_idle_seconds, lambda connection: connection.abort()
        )
        self.closing: DeadlineQueue[Connection] = timer.queue(
            limits.close_wait_seconds, lambda connection: connection.abort()
        )
