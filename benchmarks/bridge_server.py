"""The bridge on a log in memory, which POST /publish writes to: for benchmarks.bridge."""

from __future__ import annotations

import json
import socket
from itertools import count
from typing import Any

import uvicorn
from fastapi import FastAPI
from starlette.requests import HTTPConnection

from statusbeam.bridge.access.connections import Connections
from statusbeam.bridge.access.ended_logins import MemoryEndedLogins
from statusbeam.bridge.access.viewer import Viewer
from statusbeam.bridge.app import create_app
from statusbeam.bridge.server import BridgeServer
from statusbeam.bridge.service import Bridge
from statusbeam.bridge.shared_frames import SharedFramesProtocol
from statusbeam.log.journal.batch import Batch
from statusbeam.log.journal.entry import Entry
from statusbeam.log.journal.memory import MemoryJournal
from statusbeam.model.clock import Clock
from statusbeam.model.parse import parse_status

CONNECTIONS = 20_000
FIRST_SECOND = 1_795_163_400


async def everybody(_: HTTPConnection) -> Viewer:
    """Every caller is the user of all jobs."""
    return Viewer(user_id="user-1", tenant_id="public")


def application() -> tuple[FastAPI, Bridge]:
    """The bridge, and a function that writes to its log. The bridge gets no hints: it polls, as on AWS."""
    seconds, numbers = count(FIRST_SECOND), count()
    # A second passes with each status, so that the job's rate limit has no effect.
    journal = MemoryJournal(clock=Clock(now=lambda: float(next(seconds))))
    bridge = Bridge.in_memory(journal, authenticate=everybody)
    bridge.connections = Connections(MemoryEndedLogins(), in_all=CONNECTIONS, per_user=CONNECTIONS)
    app = create_app(bridge)

    @app.post("/publish")
    async def publish(status: dict[str, Any]) -> dict[str, int]:
        number = next(numbers)  # the client's own numbers restart with each measurement
        status |= {"eventId": f"event-{number}", "message": f"{status['message']} {number}"}
        update = parse_status(status, event_id=status["eventId"], now=FIRST_SECOND)
        batch = Batch(batch_id=update.event_id, entries=(Entry(index=0, update=update),))
        return {"committed": len(journal.commit(batch, deadline=0).updates)}

    return app, bridge


def main() -> None:
    """Serve on a free port of 127.0.0.1, and print the port."""
    app, bridge = application()
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
    # No pings: the benchmark's client answers none.
    config = uvicorn.Config(
        app,
        log_level="error",
        timeout_graceful_shutdown=1,
        timeout_keep_alive=75,  # the publisher's connection is quiet while the audience joins
        ws=SharedFramesProtocol,
        ws_per_message_deflate=False,
        ws_ping_interval=None,
    )
    BridgeServer(config, bridge.connections.end_all).run(sockets=[listener])


if __name__ == "__main__":
    main()
