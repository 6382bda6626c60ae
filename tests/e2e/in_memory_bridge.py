"""A bridge on a log in memory, in the test's own process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from statusbeam.bridge.access.origins import Origins
from statusbeam.bridge.app import create_app
from statusbeam.bridge.service import Authenticate, Bridge
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
