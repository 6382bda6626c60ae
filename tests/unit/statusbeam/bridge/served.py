"""The bridge's application behind a real socket, for foreign clients."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI

from statusbeam.bridge.server import BridgeServer
from statusbeam.bridge.service import Bridge
from statusbeam.bridge.shared_frames import SharedFramesProtocol
from tests.unit.local_server import listening


@asynccontextmanager
async def served(app: FastAPI, bridge: Bridge, *, port: int = 0) -> AsyncIterator[str]:
    """Serve on 127.0.0.1, in this event loop; the address. At the end all streams are ended."""
    config = uvicorn.Config(
        app, log_config=None, access_log=False, timeout_graceful_shutdown=5, ws=SharedFramesProtocol
    )
    async with listening(BridgeServer(config, bridge.connections.end_all), port=port) as url:
        yield url
