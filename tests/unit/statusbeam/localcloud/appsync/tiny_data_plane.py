"""A data plane without a listener, for tests of its connections."""

from __future__ import annotations

import random

from statusbeam.localcloud.appsync.http.router import Handler
from statusbeam.localcloud.appsync.http.static_site import StaticSite
from statusbeam.localcloud.appsync.limits import Limits
from statusbeam.localcloud.appsync.realtime.faults import Faults
from statusbeam.localcloud.appsync.server import build_shared_state
from tests.unit.statusbeam.localcloud.appsync.tiny_api import KeyAuthenticator, TinyApi


class TinyDataPlane:
    """Everything between a tiny API and a connection, on the running loop."""

    def __init__(self, limits: Limits | None = None, site: StaticSite | None = None) -> None:
        self.api = TinyApi()
        self.authenticator = KeyAuthenticator()
        self.faults = Faults(random.Random(1))  # noqa: S311 - random faults of a test
        self.routes: dict[tuple[str, str], Handler] = {}
        self.http = build_shared_state(
            self.api,
            self.authenticator,
            limits=limits or Limits(),
            faults=self.faults,
            routes=self.routes,
            site=site,
            new_request_id=lambda: "request-1",
        )
        self.websockets = self.http.websockets
        self.hub = self.websockets.hub
        self.counters = self.http.counters

    async def close(self) -> None:
        """Cancel the operations in progress."""
        await self.http.tasks.drain(0)
        self.http.timer.stop()
