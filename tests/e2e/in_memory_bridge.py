"""A bridge on a log in memory, in the test's own process, and foreign JavaScript clients of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from statusbeam.bridge.access.origins import Origins
from statusbeam.bridge.app import create_app
from statusbeam.bridge.service import Authenticate, Bridge
from tests.e2e.node_client import CLIENTS, node, require_clients
from tests.unit.statusbeam.bridge.samples import QUICK, Log
from tests.unit.statusbeam.bridge.served import served
from tests.unit.statusbeam.bridge.viewers import by_name


@asynccontextmanager
async def bridge_of(
    log: Log, *, port: int = 0, authenticate: Authenticate = by_name, origins: Origins | None = None
) -> AsyncIterator[str]:
    """The address of a bridge on `log`. No stream is left open at its end."""
    bridge = Bridge.in_memory(log.journal, authenticate=authenticate, pace=QUICK, clock=log.time.clock())
    bridge.origins = origins or bridge.origins
    async with served(create_app(bridge), bridge, port=port) as url:
        yield url
    assert len(bridge.connections) == bridge.tails.watched == 0


@asynccontextmanager
async def script(name: str, **config: Any) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    """A running script, as the lines that it writes."""
    require_clients()
    process = await asyncio.create_subprocess_exec(
        node(), name, cwd=CLIENTS, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(config).encode())
    process.stdin.close()
    output = process.stdout

    async def lines() -> AsyncIterator[dict[str, Any]]:
        async for line in output:
            yield json.loads(line)

    try:
        yield lines()
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
