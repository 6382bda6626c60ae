"""A2A's own client on the bridge, over JSON-RPC and over REST."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from a2a.client.client import Client, ClientConfig
from a2a.client.client_factory import create_client
from a2a.types.a2a_pb2 import (
    CancelTaskRequest,
    DeleteTaskPushNotificationConfigRequest,
    GetTaskPushNotificationConfigRequest,
    GetTaskRequest,
    ListTaskPushNotificationConfigsRequest,
    ListTasksRequest,
    StreamResponse,
    SubscribeToTaskRequest,
    TaskPushNotificationConfig,
    TaskState,
)
from a2a.utils.errors import (
    A2AError,
    PushNotificationNotSupportedError,
    TaskNotFoundError,
    UnsupportedOperationError,
)

from statusbeam.bridge.access.connections import Connections
from statusbeam.bridge.access.ended_logins import MemoryEndedLogins
from statusbeam.bridge.app import create_app
from statusbeam.bridge.service import Bridge
from statusbeam.model.errors import JournalError
from tests.unit.statusbeam.bridge.samples import QUICK, Log
from tests.unit.statusbeam.bridge.served import served
from tests.unit.statusbeam.bridge.viewers import by_name

BINDINGS = pytest.mark.parametrize("binding", ["JSONRPC", "HTTP+JSON"])


@asynccontextmanager
async def world(binding: str, viewer: str = "ana", *, streams: int = 1) -> AsyncIterator[tuple[Log, Client]]:
    """A log, and A2A's client on the bridge before it."""
    log = Log()
    bridge = Bridge.in_memory(log.journal, authenticate=by_name, pace=QUICK, clock=log.time.clock())
    bridge.connections = Connections(MemoryEndedLogins(), per_user=streams)
    headers = {"authorization": f"Bearer {viewer}"}
    async with served(create_app(bridge), bridge) as url, httpx.AsyncClient(headers=headers) as http:
        config = ClientConfig(httpx_client=http, supported_protocol_bindings=[binding])
        yield log, await create_client(url, client_config=config)
    assert len(bridge.connections) == bridge.tails.watched == 0


@BINDINGS
async def test_a_task_is_followed_from_itself_to_its_end(binding: str) -> None:
    async with world(binding) as (log, client):
        log.say("agent_invoking")
        found: list[StreamResponse] = []
        async for event in client.subscribe(SubscribeToTaskRequest(id="job-1")):
            found.append(event)
            if len(found) == 1:  # the task itself: what follows is news
                log.say("calling_tool", "agent_complete")
                log.end()
    first, *updates = found
    assert first.task.id == "job-1"
    assert first.task.status.state == TaskState.TASK_STATE_WORKING
    assert [update.status_update.metadata["sequence"] for update in updates] == ["2", "3", "4"]
    assert updates[-1].status_update.status.state == TaskState.TASK_STATE_COMPLETED


@BINDINGS
async def test_a_task_keeps_its_context_when_the_session_becomes_known(binding: str) -> None:
    async with world(binding) as (log, client):
        log.say("agent_invoking")
        found: list[StreamResponse] = []
        async for event in client.subscribe(SubscribeToTaskRequest(id="job-1")):
            found.append(event)
            if len(found) == 1:
                log.write({"status": "validating", "agentName": None, "metadata": {"sessionId": "session-1"}})
                log.end()
        task = await client.get_task(GetTaskRequest(id="job-1"))
    first, *updates = found
    contexts = {first.task.context_id, task.context_id, *(one.status_update.context_id for one in updates)}
    assert contexts == {"job-1"}
    assert "sessionId" not in first.task.metadata
    assert task.metadata["sessionId"] == "session-1"


@BINDINGS
async def test_a_follower_gets_every_status_of_a_long_log_before_its_end(binding: str) -> None:
    async with world(binding) as (log, client):
        log.say("agent_invoking")
        found: list[StreamResponse] = []
        async for event in client.subscribe(SubscribeToTaskRequest(id="job-1")):
            found.append(event)
            if len(found) == 1:
                log.write(*({"status": "calling_tool", "message": f"Call {number}"} for number in range(40)))
                log.write(
                    *({"status": "calling_tool", "message": f"Call {number}"} for number in range(40, 79)),
                    {"status": "complete", "agentName": None, "message": "Done"},
                )
    _, *updates = found
    sequences = [update.status_update.metadata["sequence"] for update in updates]
    assert sequences == [str(number) for number in range(2, 82)]
    assert updates[-1].status_update.status.state == TaskState.TASK_STATE_COMPLETED


