"""The bridge on a log in memory conforms in every dialect."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
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
from statusbeam.log.journal.memory import MemoryJournal
from statusbeam.model.validation import wire_time
from tests.unit.samples import batch_of, update
from tests.unit.statusbeam.bridge.samples import QUICK
from tests.unit.statusbeam.bridge.served import served
from tests.unit.statusbeam.bridge.viewers import by_name

DIALECTS: Mapping[str, Callable[[str, str | None], Dialect]] = {
    dialect.name: dialect for dialect in (FiveMessages, ServerSentEvents, AgUi, A2a, Mcp, DurableStreams)
}


class LogPublisher:
    """Commits the kit's statuses to a log, at the time they come."""

    def __init__(self, journal: MemoryJournal) -> None:
        self._journal = journal
        self._count = 0

    async def publish(self, status: Mapping[str, Any]) -> None:
        self._count += 1
        fields = {"agentName": None, "timestamp": wire_time(datetime.now(UTC)), **status}
        batch = batch_of([update(f"e{self._count}", **fields)], f"b{self._count}")
        self._journal.commit(batch, deadline=time.time() + 60)


@pytest.mark.parametrize("name", DIALECTS)
async def test_the_bridge_conforms(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "SETTLE_SECONDS", 0.05)
    journal = MemoryJournal()
    bridge = Bridge.in_memory(journal, authenticate=by_name, pace=QUICK)
    async with served(create_app(bridge), bridge) as url:
        report = await Kit(DIALECTS[name](url, "ana"), LogPublisher(journal), seconds=15).run()
    assert [(check.name, list(check.findings)) for check in report.checks if check.findings] == []
    assert report.conforming
    assert {"order", "reconnect", "end"} <= {check.name for check in report.checks}
