"""A job's streams, read by foreign JavaScript clients from a bridge on a log in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from statusbeam.bridge.dialects.durable_streams import offset_of
from statusbeam.bridge.tail.cursor import Cursor
from tests.e2e.in_memory_bridge import bridge_of
from tests.e2e.node_client import script
from tests.reserved_port import reserve_port
from tests.unit.statusbeam.bridge.samples import Log


async def read_stream(url: str, offset: str, live: object) -> dict[str, Any]:
    config = {"url": f"{url}/jobs/job-1/stream", "headers": {"authorization": "Bearer ana"}}
    async with script("durable-stream.mjs", **config, offset=offset, live=live) as lines:
        return await anext(lines)


@pytest.mark.parametrize("live", [False, "sse", "long-poll"])
async def test_a_durable_stream_is_read_from_any_offset_to_its_end(live: object) -> None:
    log = Log()
    log.say(*["calling_tool"] * 4)
    log.end()
    log.time.time += 10
    epoch = log.job().head.epoch or ""
    async with bridge_of(log) as url:
        whole = await read_stream(url, "-1", live)
        part = await read_stream(url, offset_of(Cursor(epoch, 2)), live)
        gone = await read_stream(url, offset_of(Cursor("other", 2)), live)
    assert [item["sequence"] for item in whole["items"]] == [1, 2, 3, 4, 5]
    assert [item["sequence"] for item in part["items"]] == [3, 4, 5]
    assert part["offset"] == offset_of(Cursor(epoch, 5))
    assert gone["status"] == 410


@pytest.fixture
def port() -> Iterator[int]:
    """A port that two bridges have, one after the other."""
    with reserve_port() as reserved:
        yield reserved.getsockname()[1]


async def test_an_event_source_survives_the_bridge_and_is_not_reconnected_after_the_end(port: int) -> None:
    log = Log()
    log.say("agent_invoking")
    found: list[dict[str, Any]] = []
    async with bridge_of(log, port=port) as url:
        client = script("event-source.mjs", urls=[f"{url}/jobs/job-1/events"], token="ana")
        lines = await client.__aenter__()
        found += [await anext(lines), await anext(lines)]
        log.say("calling_tool")
        found.append(await anext(lines))
    log.say("tool_complete", "agent_complete")
    async with bridge_of(log, port=port):
        found += [await anext(lines) for _ in range(3)]
        log.end()
        log.time.time += 10
        found += [line async for line in lines]
    await client.__aexit__(None, None, None)
    statuses = [line["data"]["sequence"] for line in found if line.get("type", "snapshot") != "snapshot"]
    assert statuses == [2, 3, 4, 5]
    connections = [line["connected"] for line in found if "connected" in line]
    assert connections[-1] == 204
    assert connections.count(204) == 1
