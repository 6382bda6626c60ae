"""MCP 2026-07-28: an assistant listens to jobs, and is told when to read them again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from mcp.client import Client
from mcp.client.subscriptions import ResourceUpdated, Subscription
from mcp.shared.exceptions import MCPDeprecationWarning, MCPError
from mcp.types import INTERNAL_ERROR, INVALID_PARAMS, METHOD_NOT_FOUND

from statusbeam.bridge.access.connections import Connections
from statusbeam.bridge.access.ended_logins import MemoryEndedLogins
from statusbeam.bridge.routes.resource_updates import JOBS_LISTENED, REASON_META_KEY
from statusbeam.model.errors import JournalError
from tests.unit.statusbeam.bridge.routes.mcp_world import World, world

JOB = "statusbeam://jobs/job-1"
CHANGED = ResourceUpdated(uri=JOB)


async def job_in(client: Client, uri: str = JOB) -> dict[str, Any]:
    (content,) = (await client.read_resource(uri, cache_mode="bypass")).contents
    job: dict[str, Any] = json.loads(content.text)  # type: ignore[union-attr]
    return job


async def refusal(client: Client, *uris: str) -> MCPError:
    with pytest.raises(MCPError) as refused:
        async with client.listen(resource_subscriptions=uris):
            raise AssertionError
    return refused.value


async def rest_of(subscription: Subscription) -> list[Any]:
    return [event async for event in subscription]


@asynccontextmanager
async def frames(w: World, uris: list[str]) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    """The messages of a subscription, as they are on the wire."""
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    body = {
        "jsonrpc": "2.0",
        "id": "listen-7",
        "method": "subscriptions/listen",
        "params": {"_meta": meta, "notifications": {"resourceSubscriptions": uris, "toolsListChanged": True}},
    }
    headers = {
        "authorization": "Bearer ana",
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": "subscriptions/listen",
    }
    async with (
        httpx2.AsyncClient() as http,
        http.stream("POST", f"{w.url}/mcp", json=body, headers=headers) as answer,
    ):
        assert answer.status_code == 200

        async def messages() -> AsyncIterator[dict[str, Any]]:
            async for line in answer.aiter_lines():
                if line.startswith("data:"):
                    yield json.loads(line.removeprefix("data:"))

        yield messages()


async def test_a_listener_is_told_of_each_change_up_to_the_end() -> None:
    async with world() as w, w.client() as client:
        w.log.say("agent_invoking")
        async with client.listen(resource_subscriptions=[JOB]) as subscription:
            assert subscription.honored.resource_subscriptions == [JOB]
            assert w.bridge.connections.by_dialect() == {"mcp": 1}
            w.log.say("calling_tool")
            assert await anext(subscription) == CHANGED
            assert (await job_in(client))["sequence"] == 2
            w.log.end()
            assert set(await rest_of(subscription)) == {CHANGED}
            assert (await job_in(client))["overallStatus"] == "completed"
            assert len(w.bridge.connections) == 0


async def test_the_acknowledgment_is_first_and_the_result_last_and_all_name_the_subscription() -> None:
    async with world() as w:
        w.log.say("agent_invoking")
        async with frames(w, [JOB, JOB]) as messages:
            first = await anext(messages)
            w.log.write(*({"status": "calling_tool", "message": f"Call {number}"} for number in range(40)))
            w.log.end()
            *changes, last = [message async for message in messages]
    assert first["method"] == "notifications/subscriptions/acknowledged"
    assert first["params"]["notifications"] == {"resourceSubscriptions": [JOB]}
    assert {(one["method"], one["params"]["uri"]) for one in changes} == {
        ("notifications/resources/updated", JOB)
    }
    assert len(changes) < 40
    assert (last["id"], last["result"]["resultType"]) == ("listen-7", "complete")
    assert last["result"]["_meta"][REASON_META_KEY] == "settled"
    bodies = [*(one["params"] for one in (first, *changes)), last["result"]]
    named = {body["_meta"]["io.modelcontextprotocol/subscriptionId"] for body in bodies}
    assert named == {"listen-7"}


async def test_several_jobs_are_told_apart_and_the_stream_ends_with_the_last_of_them() -> None:
    async with world() as w, w.client() as client:
        w.log.write({"jobId": "job-1"})
        w.log.write({"jobId": "job-2"})
        other = "statusbeam://jobs/job-2"
        async with client.listen(resource_subscriptions=[JOB, other]) as subscription:
            w.log.end(jobId="job-2")
            assert await anext(subscription) == ResourceUpdated(uri=other)
            w.log.end()
            assert set(await rest_of(subscription)) == {CHANGED}


async def test_a_job_that_ended_before_is_reported_once_and_the_stream_ends() -> None:
    async with world() as w, w.client() as client:
        w.log.end("error")
        async with client.listen(resource_subscriptions=[JOB]) as subscription:
            assert await rest_of(subscription) == [CHANGED]


@pytest.mark.parametrize(
    ("viewer", "uri"),
    [
        ("ben", JOB),
        ("leo", JOB),
        ("narrow", "statusbeam://jobs/job-2"),
        ("ana", "statusbeam://jobs/nobody"),
        ("ana", "statusbeam://jobs/" + "x" * 200),
        ("ana", "statusbeam://tasks/job-1"),
        ("ana", "file:///etc/passwd"),
    ],
)
async def test_a_job_of_others_or_of_nobody_is_refused_as_a_read_of_it_is(
    viewer: str, uri: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with world() as w, w.client(viewer) as client:
        w.log.say("agent_invoking")
        w.log.say("agent_invoking", jobId="job-2")
        with pytest.raises(MCPError) as read:
            await client.read_resource(uri)
        listened = await refusal(client, uri)
        assert len(w.bridge.connections) == w.bridge.tails.watched == 0
    assert listened.error == read.value.error
    assert read.value.error.code == INVALID_PARAMS
    assert not [record for record in caplog.records if record.exc_info]


async def test_a_subscription_without_a_job_of_the_callers_opens_nothing() -> None:
    async with world() as w, w.client() as client:
        w.log.say("agent_invoking")
        refused = await refusal(client, JOB, "statusbeam://jobs/nobody")
        assert refused.error.code == INVALID_PARAMS
        assert w.bridge.tails.watched == 0


async def test_a_subscription_has_a_limited_number_of_jobs() -> None:
    async with world() as w, w.client() as client:
        refused = await refusal(client, *(f"{JOB}{number}" for number in range(JOBS_LISTENED + 1)))
    assert refused.error.code == INVALID_PARAMS
    assert str(JOBS_LISTENED) in refused.error.message


async def test_a_listener_counts_as_a_stream_of_its_user() -> None:
    async with world() as w, w.client() as client:
        w.bridge.connections = Connections(MemoryEndedLogins(), per_user=1)
        w.log.say("agent_invoking")
        async with client.listen(resource_subscriptions=[JOB]):
            refused = await refusal(client, JOB)
        assert (refused.error.code, refused.error.message) == (
            INTERNAL_ERROR,
            "A user may have 1 open streams.",
        )


async def test_a_login_that_is_ended_ends_the_stream() -> None:
    async with world() as w:
        ended = MemoryEndedLogins()
        w.bridge.connections = Connections(ended, check_seconds=0.01)
        w.log.say("agent_invoking")
        async with frames(w, [JOB]) as messages:
            await anext(messages)
            ended.end("city", "ana", at=1_000)
            (last,) = [message async for message in messages]
        assert last["result"]["_meta"][REASON_META_KEY] == "login_ended"
        assert len(w.bridge.connections) == 0


async def test_a_process_that_ends_says_so() -> None:
    async with world() as w:
        w.log.say("agent_invoking")
        async with frames(w, [JOB]) as messages:
            await anext(messages)
            w.bridge.connections.end_all()
            (last,) = [message async for message in messages]
        assert last["result"]["_meta"][REASON_META_KEY] == "shutting_down"


async def test_a_listener_to_nothing_that_changes_stays_until_it_leaves() -> None:
    async with world() as w, w.client() as client:
        async with client.listen(tools_list_changed=True) as subscription:
            assert subscription.honored.model_dump(exclude_none=True) == {}
            assert len(w.bridge.connections) == 1
        while len(w.bridge.connections):
            await asyncio.sleep(0)


async def test_a_log_that_can_not_be_read_ends_the_stream_with_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise JournalError("a secret of the table's", code="unreachable", retriable=True)

    async with world() as w:
        w.log.say("agent_invoking")
        async with frames(w, [JOB]) as messages:
            await anext(messages)
            monkeypatch.setattr(w.log.journal, "snapshot", fail)
            (last,) = [message async for message in messages]
        monkeypatch.undo()
    assert last["error"] == {"code": INTERNAL_ERROR, "message": "The log can't be read now."}


async def test_the_version_before_needs_a_session_and_says_that_there_is_none() -> None:
    async with world() as w, w.client(mode="legacy") as client:
        assert client.server_capabilities.resources is not None
        assert not client.server_capabilities.resources.subscribe
        with pytest.raises(MCPError) as refused, pytest.warns(MCPDeprecationWarning):
            await client.subscribe_resource(JOB)
    assert refused.value.error.code == METHOD_NOT_FOUND
