"""An ASGI server on 127.0.0.1, in a test's own event loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn


@asynccontextmanager
async def listening(server: uvicorn.Server, *, port: int = 0) -> AsyncIterator[str]:
    """The address of a server that runs until the end of the block."""
    listener = socket.create_server(("127.0.0.1", port))
    serving = asyncio.create_task(server._serve([listener]))
    try:
        while not server.started:
            await asyncio.sleep(0.005)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving
        listener.close()
