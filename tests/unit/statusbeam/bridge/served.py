"""The bridge's application behind a real socket, for foreign clients."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI

from statusbeam.bridge.server import BridgeServer
from statusbeam.bridge.service import Bridge
from statusbeam.bridge.shared_frames import SharedFramesProtocol


@asynccontextmanager
async def served(app: FastAPI, bridge: Bridge, *, port: int = 0) -> AsyncIterator[str]:
    """Serve on 127.0.0.1, in this event loop; the address. At the end all streams are ended."""
    listener = socket.create_server(("127.0.0.1", port))
    config = uvicorn.Config(
        app, log_config=None, access_log=False, timeout_graceful_shutdown=5, ws=SharedFramesProtocol
    )
    server = BridgeServer(config, bridge.connections.end_all)
    serving = asyncio.create_task(server._serve([listener]))
    try:
        while not server.started:
            await asyncio.sleep(0.005)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving
        listener.close()
