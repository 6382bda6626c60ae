"""A data plane without a listener, for tests of its connections."""

from __future__ import annotations

import asyncio
import random

from statusbeam.localcloud.appsync.counters import Counters
from statusbeam.localcloud.appsync.event_loop.deadlines import DeadlineTimer
from statusbeam.localcloud.appsync.event_loop.eager_tasks import EagerTasks
from statusbeam.localcloud.appsync.http.connection_state import SharedHttpState
from statusbeam.localcloud.appsync.http.graphql_endpoint import GraphQLEndpoint
from statusbeam.localcloud.appsync.http.router import Handler, Router
from statusbeam.localcloud.appsync.http.static_site import StaticSite
from statusbeam.localcloud.appsync.limits import Limits
from statusbeam.localcloud.appsync.realtime.connection_state import SharedWebSocketState
from statusbeam.localcloud.appsync.realtime.endpoint import RealtimeEndpoint
from statusbeam.localcloud.appsync.realtime.faults import Faults
from statusbeam.localcloud.appsync.realtime.hub import Hub
from tests.unit.statusbeam.localcloud.appsync.tiny_api import KeyAuthenticator, TinyApi


class TinyDataPlane:
    """Everything between a tiny API and a connection, on the running loop."""

    def __init__(self, limits: Limits | None = None, site: StaticSite | None = None) -> None:
        loop = asyncio.get_running_loop()
        limits = limits or Limits()
        self.api = TinyApi()
        self.authenticator = KeyAuthenticator()
        self.counters = Counters()
        self.faults = Faults(random.Random(1))  # noqa: S311 - random faults of a test
        self.hub = Hub(limits, self.counters, self.faults, loop.call_later)
        self.routes: dict[tuple[str, str], Handler] = {}
        timer = DeadlineTimer(loop.time, loop.call_at)
        tasks = EagerTasks(loop, limits.execution_seconds)
        self.websockets = SharedWebSocketState(
            loop=loop,
            timer=timer,
            tasks=tasks,
            limits=limits,
            counters=self.counters,
            faults=self.faults,
            hub=self.hub,
            endpoint=RealtimeEndpoint(self.authenticator, self.api),
        )
        self.http = SharedHttpState(
            loop=loop,
            timer=timer,
            tasks=tasks,
            limits=limits,
            counters=self.counters,
            router=Router(GraphQLEndpoint(self.authenticator, self.api, self.hub), self.routes, site),
            websockets=self.websockets,
            new_request_id=lambda: "request-1",
        )

    async def close(self) -> None:
        """Cancel the operations in progress."""
        await self.http.tasks.drain(0)
        self.http.timer.stop()
