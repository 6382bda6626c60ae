"""`/a2a`: jobs as tasks of the Agent2Agent protocol, over JSON-RPC and REST, for reading only."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
from typing import Any, Final, NamedTuple, Self

from a2a.server.context import ServerCallContext
from a2a.server.request_handlers.request_handler import RequestHandler
from a2a.server.routes.common import ServerCallContextBuilder
from a2a.server.routes.jsonrpc_routes import create_jsonrpc_routes
from a2a.server.routes.rest_routes import create_rest_routes
from a2a.types.a2a_pb2 import (
    AgentCapabilities,
    AgentCard,
    AgentInterface,
    AgentSkill,
    CancelTaskRequest,
    GetTaskRequest,
    HTTPAuthSecurityScheme,
    ListTaskPushNotificationConfigsResponse,
    ListTasksRequest,
    ListTasksResponse,
    Message,
    SecurityRequirement,
    SecurityScheme,
    StringList,
    SubscribeToTaskRequest,
    Task,
    TaskPushNotificationConfig,
)
from a2a.utils.errors import (
    InternalError,
    InvalidParamsError,
    PushNotificationNotSupportedError,
    TaskNotCancelableError,
    TaskNotFoundError,
    UnsupportedOperationError,
)
from google.protobuf.json_format import MessageToDict
from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from statusbeam.model.errors import JournalError
from statusbeam.model.limits import JOBS_PER_PAGE, JOBS_PER_PAGE_MAX
from statusbeam.model.validation import json_text

from ..access.connections import StreamEndedError
from ..access.viewer import Viewer
from ..dialects.a2a_tasks import TaskId, events_of, has_ended, task_of, tasks_of
from ..problems import Problem
from ..service import Bridge
from ..tail.events import Joined

A2A_PATH: Final = "/a2a"
CARD_PATH: Final = "/.well-known/agent-card.json"

_LOCAL_HOSTS: Final = ("127.0.0.1", "localhost", "::1")


class A2aEndpoint:
    """The ASGI application below `/a2a`. Each request needs a token, like every other request."""

    def __init__(self, bridge: Bridge) -> None:
        handler, contexts = JobTasks(bridge), _Contexts()
        self._bridge = bridge
        self._app = Starlette(
            routes=[
                *create_jsonrpc_routes(handler, rpc_url=A2A_PATH, context_builder=contexts),
                *create_rest_routes(handler, context_builder=contexts, path_prefix=f"{A2A_PATH}/v1"),
            ]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request of an authenticated viewer."""
        viewer = await self._bridge.viewer(HTTPConnection(scope))
        state = {**scope.get("state", {}), "viewer": viewer}
        await self._app({**scope, "app": self._app, "state": state}, receive, send)


async def agent_card(request: Request) -> JSONResponse:
    """The agent card, which other agents read first. It has no data of jobs, and needs no token."""
    local = request.url.hostname in _LOCAL_HOSTS
    base = f"{'http' if local else 'https'}://{request.url.netloc}"  # CloudFront terminates TLS
    card = AgentCard(
        name="Statusbeam",
        description="Live status of multi-agent jobs.",
        version="1",
        capabilities=AgentCapabilities(streaming=True),
        security_schemes={
            "bearer": SecurityScheme(
                http_auth_security_scheme=HTTPAuthSecurityScheme(
                    scheme="Bearer", description="A token of the user's login, or a view token."
                )
            )
        },
        security_requirements=[SecurityRequirement(schemes={"bearer": StringList()})],
        default_input_modes=["text/plain"],
        default_output_modes=["text/plain"],
        supported_interfaces=[
            AgentInterface(url=f"{base}{A2A_PATH}", protocol_binding="JSONRPC", protocol_version="1.0"),
            AgentInterface(url=f"{base}{A2A_PATH}/v1", protocol_binding="HTTP+JSON", protocol_version="1.0"),
        ],
        skills=[
            AgentSkill(
                id="follow-a-job",
                name="Follow a job",
                description="Get a job as a task, and subscribe to its statuses.",
                tags=["status"],
            )
        ],
    )
    return JSONResponse(MessageToDict(card), headers={"Cache-Control": "public, max-age=300"})


