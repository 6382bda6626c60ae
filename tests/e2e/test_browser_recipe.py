"""What the reference of the bridge shows for pages follows a job, as it stands there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.requests import HTTPConnection

from statusbeam.bridge.access.viewer import Viewer
from tests.documents import DOCS, blocks
from tests.e2e.in_memory_bridge import bridge_of
from tests.e2e.node_client import script
from tests.unit.statusbeam.bridge.samples import Log
from tests.unit.statusbeam.bridge.viewers import by_name


async def by_name_or_ticket(connection: HTTPConnection) -> Viewer:
    viewer = await connection.app.state.bridge.tickets.redeem(connection.query_params.get("ticket", ""))
    return viewer or await by_name(connection)


async def calls_of(number: int) -> Sequence[dict[str, Any]]:
    """What the page calls while a job goes on to its end. Its code is the first block and block `number`."""
    page = [block.code for block in blocks(DOCS / "reference" / "bridge.md") if block.language == "js"]
    _, _, preamble = page[0].partition("\n")  # without the line that names an example's bridge
    log = Log()
    log.say("agent_invoking")
    async with bridge_of(log, authenticate=by_name_or_ticket) as url:
        config = {"bridge": url, "token": "ana", "jobId": "job-1", "code": preamble + page[number]}
        async with script("browser-page.mjs", **config) as lines:
            found = [await anext(lines)]
            log.say("agent_complete")
            log.end("error")
            log.time.time += 10
            found += [line async for line in lines]
    return found


async def test_a_page_follows_a_job_by_server_sent_events() -> None:
    first, *statuses, last = await calls_of(1)
    assert (first["call"], first["value"]["sequence"]) == ("showJob", 1)
    assert [call["call"] for call in statuses] == ["showStatus", "showStatus"]
    assert [call["value"]["sequence"] for call in statuses] == [2, 3]
    assert last["call"] == "finish"


async def test_a_page_follows_a_job_over_a_websocket() -> None:
    *messages, last = await calls_of(2)
    assert {call["call"] for call in messages} == {"showMessage"}
    end = messages[-1]["value"]
    assert (end["type"], end["agent"], end["data"]["overallStatus"]) == ("error", "orchestrator", "failed")
    assert last["call"] == "finish"
