"""The kit on a foreign server: no finding on a correct one, and each planted fault by its name."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from statusbeam.conformance import kit
from statusbeam.conformance.dialects.a2a import A2a
from statusbeam.conformance.dialects.ag_ui import AgUi
from statusbeam.conformance.dialects.dialect import Dialect
from statusbeam.conformance.dialects.durable_streams import DurableStreams
from statusbeam.conformance.dialects.five_messages import FiveMessages
from statusbeam.conformance.dialects.mcp import Mcp
from statusbeam.conformance.dialects.server_sent_events import ServerSentEvents
from statusbeam.conformance.kit import Kit, Report, UnreachableServerError
from statusbeam.conformance.publisher import HttpPublisher, PublishError
from tests.reserved_port import reserve_port
from tests.unit.statusbeam.conformance.foreign import Planted, serving

DIALECTS: Mapping[str, type[FiveMessages | ServerSentEvents | AgUi | A2a | Mcp | DurableStreams]] = {
    dialect.name: dialect for dialect in (FiveMessages, ServerSentEvents, AgUi, A2a, Mcp, DurableStreams)
}
SECONDS = 20
"""An honest server has as long as it needs."""
QUICK_SECONDS = 1.0
"""The kit waits for something that never comes, when a server with one of these faults leaves it out."""
WAITED_FOR = {
    Planted.LOST,
    Planted.REORDERED,
    Planted.LOST_AFTER_RECONNECT,
    Planted.ENDLESS_RECONNECT,
    Planted.NO_VERDICT,
    Planted.NEVER_ENDS,
}

EVERYWHERE = {
    Planted.LOST: ("order", "lost"),
    Planted.DOUBLED: ("order", "doubled"),
    Planted.REORDERED: ("order", "reordered"),
    Planted.LOST_AFTER_RECONNECT: ("reconnect", "lost"),
    Planted.DOUBLED_AFTER_RECONNECT: ("reconnect", "doubled"),
    Planted.WRONG_OUTCOME: ("reconnect", "wrong_outcome"),
    Planted.NEVER_ENDS: ("order", "no_end"),
    Planted.ENDLESS_RECONNECT: ("end", "endless_reconnect"),
    Planted.WRONG_VERDICT: ("resume", "wrong_verdict"),
    Planted.NO_VERDICT: ("verdict", "no_verdict"),
}
"""Each planted fault, the check that finds it, and its name."""

NOT_IN = {
    ("ag-ui", Planted.WRONG_VERDICT),  # a client of these comes back without a cursor
    ("ag-ui", Planted.NO_VERDICT),
    ("a2a", Planted.WRONG_VERDICT),
}
OTHERWISE = {
    ("ag-ui", Planted.ENDLESS_RECONNECT): ("order", "no_end"),  # only the end of the run ends it
    ("durable-streams", Planted.WRONG_VERDICT): ("order", "broken"),  # 410 for an offset that it gave
}
CASES = [
    (name, planted, *OTHERWISE.get((name, planted), expected))
    for name in DIALECTS
    for planted, expected in EVERYWHERE.items()
    if (name, planted) not in NOT_IN
]


async def report_on(name: str, url: str, seconds: float) -> Report:
    dialect: Dialect = DIALECTS[name](url)
    return await Kit(dialect, HttpPublisher(f"{url}/publish", {}), seconds=seconds).run()


@pytest.mark.parametrize("name", DIALECTS)
async def test_a_correct_server_conforms(name: str) -> None:
    async with serving() as url:
        report = await report_on(name, url, SECONDS)
    assert [finding for check in report.checks for finding in check.findings] == []
    assert report.conforming


@pytest.mark.parametrize(("name", "planted", "check", "fault"), CASES)
async def test_a_planted_fault_is_found(
    name: str, planted: Planted, check: str, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kit, "RETURN_SECONDS", 0.0)
    async with serving(planted) as url:
        report = await report_on(name, url, QUICK_SECONDS if planted in WAITED_FOR else SECONDS)
    assert not report.conforming
    assert (check, fault) in {
        (one.name, finding.fault.value) for one in report.checks for finding in one.findings
    }


@pytest.mark.parametrize("name", DIALECTS)
async def test_a_server_that_does_not_answer_is_no_report(name: str) -> None:
    async with serving() as url:
        publisher = HttpPublisher(f"{url}/publish", {})
        with reserve_port() as reserved:
            closed = f"http://127.0.0.1:{reserved.getsockname()[1]}"
            with pytest.raises(UnreachableServerError):
                await Kit(DIALECTS[name](closed), publisher, seconds=SECONDS).run()


@pytest.mark.parametrize(("path", "told"), [("nowhere", "HTTP 404")])
async def test_a_status_that_is_not_taken_stops_the_kit(path: str, told: str) -> None:
    async with serving() as url:
        with pytest.raises(PublishError, match=told):
            await Kit(DIALECTS["sse"](url), HttpPublisher(f"{url}/{path}", {}), seconds=SECONDS).run()