class JobTasks(RequestHandler):
    """Serves jobs as tasks. Clients cannot send to a job or change it."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    async def on_get_task(self, params: GetTaskRequest, context: ServerCallContext) -> Task | None:
        """The job's task: as it is now, or as it ended before the job was reopened."""
        return await self._task(_viewer(context), _task_id(params.id))

    async def on_list_tasks(self, params: ListTasksRequest, context: ServerCallContext) -> ListTasksResponse:
        """A page of the tasks of the caller's jobs: the newest job first, and its newest task first."""
        limit = min(params.page_size or JOBS_PER_PAGE, JOBS_PER_PAGE_MAX)
        if limit < 1:
            raise InvalidParamsError(f"page_size must be from 1 to {JOBS_PER_PAGE_MAX}.")
        place = _PageToken.parse(params.page_token)
        try:
            page = await self._bridge.list_jobs(_viewer(context), limit=limit, token=place.jobs)
        except JournalError as error:
            raise _unreadable() from error
        tasks = place.rest([task for head in page.heads for task in tasks_of(head)])
        shown = tasks[:limit]
        following = _PageToken(page.next_token, None) if page.next_token else None
        if len(tasks) > limit:
            following = _PageToken(place.jobs, shown[-1].id)
        matching = [task for task in shown if _matches(task, params)]
        return ListTasksResponse(
            tasks=matching,
            next_page_token=str(following or ""),
            page_size=limit,
            total_size=len(matching),
        )

    async def on_subscribe_to_task(
        self, params: SubscribeToTaskRequest, context: ServerCallContext
    ) -> AsyncGenerator[Any]:
        """The task, then each status in order, up to the task's end."""
        viewer, task_id = _viewer(context), _task_id(params.id)
        if has_ended((await self._task(viewer, task_id)).status):
            raise UnsupportedOperationError("The task has ended.")
        bridge = self._bridge
        try:
            async with (
                bridge.connections.open(viewer, "a2a"),
                bridge.tails.watch(viewer.job(task_id.job_id), may_see=viewer.may_see) as watch,
            ):
                while True:
                    for event in await watch.next():
                        found = events_of(event, task_id)
                        for one in found:
                            yield one
                            if has_ended(one.status):
                                return
                        if not found and isinstance(event, Joined):
                            return  # the job is gone
        except StreamEndedError:
            return  # the client subscribes again, and begins with the task
        except Problem as problem:
            raise InternalError(problem.detail) from problem  # a limit of open streams, or the process ends
        except JournalError as error:
            raise _unreadable() from error

    async def _task(self, viewer: Viewer, task_id: TaskId) -> Task:
        try:
            job = await self._bridge.visible_job(viewer, task_id.job_id)
        except Problem as problem:
            raise TaskNotFoundError(problem.detail) from problem
        except JournalError as error:
            raise _unreadable() from error
        task = task_of(job.head, task_id.number)
        if task is None:
            raise TaskNotFoundError("The job has no such task, or it is forgotten.")
        return task

    async def on_cancel_task(self, params: CancelTaskRequest, context: ServerCallContext) -> Task | None:
        """Refused."""
        if has_ended((await self._task(_viewer(context), _task_id(params.id))).status):
            raise TaskNotCancelableError("The task has ended.")
        raise _read_only()

    async def on_get_extended_agent_card(self, params: Any, context: ServerCallContext) -> AgentCard:
        """Refused."""
        raise _read_only()

    async def on_message_send(self, params: Any, context: ServerCallContext) -> Task | Message:
        """Refused."""
        raise _read_only()

    async def on_create_task_push_notification_config(
        self, params: Any, context: ServerCallContext
    ) -> TaskPushNotificationConfig:
        """Refused."""
        raise PushNotificationNotSupportedError

    async def on_get_task_push_notification_config(
        self, params: Any, context: ServerCallContext
    ) -> TaskPushNotificationConfig:
        """Refused."""
        raise PushNotificationNotSupportedError

    async def on_list_task_push_notification_configs(
        self, params: Any, context: ServerCallContext
    ) -> ListTaskPushNotificationConfigsResponse:
        """Refused."""
        raise PushNotificationNotSupportedError

    async def on_delete_task_push_notification_config(self, params: Any, context: ServerCallContext) -> None:
        """Refused."""
        raise PushNotificationNotSupportedError

    async def on_message_send_stream(self, params: Any, context: ServerCallContext) -> AsyncGenerator[Any]:
        """Refused."""
        nothing: tuple[Any, ...] = ()
        for event in nothing:  # a generator, as the SDK expects
            yield event
        raise _read_only()


class _PageToken(NamedTuple):
    """Where a page of tasks begins."""

    jobs: str | None
    """The token of the page of jobs."""
    task: str | None
    """The last task of the page before, if it is on this page of jobs."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """The token that `str` gave, or the beginning. Raises InvalidParamsError."""
        if not text:
            return cls(None, None)
        try:
            match json.loads(text):
                case [str() | None as jobs, str() | None as task]:
                    return cls(jobs, task)
        except ValueError:
            pass
        raise InvalidParamsError("page_token is not one of an earlier page.")

    def __str__(self) -> str:
        return json_text(list(self))

    def rest(self, tasks: Sequence[Task]) -> Sequence[Task]:
        """The tasks after the page before. Jobs that began meanwhile may have moved it: then all of them."""
        places = [place for place, task in enumerate(tasks, 1) if task.id == self.task]
        return tasks[places[0] :] if places else tasks


class _Contexts(ServerCallContextBuilder):
    """Passes the authenticated viewer to the handler."""

    def build(self, request: Request) -> ServerCallContext:
        return ServerCallContext(state={"viewer": request.state.viewer, "headers": dict(request.headers)})


def _task_id(text: str) -> TaskId:
    found = TaskId.parse(text)
    if found is None:
        raise TaskNotFoundError("There is no such task.")
    return found


def _matches(task: Task, params: ListTasksRequest) -> bool:
    if params.status not in (0, task.status.state) or params.context_id not in ("", task.context_id):
        return False
    if not params.HasField("status_timestamp_after"):
        return True
    at, after = task.status.timestamp, params.status_timestamp_after
    return bool(at.ToNanoseconds() >= after.ToNanoseconds())


def _unreadable() -> InternalError:
    return InternalError("The log can't be read now.")


def _read_only() -> UnsupportedOperationError:
    return UnsupportedOperationError("Tasks are read only.")


def _viewer(context: ServerCallContext) -> Viewer:
    viewer: Viewer = context.state["viewer"]
    return viewer
