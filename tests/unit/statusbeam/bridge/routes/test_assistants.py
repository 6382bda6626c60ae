"""MCP's own client on the bridge: the tools, their progress, and who may use them."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.subscriptions import ResourceUpdated
from mcp.shared.exceptions import MCPDeprecationWarning, MCPError
from mcp.types import INTERNAL_ERROR, INVALID_PARAMS, ResourceUpdatedNotification

from statusbeam.bridge.access.connections import Connections
from statusbeam.bridge.access.ended_logins import MemoryEndedLogins
from statusbeam.model.errors import JournalError
from tests.unit.statusbeam.bridge.routes.mcp_world import World, world

ROOT = Path(__file__).parents[5]
JOB = "statusbeam://jobs/job-1"


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


@pytest.mark.parametrize("version", [None, "2025-11-25", "2026-07-28"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_there_is_no_stream_without_a_request_and_no_session_to_end(
    method: str, version: str | None
) -> None:
    headers = {"authorization": "Bearer ana", "accept": "text/event-stream"}
    if version is not None:
        headers["mcp-protocol-version"] = version
    async with world() as w, httpx2.AsyncClient(headers=headers) as http:
        answer = await http.request(method, f"{w.url}/mcp")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("uri", ["statusbeam://jobs/job-1"])
async def test_a_job_is_a_resource(uri: str) -> None:
    async with world() as w, w.client() as client:
        w.log.say("agent_invoking")
        (content,) = (await client.read_resource(uri)).contents
    assert '"jobId":"job-1"' in content.text  # type: ignore[union-attr]


def command(w: World) -> StdioServerParameters:
    return StdioServerParameters(
        command=sys.executable,
        args=["-c", "from statusbeam.cli.main import main; main()", "mcp", "--bridge-url", w.url],
        env={"STATUSBEAM_TOKEN": "ana", "PYTHONPATH": str(ROOT)},
    )


@pytest.mark.parametrize(("mode", "version"), [("legacy", "2025-11-25"), ("auto", "2026-07-28")])
async def test_the_command_serves_the_same_tools_on_standard_input(mode: str, version: str) -> None:
    async with world() as w:
        w.log.say("agent_invoking")
        async with Client(command(w), mode=mode) as client:
            assert client.protocol_version == version
            result = await client.call_tool("get_job", {"job_id": "job-1"})
            (content,) = (await client.read_resource("statusbeam://jobs/job-1")).contents
    assert result.structured_content is not None
    assert result.structured_content["job"]["jobId"] == "job-1"
    assert '"jobId":"job-1"' in content.text  # type: ignore[union-attr]


async def test_an_assistant_on_standard_input_listens_to_a_job() -> None:
    async with world() as w:
        w.log.say("agent_invoking")
        async with Client(command(w)) as client:
            async with client.listen(resource_subscriptions=[JOB]) as subscription:
                w.log.say("calling_tool")
                assert await anext(subscription) == ResourceUpdated(uri=JOB)
            while len(w.bridge.connections):  # it has cancelled the request
                await asyncio.sleep(0.01)


async def test_an_assistant_of_the_version_before_subscribes_on_standard_input() -> None:
    changed: asyncio.Queue[str] = asyncio.Queue()

    async def on_message(message: Any) -> None:
        if isinstance(message, ResourceUpdatedNotification):
            await changed.put(message.params.uri)

    async with world() as w:
        w.log.say("agent_invoking")
        async with Client(command(w), mode="legacy", message_handler=on_message) as client:
            assert client.server_capabilities.resources is not None
            assert client.server_capabilities.resources.subscribe
            with pytest.warns(MCPDeprecationWarning):
                await client.subscribe_resource(JOB)
            w.log.say("calling_tool")
            assert await changed.get() == JOB
            with pytest.warns(MCPDeprecationWarning), pytest.raises(MCPError) as refused:
                await client.subscribe_resource("statusbeam://jobs/nobody")
            with pytest.warns(MCPDeprecationWarning):
                await client.unsubscribe_resource(JOB)
            while len(w.bridge.connections):
                await asyncio.sleep(0.01)
    assert refused.value.error.code == INVALID_PARAMS


@pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
async def test_a_name_that_does_not_exist_is_answered_with_those_that_do(
    mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with world() as w, w.client(mode=mode) as client:
        with pytest.raises(MCPError) as tool:
            await client.call_tool("get_jobs", {})
        with pytest.raises(MCPError) as prompt:
            await client.get_prompt("summary")
        with pytest.raises(MCPError) as resource:
            await client.read_resource("statusbeam://tasks/job-1")
    assert {one.value.error.code for one in (tool, prompt, resource)} == {INVALID_PARAMS}
    assert tool.value.error.message.startswith('Unknown tool: "get_jobs". Known: list_jobs, get_job,')
    assert prompt.value.error.message == 'Unknown prompt: "summary". Known: none.'
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
@pytest.mark.parametrize(
    ("tool", "arguments", "words"),
    [
        ("get_job", {}, "job_id"),
        ("get_job", {"job_id": 7}, "job_id"),
        ("list_jobs", {"limit": 0}, "limit"),
        ("wait_for_job", {"job_id": "x" * 200}, "the id"),
        ("get_job", {"job_id": ""}, "the id"),
        ("get_job_updates", {"job_id": "job-1", "after": "7"}, "cursor"),
        ("run_workflow", {"input": {}, "workflow": "nothing"}, "workflow"),
    ],
)
async def test_wrong_arguments_are_an_answer_that_names_them(
    mode: str, tool: str, arguments: dict[str, Any], words: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with world() as w, w.client(mode=mode) as client:
        result = await client.call_tool(tool, arguments)
    assert result.is_error
    assert words in text_of(result)
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
async def test_a_log_that_can_not_be_read_is_an_answer_without_a_reason(
    mode: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise JournalError("a secret of the table's", code="unreachable", retriable=True)

    async with world() as w, w.client(mode=mode) as client:
        for read in ("snapshot", "heads", "updates"):
            monkeypatch.setattr(w.log.journal, read, fail)
        for tool in ("list_jobs", "get_job", "get_job_updates", "wait_for_job"):
            result = await client.call_tool(tool, {} if tool == "list_jobs" else {"job_id": "job-1"})
            assert (result.is_error, text_of(result)) == (True, "The log can't be read now.")
        with pytest.raises(MCPError, match="can't be read") as refused:
            await client.read_resource("statusbeam://jobs/job-1")
    assert refused.value.error.code == INTERNAL_ERROR
    assert not [record for record in caplog.records if record.exc_info]


async def test_a_wait_is_refused_when_its_user_has_too_many_streams(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with world() as w, w.client() as client:
        w.bridge.connections = Connections(MemoryEndedLogins(), per_user=0)
        w.log.say("agent_invoking")
        result = await client.call_tool("wait_for_job", {"job_id": "job-1"})
    assert (result.is_error, text_of(result)) == (True, "A user may have 0 open streams.")
    assert not [record for record in caplog.records if record.exc_info]
