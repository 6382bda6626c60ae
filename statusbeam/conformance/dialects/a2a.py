"""`a2a`: A2A 1.0, by its own SDK. A reconnecting client subscribes again, and first gets the task."""

from __future__ import annotations

from collections.abc import Sequence

import httpx
from a2a.client.client import Client, ClientConfig
from a2a.client.client_factory import create_client
from a2a.client.errors import AgentCardResolutionError
from a2a.types.a2a_pb2 import (
    GetTaskRequest,
    StreamResponse,
    SubscribeToTaskRequest,
    Task,
    TaskState,
    TaskStatus,
)
from a2a.utils.errors import A2AError, TaskNotFoundError, UnsupportedOperationError
from google.protobuf.json_format import MessageToDict

from ..observed import Close, Ending, Join, Outcome, Received, steps_in
from ..trust import trusted
from .dialect import HTTP_TIMEOUT, Probe, Receive, authorization

OUTCOMES = {
    TaskState.TASK_STATE_COMPLETED: Outcome.COMPLETED,
    TaskState.TASK_STATE_FAILED: Outcome.FAILED,
    TaskState.TASK_STATE_CANCELED: Outcome.CANCELLED,
}
BINDINGS = ["JSONRPC", "HTTP+JSON"]


class A2a:
    """See Dialect. The agent card is below the URL."""

    name = "a2a"
    joins = Join.SNAPSHOT
    resumes = False

    def __init__(self, url: str, token: str | None = None) -> None:
        self._url = url
        self._headers = authorization(token)

    async def read(self, job_id: str, after: str | None, receive: Receive) -> Ending:  # noqa: ARG002 - see Dialect
        """See Dialect.read."""
        try:
            async with httpx.AsyncClient(
                verify=trusted(), headers=self._headers, timeout=HTTP_TIMEOUT
            ) as http:
                config = ClientConfig(httpx_client=http, supported_protocol_bindings=BINDINGS)
                return await _follow(await create_client(self._url, client_config=config), job_id, receive)
        except AgentCardResolutionError as error:
            return Ending(Close.UNREACHABLE, str(error))
        except TaskNotFoundError:
            return Ending(Close.REFUSED, "-32001: there is no such task")
        except (A2AError, httpx.HTTPError) as error:
            return Ending(Close.BROKEN, f"{type(error).__name__}: {error}")

    def probes(self, job_id: str, cursor: str | None) -> Sequence[Probe]:  # noqa: ARG002 - see Dialect
        """See Dialect.probes."""
        return (Probe(job_id=f"{job_id}-unknown", after=None, wants_verdict=False, what="an unknown task"),)


async def _follow(client: Client, job_id: str, receive: Receive) -> Ending:
    ended, had_ended = False, False
    try:
        async for response in client.subscribe(SubscribeToTaskRequest(id=job_id)):
            event = read_response(job_id, response)
            ended = ended or event.outcome is not None
            had_ended = had_ended or (event.is_snapshot and event.outcome is not None)
            receive(event)
    except UnsupportedOperationError:  # -32004
        receive(read_task(job_id, await client.get_task(GetTaskRequest(id=job_id))))
        return Ending(Close.FINAL, "-32004: the task has ended")
    if had_ended:
        return Ending(Close.PLAIN, "a subscription to a task that has ended was accepted: no -32004")
    return Ending(Close.FINAL if ended else Close.BROKEN, "the stream ended")


def read_response(job_id: str, response: StreamResponse) -> Received:
    """One event of a subscription."""
    kind = response.WhichOneof("payload")
    if kind == "task":
        return read_task(job_id, response.task)
    if kind != "status_update":
        return Received()
    status = response.status_update.status
    steps = steps_in(job_id, MessageToDict(status))
    return Received(step=steps[0] if steps else None, outcome=_outcome_of(status))


def read_task(job_id: str, task: Task) -> Received:
    """The current task."""
    step = max(steps_in(job_id, MessageToDict(task)), default=None)
    return Received(step=step, is_snapshot=True, outcome=_outcome_of(task.status))


def _outcome_of(status: TaskStatus) -> Outcome | None:
    return OUTCOMES.get(status.state)
