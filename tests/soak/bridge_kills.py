"""Kills the bridge repeatedly during a job: no client loses a status, or gets one twice.

A kill has the effect of `kill -9` for a client: the connection breaks after any byte, and for a while no
server listens. The log stays. One client reads server-sent events, by `httpx-sse`, and reconnects like a
browser's EventSource; one reads the five messages. Time is virtual, and a seed always does the same.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

import httpx
from fastapi import FastAPI

from statusbeam.bridge.app import create_app
from statusbeam.bridge.routes.connection_manager import ConnectionManager
from statusbeam.bridge.service import Bridge
from statusbeam.bridge.tail.tails import Tails
from statusbeam.log.journal.memory import MemoryJournal
from statusbeam.model.clock import Clock
from statusbeam.model.validation import wire_time
from tests.soak.bridge_clients import AUTHORIZATION, EventSourceClient, ReceivedMessages, batches
from tests.soak.model import SoakError
from tests.soak.virtual_time import run
from tests.unit.samples import NOW, batch_of, update
from tests.unit.statusbeam.bridge.viewers import by_name

LONGEST_SECONDS: Final = 600.0
ON_THE_WAY_SECONDS: Final = 0.1


@dataclass(slots=True)
class KillTally:
    """The counts of the runs."""

    runs: int = 0
    kills: int = 0
    statuses: int = 0
    connections: int = 0
    cut_within_an_event: int = 0
    resumed: Counter[str] = field(default_factory=Counter)

    def add(self, other: KillTally) -> None:
        """Add the counts of another run."""
        self.runs += other.runs
        self.kills += other.kills
        self.statuses += other.statuses
        self.connections += other.connections
        self.cut_within_an_event += other.cut_within_an_event
        self.resumed += other.resumed


@cache
def _application() -> FastAPI:
    return create_app(Bridge.in_memory(MemoryJournal(), authenticate=by_name))


class Bridges:
    """Successive bridges on one log. At most one listens."""

    def __init__(self, journal: MemoryJournal, clock: Clock, chance: random.Random, tally: KillTally) -> None:
        self.chance = chance
        self.tally = tally
        self._journal = journal
        self._clock = clock
        self._app: FastAPI | None = None
        self._connections: dict[Connection, None] = {}  # in the order of their opening, as a seed has it

    async def start(self) -> None:
        """Start to listen, like a new process."""
        bridge = Bridge.in_memory(self._journal, authenticate=by_name, clock=self._clock)
        # Few steps are kept, so that some clients are served from the log again.
        bridge.tails = Tails(bridge.reader, clock=self._clock, steps_kept=self.chance.choice((2, 8, 256)))
        # The whole state of a process is in these two. Building the routes again would take most of a run's
        # time.
        self._app = _application()
        self._app.state.bridge = bridge
        self._app.state.connections = ConnectionManager(bridge)

    async def kill(self) -> None:
        """Stop listening, and break every connection at its current byte."""
        self._app = None
        self.tally.kills += 1
        for connection in tuple(self._connections):
            connection.cut()
        self._connections.clear()
        await asyncio.sleep(0)

    def open(self, scope: Mapping[str, Any]) -> Connection:
        """A connection to the listening bridge. Raises ConnectionRefusedError."""
        if self._app is None:
            raise ConnectionRefusedError
        self.tally.connections += 1
        connection = Connection(self._app, {**scope, "app": self._app}, self.chance)
        self._connections[connection] = None
        return connection

    def forget(self, connection: Connection) -> None:
        """The client has closed the connection. Until then, also the end of an answer may be cut off."""
        self._connections.pop(connection, None)

    async def end(self) -> None:
        """Break the remaining connections."""
        for connection in tuple(self._connections):
            connection.cut()
        await asyncio.sleep(0)


class Connection:
    """One request or socket, from the client's side: it returns the application's messages, up to a cut."""

    def __init__(self, app: FastAPI, scope: Mapping[str, Any], chance: random.Random) -> None:
        self._chance = chance
        self._sent: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self._received: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.is_cut = False
        self.task = asyncio.ensure_future(self._run(app, scope))

    async def _run(self, app: FastAPI, scope: Mapping[str, Any]) -> None:
        with suppress(ConnectionResetError):
            await app(dict(scope), self._received.get, self._send)
        self._sent.put_nowait(None)

    async def _send(self, message: Any) -> None:
        if self.is_cut:
            raise ConnectionResetError
        self._sent.put_nowait(dict(message))

    def give(self, message: dict[str, Any]) -> None:
        """The client's messages."""
        self._received.put_nowait(message)

    async def take(self) -> dict[str, Any] | None:
        """The application's next message; None at its end. Raises ConnectionResetError after a cut."""
        if self.is_cut and self._sent.empty():
            raise ConnectionResetError
        await asyncio.sleep(self._chance.expovariate(1 / ON_THE_WAY_SECONDS))
        message = await self._sent.get()
        if message is None and self.is_cut:
            raise ConnectionResetError
        return message

    def cut(self) -> None:
        """Break the connection: some of the last bytes never arrive, also a part of an event."""
        self.is_cut = True
        on_the_way = []
        while not self._sent.empty():
            on_the_way.append(self._sent.get_nowait())
        for message in on_the_way[: self._chance.randint(0, len(on_the_way))]:
            self._sent.put_nowait(message)
        self._sent.put_nowait(None)
        self.task.cancel()


