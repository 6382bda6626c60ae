"""The bridge on a log in memory conforms in every dialect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from statusbeam.bridge.app import create_app
from statusbeam.bridge.routes import event_stream
from statusbeam.bridge.service import Bridge
from statusbeam.conformance.dialects.a2a import A2a
from statusbeam.conformance.dialects.ag_ui import AgUi
from statusbeam.conformance.dialects.dialect import Dialect
from statusbeam.conformance.dialects.durable_streams import DurableStreams
from statusbeam.conformance.dialects.five_messages import FiveMessages
from statusbeam.conformance.dialects.mcp import Mcp
from statusbeam.conformance.dialects.server_sent_events import ServerSentEvents
from statusbeam.conformance.kit import Kit
from tests.unit.statusbeam.bridge.samples import QUICK, Log
from tests.unit.statusbeam.bridge.served import served
from tests.unit.statusbeam.bridge.viewers import by_name

DIALECTS: Mapping[str, Callable[[str, str | None], Dialect]] = {
    dialect.name: dialect for dialect in (FiveMessages, ServerSentEvents, AgUi, A2a, Mcp, DurableStreams)
}


class LogPublisher:
    """Writes the kit's statuses to a log. Its clock goes on, so that jobs settle."""

    def __init__(self, log: Log) -> None:
        self._log = log

    async def publish(self, status: Mapping[str, Any]) -> None:
        self._log.time.time += 1
        self._log.write({"agentName": None, **status})


@pytest.mark.parametrize("name", DIALECTS)
async def test_the_bridge_conforms(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "SETTLE_SECONDS", 0.05)
    log = Log()
    bridge = Bridge.in_memory(log.journal, authenticate=by_name, pace=QUICK, clock=log.time.clock())
    async with served(create_app(bridge), bridge) as url:
        report = await Kit(DIALECTS[name](url, "ana"), LogPublisher(log), seconds=5).run()
    assert [(check.name, list(check.findings)) for check in report.checks if check.findings] == []
    assert report.conforming
    assert {"order", "reconnect", "end"} <= {check.name for check in report.checks}