@BINDINGS
async def test_a_log_that_can_not_be_read_is_an_error_without_a_reason(
    binding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise JournalError("a secret of the table's", code="unreachable", retriable=True)

    async with world(binding) as (log, client):
        monkeypatch.setattr(log.journal, "snapshot", fail)
        monkeypatch.setattr(log.journal, "heads", fail)
        for call in (
            lambda: client.list_tasks(ListTasksRequest()),
            lambda: client.get_task(GetTaskRequest(id="job-1")),
        ):
            with pytest.raises(A2AError, match="can't be read") as refused:
                await call()
            assert "secret" not in str(refused.value)


@BINDINGS
async def test_a_stream_over_the_limit_of_its_user_is_refused_with_the_reason(binding: str) -> None:
    async with world(binding, streams=0) as (log, client):
        log.say("agent_invoking")
        with pytest.raises(A2AError, match="A user may have 0 open streams"):
            async for _ in client.subscribe(SubscribeToTaskRequest(id="job-1")):
                raise AssertionError


@BINDINGS
async def test_a_page_of_less_than_one_task_is_refused(binding: str) -> None:
    async with world(binding) as (log, client):
        log.say("agent_invoking")
        with pytest.raises(A2AError, match="page_size"):
            await client.list_tasks(ListTasksRequest(page_size=-3))


@BINDINGS
async def test_a_task_that_has_ended_is_read_and_not_followed(binding: str) -> None:
    async with world(binding) as (log, client):
        log.end("error")
        task = await client.get_task(GetTaskRequest(id="job-1"))
        assert task.status.state == TaskState.TASK_STATE_FAILED
        with pytest.raises(UnsupportedOperationError):
            async for _ in client.subscribe(SubscribeToTaskRequest(id="job-1")):
                raise AssertionError


@BINDINGS
async def test_a_task_of_somebody_else_is_unknown(binding: str) -> None:
    async with world(binding, viewer="ben") as (log, client):
        log.say("agent_invoking")
        with pytest.raises(TaskNotFoundError):
            await client.get_task(GetTaskRequest(id="job-1"))
        assert list((await client.list_tasks(ListTasksRequest())).tasks) == []


@BINDINGS
async def test_tasks_are_listed_and_can_not_be_changed(binding: str) -> None:
    async with world(binding) as (log, client):
        log.write({"jobId": "job-1"})
        log.write({"jobId": "job-2", "status": "complete", "agentName": None})
        listed = await client.list_tasks(ListTasksRequest())
        done = await client.list_tasks(ListTasksRequest(status=TaskState.TASK_STATE_COMPLETED))
        assert {task.id for task in listed.tasks} == {"job-1", "job-2"}
        assert [task.id for task in done.tasks] == ["job-2"]
        with pytest.raises(A2AError):
            await client.cancel_task(CancelTaskRequest(id="job-1"))


@BINDINGS
async def test_push_notifications_are_refused_as_the_card_announces(binding: str) -> None:
    async with world(binding) as (log, client):
        log.say("agent_invoking")
        config = TaskPushNotificationConfig(task_id="job-1", id="one", url="https://a.example/hook")
        for call in (
            client.create_task_push_notification_config(config),
            client.get_task_push_notification_config(
                GetTaskPushNotificationConfigRequest(task_id="job-1", id="one")
            ),
            client.list_task_push_notification_configs(
                ListTaskPushNotificationConfigsRequest(task_id="job-1")
            ),
            client.delete_task_push_notification_config(
                DeleteTaskPushNotificationConfigRequest(task_id="job-1", id="one")
            ),
        ):
            with pytest.raises(PushNotificationNotSupportedError):
                await call


async def test_the_card_needs_no_token_and_everything_else_does() -> None:
    log = Log()
    bridge = Bridge.in_memory(log.journal, authenticate=by_name, pace=QUICK)
    async with served(create_app(bridge), bridge) as url, httpx.AsyncClient() as http:
        card: dict[str, Any] = (await http.get(f"{url}/.well-known/agent-card.json")).json()
        refused = await http.post(f"{url}/a2a", json={})
    assert [one["url"] for one in card["supportedInterfaces"]] == [f"{url}/a2a", f"{url}/a2a/v1"]
    assert (refused.status_code, refused.headers["content-type"]) == (401, "application/problem+json")
    assert refused.headers["www-authenticate"] == "Bearer"
    (scheme,) = card["securitySchemes"].values()
    assert scheme["httpAuthSecurityScheme"]["scheme"] == "Bearer"
    assert [list(one["schemes"]) for one in card["securityRequirements"]] == [["bearer"]]


@BINDINGS
async def test_a_job_that_waits_needs_input_and_then_works_on(binding: str) -> None:
    async with world(binding) as (log, client):
        log.say("agent_invoking")
        asks = {"waiting": {"for": "approval", "prompt": "May I?"}}
        found: list[StreamResponse] = []
        async for event in client.subscribe(SubscribeToTaskRequest(id="job-1")):
            found.append(event)
            if len(found) == 1:
                log.say("waiting", metadata=asks)
                task = await client.get_task(GetTaskRequest(id="job-1"))
                assert task.status.state == TaskState.TASK_STATE_INPUT_REQUIRED
                assert task.status.message.parts[0].text == "May I?"
                waiting = ListTasksRequest(status=TaskState.TASK_STATE_INPUT_REQUIRED)
                assert [one.id for one in (await client.list_tasks(waiting)).tasks] == ["job-1"]
                log.say("calling_tool")
                log.end()
    asking, *others = [event.status_update.status.message for event in found[1:]]
    assert [part.text for part in asking.parts] == ["waiting 2", "May I?"]
    assert [len(message.parts) for message in others] == [1, 1]
    states = [event.status_update.status.state for event in found[1:]]
    assert states == [
        TaskState.TASK_STATE_INPUT_REQUIRED,
        TaskState.TASK_STATE_WORKING,
        TaskState.TASK_STATE_COMPLETED,
    ]
