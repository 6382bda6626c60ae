"""A2A's own client on the bridge, over JSON-RPC and over REST."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
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
    InvalidParamsError,
    PushNotificationNotSupportedError,
    TaskNotCancelableError,
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


async def followed(client: Client, then: Callable[[], None]) -> list[StreamResponse]:
    """The events of a subscription to the job's first task. `then` runs right after the first event."""
    found: list[StreamResponse] = []
    async for event in client.subscribe(SubscribeToTaskRequest(id="job-1")):
        found.append(event)
        if len(found) == 1:
            then()
    return found


@BINDINGS
async def test_a_task_is_followed_from_itself_to_its_end(binding: str) -> None:
    async with world(binding) as (log, client):
        log.say("agent_invoking")

        def end() -> None:
            log.say("calling_tool", "agent_complete")
            log.end()

        first, *updates = await followed(client, end)
    assert first.task.id == "job-1"
    assert first.task.status.state == TaskState.TASK_STATE_WORKING
    assert [update.status_update.metadata["sequence"] for update in updates] == ["2", "3", "4"]
    assert updates[-1].status_update.status.state == TaskState.TASK_STATE_COMPLETED


@BINDINGS
async def test_a_task_keeps_its_context_when_the_session_becomes_known(binding: str) -> None:
    async with world(binding) as (log, client):
        log.say("agent_invoking")

        def name_session_and_end() -> None:
            log.write({"status": "validating", "agentName": None, "metadata": {"sessionId": "session-1"}})
            log.end()

        first, *updates = await followed(client, name_session_and_end)
        task = await client.get_task(GetTaskRequest(id="job-1"))
    contexts = {first.task.context_id, task.context_id, *(one.status_update.context_id for one in updates)}
    assert contexts == {"job-1"}
    assert "sessionId" not in first.task.metadata
    assert task.metadata["sessionId"] == "session-1"


