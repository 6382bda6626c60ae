"""A bridge as a separate process, for `kill -9`. Another process keeps its journal and tickets.

The processes are forked from one that has imported everything. So a bridge listens soon after its start.
"""

from __future__ import annotations

import multiprocessing
import signal
import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.managers import DictProxy, SyncManager
from typing import Any, Final, cast

import uvicorn
from starlette.requests import HTTPConnection

from statusbeam.bridge.access.authenticator import Authenticator
from statusbeam.bridge.access.connections import Connections
from statusbeam.bridge.access.ended_logins import MemoryEndedLogins
from statusbeam.bridge.access.origins import Origins
from statusbeam.bridge.access.tickets import TICKET_PREFIX, Tickets
from statusbeam.bridge.access.viewer import Viewer
from statusbeam.bridge.app import create_app
from statusbeam.bridge.log_reader.memory_reader import MemoryLogReader
from statusbeam.bridge.operations.tenant_watch import Operations
from statusbeam.bridge.server import BridgeServer
from statusbeam.bridge.service import Bridge, token_of
from statusbeam.bridge.shared_frames import SharedFramesProtocol
from statusbeam.bridge.tail.tails import Tails
from statusbeam.log.journal.memory import MemoryJournal
from statusbeam.model.job_key import JobKey
from statusbeam.model.parse import parse_status
from tests.reserved_port import reserve_port
from tests.unit.samples import batch_of, entry
from tests.unit.statusbeam.bridge.viewers import by_name

STREAMS: Final = 10_000
ORIGINS: Final = ("http://127.0.0.1:*",)

_START_SECONDS: Final = 120.0
_FORKS: Final = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload([__name__])


class ServedJournal(MemoryJournal):
    """A journal that bridges of other processes read: many positions take one call."""

    def positions(self, jobs: Sequence[JobKey]) -> dict[JobKey, tuple[str, int]]:
        """See LogReader.positions."""
        found = ((job, self.snapshot(job)) for job in jobs)
        return {job: (one.head.epoch or "", one.head.sequence) for job, one in found if one}


class _Stores(SyncManager):
    """The process with the state that outlives a bridge."""


_Stores.register("journal", ServedJournal)


class _ServedLogReader(MemoryLogReader):
    """A LogReader of a served journal."""

    def __init__(self, journal: ServedJournal) -> None:
        super().__init__(journal)
        self._served = journal

    async def positions(self, jobs: Sequence[JobKey]) -> Mapping[JobKey, tuple[str, int]]:
        """See LogReader.positions."""
        return self._served.positions(jobs)


class _ServedTicketStore:
    """A TicketStore of all bridges."""

    def __init__(self, held: DictProxy[str, tuple[str, int]]) -> None:
        self._held = held

    async def put(self, digest: str, holder: str, *, until: int) -> None:
        """See TicketStore.put."""
        self._held[digest] = (holder, until)

    async def take(self, digest: str, *, now: float) -> str | None:
        """See TicketStore.take."""
        holder, until = self._held.pop(digest, ("", 0))
        return holder if now < until else None

    async def use(self, digest: str, *, now: float, grace: int) -> str | None:
        """See TicketStore.use."""
        holder, until = self._held.get(digest, ("", 0))
        _, used_at = self._held.setdefault(f"{digest} used", ("", int(now)))
        return holder if now < min(until, used_at + grace) else None


@dataclass(frozen=True, slots=True)
class _Served:
    """A bridge's state in the other process."""

    journal: ServedJournal
    tickets: DictProxy[str, tuple[str, int]]


def _serve(port: int, served: _Served, listening: Connection) -> None:
    """The whole life of a bridge process."""
    reader, ended = _ServedLogReader(served.journal), MemoryEndedLogins()
    tickets = Tickets(_ServedTicketStore(served.tickets))
    authenticator = Authenticator(ended=ended, tickets=tickets)

    async def by_ticket_or_name(connection: HTTPConnection) -> Viewer:
        if token_of(connection).startswith(TICKET_PREFIX):
            return await authenticator.viewer(token_of(connection))
        return await by_name(connection)

    bridge = Bridge(
        reader=reader,
        tails=Tails(reader),
        connections=Connections(ended, in_all=STREAMS, per_user=STREAMS),
        tickets=tickets,
        operations=Operations(reader),
        authenticate=by_ticket_or_name,
        origins=Origins(ORIGINS),
    )
    config = uvicorn.Config(
        create_app(bridge),
        log_config=None,
        access_log=False,
        ws=SharedFramesProtocol,
        ws_per_message_deflate=False,
    )
    listener = socket.create_server(("127.0.0.1", port), backlog=STREAMS)
    listening.send(True)
    BridgeServer(config, bridge.connections.end_all).run(sockets=[listener])


class KillableBridge:
    """One bridge process after the other on one port and one journal; at most one listens.

    >>> with KillableBridge() as bridge:
    ...     bridge.start()
    ...     bridge.kill()
    """

    def __init__(self) -> None:
        self._process: Any = None
        self._closing = ExitStack()

    def __enter__(self) -> KillableBridge:
        stores = self._closing.enter_context(_Stores(ctx=_FORKS))
        reserved = self._closing.enter_context(reserve_port())
        self._closing.callback(self._end)
        self._port = reserved.getsockname()[1]
        self._served = _Served(cast("Any", stores).journal(), stores.dict())
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    @property
    def url(self) -> str:
        """Where each bridge listens."""
        return f"http://127.0.0.1:{self._port}"

    def commit(self, batch_id: str, *entries: Mapping[str, Any]) -> None:
        """Commit statuses, reported now, to the journal that they read."""
        now = time.time()
        statuses = [
            parse_status(entry(**one), event_id=f"{batch_id}.{number}", now=now)
            for number, one in enumerate(entries)
        ]
        self._served.journal.commit(batch_of(statuses, batch_id), deadline=now)

    def start(self) -> None:
        """Start a bridge, and wait until it listens."""
        here, there = _FORKS.Pipe(duplex=False)
        self._process = _FORKS.Process(target=_serve, args=(self._port, self._served, there), daemon=True)
        self._process.start()
        there.close()
        if not here.poll(_START_SECONDS) or not here.recv():
            raise TimeoutError(f"the bridge does not listen after {_START_SECONDS:.0f} s")
        here.close()

    def kill(self) -> None:
        """Send SIGKILL to the bridge, and wait for its end. Then no server listens."""
        self._end()
        if self._process.exitcode != -signal.SIGKILL:
            raise ChildProcessError(f"the bridge had ended before: exit code {self._process.exitcode}")

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
