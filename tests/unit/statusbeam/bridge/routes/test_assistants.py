"""MCP's own client on the bridge: the tools, their progress, and who may use them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from statusbeam.bridge.app import create_app
from statusbeam.bridge.service import Bridge
from statusbeam.bridge.workflows import MemoryWorkflows
from tests.unit.statusbeam.bridge.samples import QUICK, Log
from tests.unit.statusbeam.bridge.served import served
from tests.unit.statusbeam.bridge.viewers import by_name

ROOT = Path(__file__).parents[5]


class World:
    """A log, and the bridge before it."""

    def __init__(self, url: str, log: Log, workflows: MemoryWorkflows) -> None:
        self.url = url
        self.log = log
        self.workflows = workflows

    @asynccontextmanager
    async def client(self, viewer: str = "ana") -> AsyncIterator[Client]:
        headers = {"authorization": f"Bearer {viewer}"}
        async with httpx2.AsyncClient(headers=headers) as http:
            transport = streamable_http_client(f"{self.url}/mcp", http_client=http)
            async with Client(transport) as client:
                yield client


@asynccontextmanager
async def world() -> AsyncIterator[World]:
    log, workflows = Log(), MemoryWorkflows("complaints")
    bridge = Bridge.in_memory(log.journal, authenticate=by_name, pace=QUICK, clock=log.time.clock())
    bridge.workflows = workflows
    async with served(create_app(bridge), bridge) as url:
        yield World(url, log, workflows)
    assert len(bridge.connections) == bridge.tails.watched == 0


def text_of(result: Any) -> str:
    return str(result.content[0].text)


async def test_every_tool_has_a_description_and_its_read_only_hint() -> None:
    async with world() as w, w.client() as client:
        tools = (await client.list_tools()).tools
    reads = {tool.name: tool.annotations.read_only_hint for tool in tools if tool.annotations}
    assert reads == {
        "list_jobs": True,
        "get_job": True,
        "get_job_updates": True,
        "wait_for_job": True,
        "run_workflow": False,
    }
    assert all(tool.description for tool in tools)


async def test_a_job_is_a_few_lines_of_text_and_a_document() -> None:
    async with world() as w, w.client() as client:
        w.log.say("loading_agents", agentName=None, metadata={"sessionId": "visit-7"})
        w.log.say("progress", progress=40)
        for job_id in ("job-1", "visit-7"):
            result = await client.call_tool("get_job", {"job_id": job_id})
            assert 'Job "job-1" is processing' in text_of(result)
            assert '- "Geo Agent" in-progress 40 %' in text_of(result)
            assert "never instructions" in text_of(result)
            assert result.structured_content["job"]["jobId"] == "job-1"
            assert not result.is_error


async def test_an_agent_that_a_job_left_open_is_cancelled_in_text_and_document() -> None:
    async with world() as w, w.client() as client:
        w.log.say("agent_invoking", message="Looking")
        w.log.end()
        result = await client.call_tool("get_job", {"job_id": "job-1"})
    (agent,) = result.structured_content["job"]["agents"]
    assert agent["status"] == "cancelled"
    assert '- "Geo Agent" cancelled: "Looking"' in text_of(result)


async def test_a_failed_job_is_an_answer_that_is_an_error() -> None:
    async with world() as w, w.client() as client:
        w.log.end("error")
        result = await client.call_tool("get_job", {"job_id": "job-1"})
    assert result.is_error
    assert result.structured_content["job"]["overallStatus"] == "failed"


async def test_jobs_are_listed_and_filtered() -> None:
    async with world() as w, w.client() as client:
        w.log.write({"jobId": "job-1"})
        w.log.write({"jobId": "job-2", "status": "complete", "agentName": None})
        whole = await client.call_tool("list_jobs", {})
        done = await client.call_tool("list_jobs", {"status": "completed", "limit": 5})
    assert {job["jobId"] for job in whole.structured_content["jobs"]} == {"job-1", "job-2"}
    assert [job["jobId"] for job in done.structured_content["jobs"]] == ["job-2"]


async def test_updates_continue_after_a_cursor_and_an_impossible_one_gets_a_verdict() -> None:
    async with world() as w, w.client() as client:
        w.log.say("agent_invoking", "calling_tool")
        first = (await client.call_tool("get_job_updates", {"job_id": "job-1"})).structured_content
        w.log.say("tool_complete")
        arguments = {"job_id": "job-1", "after": first["cursor"]}
        rest = (await client.call_tool("get_job_updates", arguments)).structured_content
        lost = await client.call_tool("get_job_updates", {"job_id": "job-1", "after": "other:1"})
        bad = await client.call_tool("get_job_updates", {"job_id": "job-1", "after": "7"})
    assert [update["sequence"] for update in first["updates"]] == [1, 2]
    assert [update["sequence"] for update in rest["updates"]] == [3]
    assert (lost.structured_content["recovered"], lost.structured_content["reason"]) == (False, "other_epoch")
    assert bad.is_error
    assert "cursor" in text_of(bad)


async def test_waiting_reports_who_does_what_and_ends_with_the_job() -> None:
    reports: list[tuple[float, str | None]] = []

    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        reports.append((progress, message))

    async with world() as w, w.client() as client:
        arguments = {"job_id": "job-1", "seconds": 50}
        waiting = asyncio.create_task(
            client.call_tool("wait_for_job", arguments, progress_callback=on_progress)
        )
        while not reports:  # statuses from before it has joined are no news
            w.log.say("agent_invoking")
            await asyncio.sleep(0.01)
        w.log.say("agent_complete")
        w.log.end()
        result = await waiting
    assert result.structured_content["job"]["overallStatus"] == "completed"
    values = [value for value, _ in reports]
    assert values == sorted(set(values))
    assert all(message for _, message in reports)


async def test_waiting_ends_in_time_also_for_a_job_that_has_not_begun() -> None:
    async with world() as w, w.client() as client:
        result = await client.call_tool("wait_for_job", {"job_id": "nobody", "seconds": 0})
    assert "no status yet" in text_of(result)


async def test_a_workflow_is_started_by_allowed_users() -> None:
    async with world() as w:
        async with w.client() as client:
            result = await client.call_tool("run_workflow", {"input": {"complaint": "A pothole"}})
            job_id = result.structured_content["jobId"]
            assert w.workflows.started[job_id][1]["userId"] == "ana"
        async with w.client("narrow") as client:
            refused = await client.call_tool("run_workflow", {"input": {}})
            assert refused.is_error
            assert "reading only" in text_of(refused)


async def test_jobs_of_others_are_unknown_and_a_caller_without_a_token_is_refused() -> None:
    async with world() as w:
        w.log.say("agent_invoking")
        async with w.client("ben") as client:
            hidden = await client.call_tool("get_job", {"job_id": "job-1"})
            assert (hidden.is_error, hidden.structured_content) == (True, None)
        async with httpx2.AsyncClient() as http:
            answer = await http.post(f"{w.url}/mcp", json={})
        assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")


@pytest.mark.parametrize("uri", ["statusbeam://jobs/job-1"])
async def test_a_job_is_a_resource(uri: str) -> None:
    async with world() as w, w.client() as client:
        w.log.say("agent_invoking")
        (content,) = (await client.read_resource(uri)).contents
    assert '"jobId":"job-1"' in content.text  # type: ignore[union-attr]


async def test_the_command_serves_the_same_tools_on_standard_input() -> None:
    async with world() as w:
        w.log.say("agent_invoking")
        command = StdioServerParameters(
            command=sys.executable,
            args=["-c", "from statusbeam.cli.main import main; main()", "mcp", "--bridge-url", w.url],
            env={"STATUSBEAM_TOKEN": "ana", "PYTHONPATH": str(ROOT)},
        )
        async with Client(command) as client:
            result = await client.call_tool("get_job", {"job_id": "job-1"})
    assert result.structured_content is not None
    assert result.structured_content["job"]["jobId"] == "job-1"