@BINDINGS
async def test_a_follower_gets_every_status_of_a_long_log_before_its_end(binding: str) -> None:
    async with world(binding) as (log, client):
        log.say("agent_invoking")

        def report_much() -> None:
            log.write(*({"status": "calling_tool", "message": f"Call {number}"} for number in range(40)))
            log.write(
                *({"status": "calling_tool", "message": f"Call {number}"} for number in range(40, 79)),
                {"status": "complete", "agentName": None, "message": "Done"},
            )

        _, *updates = await followed(client, report_much)
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
async def test_a_stream_over_the_limit_of_its_user_is_refused_with_the_reason(
    binding: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with world(binding, streams=0) as (log, client):
        log.say("agent_invoking")
        with pytest.raises(A2AError, match="A user may have 0 open streams"):
            async for _ in client.subscribe(SubscribeToTaskRequest(id="job-1")):
                raise AssertionError
    assert not [record for record in caplog.records if record.exc_info]


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


def open_run(log: Log, number: int) -> None:
    """The opening of the job's run of this number."""
    log.write(
        {
            "status": "loading_agents",
            "agentName": None,
            "message": "Begin",
            "metadata": {"run": f"p.{number}", "sessionId": "visit-7"},
        }
    )


def end_run(log: Log, number: int, word: str = "complete") -> None:
    log.end(word, metadata={"run": f"p.{number}", "opened": number})


@BINDINGS
async def test_a_job_that_is_run_again_is_another_task(binding: str) -> None:
    async with world(binding) as (log, client):
        open_run(log, 1)
        end_run(log, 1, "error")
        first = await client.get_task(GetTaskRequest(id="job-1"))
        open_run(log, 2)
        again = await client.get_task(GetTaskRequest(id="job-1"))
        second = await client.get_task(GetTaskRequest(id="job-1~2"))
        assert again.status.state == first.status.state == TaskState.TASK_STATE_FAILED
        assert again.status.timestamp == first.status.timestamp
        assert again.metadata == first.metadata
        assert second.status.state == TaskState.TASK_STATE_SUBMITTED
        assert list(second.status.message.reference_task_ids) == ["job-1"]
        assert {task.context_id for task in (first, again, second)} == {"job-1"}
        assert {task.metadata["sessionId"] for task in (first, again, second)} == {"visit-7"}
        with pytest.raises(UnsupportedOperationError):
            async for _ in client.subscribe(SubscribeToTaskRequest(id="job-1")):
                raise AssertionError
        with pytest.raises(TaskNotCancelableError):
            await client.cancel_task(CancelTaskRequest(id="job-1"))
        with pytest.raises(UnsupportedOperationError):
            await client.cancel_task(CancelTaskRequest(id="job-1~2"))
        for unknown in ("job-1~3", "job-1~1", "job-2~2"):
            with pytest.raises(TaskNotFoundError):
                await client.get_task(GetTaskRequest(id=unknown))
            with pytest.raises(TaskNotFoundError):
                await client.cancel_task(CancelTaskRequest(id=unknown))


@BINDINGS
async def test_a_subscription_gets_its_own_task_only(binding: str) -> None:
    async with world(binding) as (log, client):
        open_run(log, 1)
        first: list[StreamResponse] = []
        async for event in client.subscribe(SubscribeToTaskRequest(id="job-1")):
            first.append(event)
            if len(first) == 1:
                log.say("agent_invoking")
                end_run(log, 1)
                open_run(log, 2)
        second: list[StreamResponse] = []
        async for event in client.subscribe(SubscribeToTaskRequest(id="job-1~2")):
            second.append(event)
            if len(second) == 1:
                end_run(log, 2, "cancelled")
    assert {event.status_update.task_id for event in first[1:]} == {"job-1"}
    assert first[-1].status_update.status.state == TaskState.TASK_STATE_COMPLETED
    assert (second[0].task.id, second[1].status_update.task_id) == ("job-1~2", "job-1~2")
    assert second[-1].status_update.status.state == TaskState.TASK_STATE_CANCELED
    assert list(second[-1].status_update.status.message.reference_task_ids) == ["job-1"]


@BINDINGS
async def test_a_subscription_of_a_run_that_was_left_ends_when_the_next_one_begins(binding: str) -> None:
    async with world(binding) as (log, client):
        open_run(log, 1)
        found: list[StreamResponse] = []
        async for event in client.subscribe(SubscribeToTaskRequest(id="job-1")):
            found.append(event)
            if len(found) == 1:
                log.time.time += 100_000  # its lease is over
                log.write(
                    {
                        "status": "loading_agents",
                        "agentName": None,
                        "message": "Again",
                        "metadata": {"run": "p.2"},
                        "timestamp": "2026-11-27T09:30:00.000Z",
                    }
                )
        left = await client.get_task(GetTaskRequest(id="job-1"))
    _, last = found
    assert last.status_update.status.state == left.status.state == TaskState.TASK_STATE_FAILED
    assert last.status_update.metadata == left.metadata


@BINDINGS
@pytest.mark.parametrize("size", [1, 2, 3, 50])
async def test_all_tasks_of_all_jobs_are_listed_page_by_page(binding: str, size: int) -> None:
    async with world(binding) as (log, client):
        for number in (1, 2, 3):
            open_run(log, number)
            end_run(log, number, "error" if number == 2 else "complete")
        log.write({"jobId": "job-2", "timestamp": "2026-11-20T10:00:00.000Z"})
        listed, token = [], ""
        while True:
            page = await client.list_tasks(ListTasksRequest(page_size=size, page_token=token))
            assert len(page.tasks) <= size
            listed += [task.id for task in page.tasks]
            token = page.next_page_token
            if not token:
                break
        assert listed == ["job-2", "job-1~3", "job-1~2", "job-1"]
        of_job = await client.list_tasks(ListTasksRequest(context_id="job-1"))
        assert [task.id for task in of_job.tasks] == ["job-1~3", "job-1~2", "job-1"]
        failed = await client.list_tasks(ListTasksRequest(status=TaskState.TASK_STATE_FAILED))
        assert [task.id for task in failed.tasks] == ["job-1~2"]
        late = datetime.fromisoformat("2026-11-20T10:00:00Z")
        recent = await client.list_tasks(ListTasksRequest(status_timestamp_after=late))
        assert [task.id for task in recent.tasks] == ["job-2"]
        with pytest.raises(InvalidParamsError):
            await client.list_tasks(ListTasksRequest(page_token="not a token"))
