"""The AppSync data plane: an authenticator, a GraphQL API, the hub and one port, put together.

plane = await DataPlane.start("127.0.0.1", 0, api, authenticator)
plane.graphql_url        # http://127.0.0.1:54321/graphql
await plane.close()
"""

from __future__ import annotations

import asyncio
import random
import ssl
from types import MappingProxyType
from typing import Any, Final

from .admin import fault_routes, stats_routes
from .contract import Authenticator, GraphQLApi
from .http.endpoint import Endpoint
from .http.listener import Listener
from .http.router import Handler, Router, Routes
from .http.static_site import StaticSite
from .limits import Limits
from .realtime.connection_state import Wire
from .realtime.counters import Counters
from .realtime.faults import Faults
from .realtime.hub import Hub
from .realtime.websocket import GOING_AWAY

_NO_ROUTES: Final[Routes] = MappingProxyType({})


class DataPlane:
    """A running data plane. It belongs to the loop it was started on; use it from there."""

    def __init__(self, wire: Wire, listener: Listener, faults: Faults) -> None:
        self._wire = wire
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
        dice: random.Random | None = None,
    ) -> DataPlane:
        """Listen on a loopback `host` (`port` 0: any) and serve.

        `routes` and `site` are served beside the API. Giving `faults` also opens the route that switches
        them; `dice` makes request ids. Raises ValueError for a host that is not loopback, OSError when the
        port is taken.
        """
        loop = asyncio.get_running_loop()
        limits = limits or Limits()
        counters = Counters()
        switches = faults or Faults(random.Random(0))  # noqa: S311 - dice for faults, no secret
        hub = Hub(limits, counters, switches, loop.call_later)
        endpoint = Endpoint(authenticator, api, hub)
        table: dict[tuple[str, str], Handler] = dict(routes)
        wire = Wire(
            loop=loop,
            limits=limits,
            counters=counters,
            faults=switches,
            hub=hub,
            endpoint=endpoint,
            router=Router(endpoint, table, site),
            new_request_id=RequestIds(dice or random.Random()),  # noqa: S311 - ids for logs, no secret
        )
        plane = cls(wire, Listener(wire, host, port, tls), switches)
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
        """Where the page is: `http://127.0.0.1:54321`, without a slash at the end."""
        return f"http://{self._authority}"

    @property
    def graphql_url(self) -> str:
        """Where queries and mutations go."""
        return f"{self.url}/graphql"

    @property
    def realtime_url(self) -> str:
        """Where subscriptions go."""
        return f"ws://{self._authority}/graphql/realtime"

    @property
    def _authority(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def stats(self) -> dict[str, Any]:
        """The counters, as GET /_localcloud/stats shows them."""
        return {**self._wire.counters.to_dict(), **self._wire.hub.to_dict()}

    def close_all(self, code: int = GOING_AWAY) -> None:
        """Close every WebSocket; clients may come back at once."""
        for socket in list(self._wire.sockets):
            socket.close(code)

    async def close(self) -> None:
        """Stop serving.

        No new connections, requests under way are answered, sockets are closed with 1001. Idempotent.
        """
        wire = self._wire
        self._listener.close()
        self.close_all(GOING_AWAY)
        for connection in list(wire.http):
            connection.close_when_idle()
        await wire.tasks.drain(wire.limits.close_wait_seconds)
        await _until_empty(wire)
        for socket in list(wire.sockets):
            socket.abort()
        for connection in list(wire.http):
            connection.abort()
        await asyncio.sleep(0)  # the transports report their end in the next turn
        wire.beat.stop()


async def _until_empty(wire: Wire) -> None:
    """Give peers their time to close; the deadlines cut those off that do not."""
    deadline = wire.loop.time() + wire.limits.close_wait_seconds
    while (wire.sockets or wire.http) and wire.loop.time() < deadline:
        await asyncio.sleep(_POLL_SECONDS)


_POLL_SECONDS: Final = 0.01


class RequestIds:
    """Ids that look like AppSync's request ids (UUIDs), at a tenth of the price of `uuid4`."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice

    def __call__(self) -> str:
        digits = f"{self._dice.getrandbits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
