"""The AppSync data plane: puts an authenticator, a GraphQL API, the hub and one port together.

plane = await DataPlane.start("127.0.0.1", 0, api, authenticator)
plane.graphql_url        # http://127.0.0.1:54321/graphql
await plane.close()
"""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import Callable
from types import MappingProxyType
from typing import Any, Final

from .admin import fault_routes, stats_routes
from .contract import Authenticator, GraphQLApi
from .counters import Counters
from .event_loop.deadlines import DeadlineTimer
from .event_loop.eager_tasks import EagerTasks
from .http.connection_state import SharedHttpState
from .http.graphql_endpoint import GraphQLEndpoint
from .http.listener import Listener
from .http.router import Handler, Router, Routes
from .http.static_site import StaticSite
from .limits import Limits
from .realtime.connection_state import SharedWebSocketState
from .realtime.endpoint import RealtimeEndpoint
from .realtime.faults import Faults
from .realtime.hub import Hub
from .realtime.websocket import GOING_AWAY

_NO_ROUTES: Final[Routes] = MappingProxyType({})


class DataPlane:
    """A running data plane. Use it from the event loop that it was started on."""

    def __init__(self, shared: SharedHttpState, listener: Listener, faults: Faults) -> None:
        self._shared = shared
        self._listener = listener
        self.faults = faults

    @classmethod
    async def start(
        cls,
        host: str,
        port: int,
        api: GraphQLApi,
        authenticator: Authenticator,
        *,
        tls: ssl.SSLContext | None = None,
        routes: Routes = _NO_ROUTES,
        site: StaticSite | None = None,
        limits: Limits | None = None,
        faults: Faults | None = None,
        rng: random.Random | None = None,
    ) -> DataPlane:
        """Listen on a loopback `host` and serve; `port` 0 takes any free port.

        Serves `routes` and `site` beside the API. With `faults` it also serves the route that switches
        them. `rng` makes the request ids. Raises ValueError when the host is not loopback, OSError when the
        port is in use.
        """
        switches = faults or Faults(random.Random(0))  # noqa: S311 - random faults, no secret
        table: dict[tuple[str, str], Handler] = dict(routes)
        shared = build_shared_state(
            api,
            authenticator,
            limits=limits or Limits(),
            faults=switches,
            routes=table,
            site=site,
            new_request_id=RequestIds(rng or random.Random()),  # noqa: S311 - ids for logs, no secret
        )
        plane = cls(shared, Listener(shared, host, port, tls), switches)
        table.update(stats_routes(plane.stats))
        if faults is not None:
            table.update(fault_routes(faults, plane.close_all))
        return plane

    @property
    def host(self) -> str:
        """The address it listens on."""
        return self._listener.host

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._listener.port

    @property
    def url(self) -> str:
        """The dashboard's URL, without a slash at the end: `http://127.0.0.1:54321`."""
        return f"http://{self._authority}"

    @property
    def graphql_url(self) -> str:
        """The URL for queries and mutations."""
        return f"{self.url}/graphql"

    @property
    def realtime_url(self) -> str:
        """The URL for subscriptions."""
        return f"ws://{self._authority}/graphql/realtime"

    @property
    def _authority(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def stats(self) -> dict[str, Any]:
        """The counters, as GET /_localcloud/stats shows them."""
        return {**self._shared.counters.to_dict(), **self._shared.websockets.hub.to_dict()}

    def close_all(self, code: int = GOING_AWAY) -> None:
        """Close every WebSocket. Clients may reconnect at once."""
        for connection in list(self._shared.websockets.connections):
            connection.close(code)

    async def close(self) -> None:
        """Stop serving. May be called twice.

        Accepts no new connections, completes the requests in progress, and closes WebSockets with code 1001.
        """
        shared, websockets = self._shared, self._shared.websockets
        self._listener.close()
        self.close_all(GOING_AWAY)
        for connection in list(shared.connections):
            connection.close_when_idle()
        await shared.tasks.drain(shared.limits.close_wait_seconds)
        await _wait_until_closed(shared)
        for websocket in list(websockets.connections):
            websocket.abort()
        for connection in list(shared.connections):
            connection.abort()
        await asyncio.sleep(0)  # the transports report their end in the next tick
        shared.timer.stop()


def build_shared_state(
    api: GraphQLApi,
    authenticator: Authenticator,
    *,
    limits: Limits,
    faults: Faults,
    routes: Routes,
    site: StaticSite | None,
    new_request_id: Callable[[], str],
) -> SharedHttpState:
    """Build the state that all connections of one data plane share, on the running event loop."""
    loop = asyncio.get_running_loop()
    counters = Counters()
    timer = DeadlineTimer(loop.time, loop.call_at)
    tasks = EagerTasks(loop, limits.execution_seconds)
    hub = Hub(limits, counters, faults, loop.call_later)
    websockets = SharedWebSocketState(
        loop=loop,
        timer=timer,
        tasks=tasks,
        limits=limits,
        counters=counters,
        faults=faults,
        hub=hub,
        endpoint=RealtimeEndpoint(authenticator, api),
    )
    return SharedHttpState(
        loop=loop,
        timer=timer,
        tasks=tasks,
        limits=limits,
        counters=counters,
        router=Router(GraphQLEndpoint(authenticator, api, hub), routes, site),
        websockets=websockets,
        new_request_id=new_request_id,
    )


async def _wait_until_closed(shared: SharedHttpState) -> None:
    """Give peers their time to close; the deadlines abort those that do not."""
    deadline = shared.loop.time() + shared.limits.close_wait_seconds
    while (shared.websockets.connections or shared.connections) and shared.loop.time() < deadline:
        await asyncio.sleep(_POLL_SECONDS)


_POLL_SECONDS: Final = 0.01


class RequestIds:
    """Ids in the form of AppSync's request ids (UUIDs), at a tenth of the cost of `uuid4`."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def __call__(self) -> str:
        digits = f"{self._rng.getrandbits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
