"""The bridge's tools, used by MCP's own JavaScript client, and checked by MCP's conformance suite."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from starlette.requests import HTTPConnection

from statusbeam.bridge.access.origins import Origins
from statusbeam.bridge.access.viewer import Viewer
from tests.e2e.in_memory_bridge import bridge_of
from tests.e2e.node_client import CLIENTS, node, require_clients, script
from tests.e2e.waiting import DEADLINE_SECONDS
from tests.unit.statusbeam.bridge.samples import Log
from tests.unit.statusbeam.bridge.viewers import VIEWERS

READ_ONLY = {
    "list_jobs": True,
    "get_job": True,
    "get_job_updates": True,
    "wait_for_job": True,
    "run_workflow": False,
}


@pytest.mark.parametrize("version", ["2025-11-25", "2026-07-28"])
@pytest.mark.parametrize(("word", "overall"), [("complete", "completed"), ("error", "failed")])
async def test_a_job_is_followed_to_its_end_in_both_versions(version: str, word: str, overall: str) -> None:
    log = Log()
    log.say("agent_invoking")
    async with bridge_of(log) as url:
        config = {"url": f"{url}/mcp", "headers": {"authorization": "Bearer ana"}, "jobId": "job-1"}
        async with script("mcp.mjs", **config, version=version) as lines:
            first = await anext(lines)
            reports = [asyncio.ensure_future(anext(lines))]
            while not reports[0].done():  # statuses from before it waits are no news
                log.say("calling_tool")
                await asyncio.sleep(0.01)
            said = log.written
            log.end(word)
            progress = [await reports[0]]
            while "overallStatus" not in (line := await anext(lines)):
                progress.append(line)
    assert (first["version"], first["readOnly"]) == (version, READ_ONLY)
    assert first["job"]["jobId"] == first["resource"]["jobId"] == "job-1"
    assert first["unknownIsError"]
    values = [line["progress"] for line in progress]
    assert values == list(range(values[0], said + 2))
    assert all(line["message"] for line in progress)
    assert line == {
        "overallStatus": overall,
        "isError": overall == "failed",
        "sequences": list(range(1, said + 2)),
        "recovered": True,
    }


async def test_a_job_is_listened_to_until_it_has_ended() -> None:
    log = Log()
    log.say("agent_invoking")
    async with bridge_of(log) as url:
        config = {"url": f"{url}/mcp", "headers": {"authorization": "Bearer ana"}, "jobId": "job-1"}
        async with script("mcp-listen.mjs", **config) as lines:
            first = await anext(lines)
            log.say("calling_tool")
            changed = await anext(lines)
            log.end()
            rest = [line async for line in lines]
    assert first == {"refused": -32602, "honored": {"resourceSubscriptions": ["statusbeam://jobs/job-1"]}}
    assert changed == {"uri": "statusbeam://jobs/job-1", "sequence": 2, "overallStatus": "processing"}
    ended = {"uri": "statusbeam://jobs/job-1", "sequence": 3, "overallStatus": "completed"}
    assert ended in rest
    assert [line for line in rest if "closed" in line] == [{"closed": "graceful"}, {"closed": "local"}]


async def as_ana(_: HTTPConnection) -> Viewer:
    """The suite sends no token."""
    return VIEWERS["ana"]


async def test_the_conformance_suite_finds_the_expected_failures_only(tmp_path: Path) -> None:
    require_clients()
    suite = CLIENTS / "node_modules/@modelcontextprotocol/conformance/dist/index.js"
    baseline = CLIENTS / "mcp-conformance.yml"
    log = Log()
    log.say("agent_invoking")
    pages = Origins(["http://127.0.0.1:*"])
    async with bridge_of(log, authenticate=as_ana, origins=pages) as url:
        arguments = [
            "--url",
            f"{url}/mcp",
            "--expected-failures",
            str(baseline),
            "--output-dir",
            str(tmp_path),
        ]
        process = await asyncio.create_subprocess_exec(
            node(), str(suite), "server", *arguments, stdout=asyncio.subprocess.PIPE, cwd=tmp_path
        )
        output, _ = await asyncio.wait_for(process.communicate(), 3 * DEADLINE_SECONDS)
    summary = output.decode().partition("=== SUMMARY ===")[2]
    assert "server-initialize: 1 passed, 0 failed" in summary
    assert process.returncode == 0, summary


def test_every_expected_failure_has_its_reason() -> None:
    lines = (CLIENTS / "mcp-conformance.yml").read_text().splitlines()
    entries = [line for line in lines if line.startswith("  - ")]
    assert entries
    assert [line for line in entries if " # " not in line] == []
