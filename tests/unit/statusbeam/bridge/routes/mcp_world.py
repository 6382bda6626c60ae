"""A log, the bridge before it, and MCP's own client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client

from statusbeam.bridge.app import create_app
from statusbeam.bridge.service import Bridge
from statusbeam.bridge.workflows import MemoryWorkflows
from tests.unit.statusbeam.bridge.samples import QUICK, Log
from tests.unit.statusbeam.bridge.served import served
from tests.unit.statusbeam.bridge.viewers import by_name


class World:
    """A log, and the bridge before it."""

    def __init__(self, url: str, log: Log, bridge: Bridge, workflows: MemoryWorkflows) -> None:
        self.url = url
        self.log = log
        self.bridge = bridge
        self.workflows = workflows

    @asynccontextmanager
    async def client(self, viewer: str = "ana", **options: Any) -> AsyncIterator[Client]:
        """MCP's own client, with the viewer's token."""
        headers = {"authorization": f"Bearer {viewer}"}
        async with httpx2.AsyncClient(headers=headers) as http:
            transport = streamable_http_client(f"{self.url}/mcp", http_client=http)
            async with Client(transport, **options) as client:
                yield client


@asynccontextmanager
async def world() -> AsyncIterator[World]:
    """A world that leaves no stream open."""
    log, workflows = Log(), MemoryWorkflows("complaints")
    bridge = Bridge.in_memory(log.journal, authenticate=by_name, pace=QUICK, clock=log.time.clock())
    bridge.workflows = workflows
    async with served(create_app(bridge), bridge) as url:
        yield World(url, log, bridge, workflows)
    assert len(bridge.connections) == bridge.tails.watched == 0