class Transport(httpx.AsyncBaseTransport):
    """An httpx transport to the bridges."""

    def __init__(self, bridges: Bridges) -> None:
        self._bridges = bridges

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": "http",
            "path": request.url.path,
            "raw_path": request.url.raw_path,
            "query_string": request.url.query,
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "server": ("bridge", 80),
            "client": ("client", 1),
        }
        try:
            connection = self._bridges.open(scope)
            connection.give({"type": "http.request", "body": b"", "more_body": False})
            start = await connection.take()
        except (ConnectionRefusedError, ConnectionResetError) as error:
            raise httpx.ConnectError("nobody listens") from error
        if start is None:
            raise httpx.RemoteProtocolError("no answer")
        stream = _Body(connection, self._bridges)
        return httpx.Response(start["status"], headers=start["headers"], stream=stream)


class _Body(httpx.AsyncByteStream):
    """The body of an answer. A cut may end it within an event."""

    def __init__(self, connection: Connection, bridges: Bridges) -> None:
        self._connection = connection
        self._bridges = bridges

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            try:
                part = await self._connection.take()
            except ConnectionResetError as error:
                raise httpx.ReadError("the connection broke") from error
            if part is None or not part.get("more_body"):
                return
            body = part["body"]
            if self._connection.is_cut and len(body) > 1:
                self._bridges.tally.cut_within_an_event += 1
                yield body[: self._bridges.chance.randrange(1, len(body))]
                raise httpx.ReadError("the connection broke")
            yield body

    async def aclose(self) -> None:
        self._bridges.forget(self._connection)
        if not self._connection.task.done():
            self._connection.give({"type": "http.disconnect"})


@dataclass(slots=True)
class SocketClient:
    """Reconnects with the cursor of its last message, until the bridge closes with 1000."""

    received: ReceivedMessages = field(default_factory=ReceivedMessages)
    cuts: int = 0

    async def follow(self, bridges: Bridges) -> None:
        """Follow the job to the end of its socket."""
        while True:
            try:
                connection = bridges.open(_socket_scope(self.received.cursor))
                connection.give({"type": "websocket.connect"})
                while message := await connection.take():
                    if message["type"] == "websocket.close":
                        bridges.forget(connection)
                        if message["code"] == 1_000:
                            return
                        break
                    if "text" in message:
                        self.received.take(message["text"])
            except (ConnectionRefusedError, ConnectionResetError):
                self.cuts += 1
            await asyncio.sleep(0.5)


def _socket_scope(cursor: str) -> dict[str, Any]:
    path = "/ws/orchestrator/job-1"
    name, token = AUTHORIZATION
    return {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "scheme": "ws",
        "path": path,
        "raw_path": path.encode(),
        "query_string": f"after={cursor}".encode(),
        "headers": [(name.encode(), token.encode())],
        "subprotocols": [],
        "server": ("bridge", 80),
        "client": ("client", 1),
        "extensions": {"websocket.http.response": {}},
    }


def kill_run(*, seed: int) -> KillTally:
    """One job, its clients, and a bridge that is killed. Raises SoakError."""
    return run(_kill_run(seed))


async def _kill_run(seed: int) -> KillTally:
    loop, chance, tally = asyncio.get_running_loop(), random.Random(seed), KillTally(runs=1)  # noqa: S311
    clock = Clock(now=lambda: NOW + loop.time(), ticks=loop.time)
    journal = MemoryJournal(clock=clock)
    bridges = Bridges(journal, clock, chance, tally)
    events, socket = EventSourceClient(), SocketClient()
    http = httpx.AsyncClient(transport=Transport(bridges), base_url="http://bridge")
    async with http, _killed_again_and_again(bridges):
        followers = [asyncio.ensure_future(one) for one in (events.follow(http), socket.follow(bridges))]
        tally.statuses = await _work(journal, chance, clock)
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                await asyncio.gather(*followers)
        except TimeoutError:
            raise SoakError(f"seed {seed}: a client reconnects after the end") from None
        finally:
            await bridges.end()
    tally.resumed.update(events=events.cuts, sockets=socket.cuts)
    events.received.check(f"seed {seed}")
    socket.received.check(f"seed {seed}", await _undisturbed(seed, journal, clock))
    return tally


@asynccontextmanager
async def _killed_again_and_again(bridges: Bridges) -> AsyncIterator[None]:
    async def kill_and_start() -> None:
        for _ in range(bridges.chance.randint(1, 5)):
            await asyncio.sleep(bridges.chance.expovariate(1 / 2))
            await bridges.kill()
            await asyncio.sleep(bridges.chance.uniform(0, 3))
            await bridges.start()

    await bridges.start()
    killing = asyncio.ensure_future(kill_and_start())
    try:
        yield
    finally:
        killing.cancel()
        await asyncio.gather(killing, return_exceptions=True)


async def _work(journal: MemoryJournal, chance: random.Random, clock: Clock) -> int:
    """Report the statuses of a job, some of them together, over some seconds; how many there are."""
    sequence = 0
    for some in batches(chance):
        await asyncio.sleep(chance.expovariate(4))
        now = wire_time(datetime.fromtimestamp(clock.now(), UTC))
        batch = [update(f"e{sequence + n}", timestamp=now, **entry) for n, entry in enumerate(some)]
        journal.commit(batch_of(batch, f"b{sequence}"), deadline=NOW + 1e9)
        sequence += len(some)
    return sequence


async def _undisturbed(seed: int, journal: MemoryJournal, clock: Clock) -> ReceivedMessages:
    """The messages of a client that was never cut off."""
    whole = SocketClient()
    bridges = Bridges(journal, clock, random.Random(seed), KillTally())  # noqa: S311
    await bridges.start()
    await whole.follow(bridges)
    await bridges.end()
    return whole.received
