"""The wire side put together for tests that need no listener."""

from __future__ import annotations

import asyncio
import random

from statusbeam.localcloud.appsync.http.endpoint import Endpoint
from statusbeam.localcloud.appsync.http.router import Handler, Router
from statusbeam.localcloud.appsync.http.static_site import StaticSite
from statusbeam.localcloud.appsync.limits import Limits
from statusbeam.localcloud.appsync.realtime.connection_state import Wire
from statusbeam.localcloud.appsync.realtime.counters import Counters
from statusbeam.localcloud.appsync.realtime.faults import Faults
from statusbeam.localcloud.appsync.realtime.hub import Hub
from tests.unit.statusbeam.localcloud.appsync.tiny_api import KeyAuthenticator, TinyApi


class TinyWire:
    """Everything between an API in a page and a connection, on the running loop."""

    def __init__(self, limits: Limits | None = None, site: StaticSite | None = None) -> None:
        loop = asyncio.get_running_loop()
        limits = limits or Limits()
        self.api = TinyApi()
        self.authenticator = KeyAuthenticator()
        self.counters = Counters()
        self.faults = Faults(random.Random(1))  # noqa: S311 - a test's dice
        self.hub = Hub(limits, self.counters, self.faults, loop.call_later)
        self.routes: dict[tuple[str, str], Handler] = {}
        endpoint = Endpoint(self.authenticator, self.api, self.hub)
        self.wire = Wire(
            loop=loop,
            limits=limits,
            counters=self.counters,
            faults=self.faults,
            hub=self.hub,
            endpoint=endpoint,
            router=Router(endpoint, self.routes, site),
            new_request_id=lambda: "request-1",
        )

    async def end(self) -> None:
        """Cancel what is under way."""
        await self.wire.tasks.drain(0)
        self.wire.beat.stop()
