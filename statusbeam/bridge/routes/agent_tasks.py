"""`/a2a`: jobs as tasks of the Agent2Agent protocol, over JSON-RPC and REST, for reading only."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any, Final

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
    GetTaskRequest,
    ListTaskPushNotificationConfigsResponse,
    ListTasksRequest,
    ListTasksResponse,
    Message,
    SubscribeToTaskRequest,
    Task,
    TaskPushNotificationConfig,
)
from a2a.utils.errors import InternalError, InvalidParamsError, TaskNotFoundError, UnsupportedOperationError
from google.protobuf.json_format import MessageToDict
from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from statusbeam.log.snapshot.job_state import Job
from statusbeam.model.errors import JournalError
from statusbeam.model.limits import JOBS_PER_PAGE, JOBS_PER_PAGE_MAX

from ..access.connections import StreamEndedError
from ..access.viewer import Viewer
from ..dialects.a2a_tasks import state_of, task_of, update_of
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
        """The job as it is now."""
        return task_of(await self._job(_viewer(context), params.id))

    async def on_list_tasks(self, params: ListTasksRequest, context: ServerCallContext) -> ListTasksResponse:
        """A page of the caller's jobs, newest first."""
        limit = min(params.page_size or JOBS_PER_PAGE, JOBS_PER_PAGE_MAX)
        if limit < 1:
            raise InvalidParamsError(f"page_size must be from 1 to {JOBS_PER_PAGE_MAX}.")
        token = params.page_token or None
        try:
            page = await self._bridge.list_jobs(_viewer(context), limit=limit, token=token)
        except JournalError as error:
            raise _unreadable() from error
        shown = [head for head in page.heads if params.status in (0, state_of(head))]
        tasks = [task_of(Job(head=head)) for head in shown]
        return ListTasksResponse(
            tasks=tasks, next_page_token=page.next_token or "", page_size=limit, total_size=len(tasks)
        )

    async def on_subscribe_to_task(
        self, params: SubscribeToTaskRequest, context: ServerCallContext
    ) -> AsyncGenerator[Any]:
        """The task, then each status in order, up to the job's end."""
        bridge, viewer = self._bridge, _viewer(context)
        job = await self._job(viewer, params.id)
        if job.head.ended:
            raise UnsupportedOperationError("The task has ended.")
        try:
            async with (
                bridge.connections.open(viewer, "a2a"),
                bridge.tails.watch(viewer.job(params.id), may_see=viewer.may_see) as watch,
            ):
                while True:
                    for event in await watch.next():
                        if isinstance(event, Joined):
                            yield task_of(event.job)
                        else:
                            yield update_of(event)
                    if watch.is_over:
                        return
        except StreamEndedError:
            return  # the client subscribes again, and begins with the task
        except JournalError as error:
            raise _unreadable() from error

    async def _job(self, viewer: Viewer, job_id: str) -> Job:
        try:
            return await self._bridge.visible_job(viewer, job_id)
        except Problem as problem:
            raise TaskNotFoundError(problem.detail) from problem
        except JournalError as error:
            raise _unreadable() from error

    async def on_cancel_task(self, params: Any, context: ServerCallContext) -> Task | None:
        """Refused."""
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
        raise _read_only()

    async def on_get_task_push_notification_config(
        self, params: Any, context: ServerCallContext
    ) -> TaskPushNotificationConfig:
        """Refused."""
        raise _read_only()

    async def on_list_task_push_notification_configs(
        self, params: Any, context: ServerCallContext
    ) -> ListTaskPushNotificationConfigsResponse:
        """Refused."""
        raise _read_only()

    async def on_delete_task_push_notification_config(self, params: Any, context: ServerCallContext) -> None:
        """Refused."""
        raise _read_only()

    async def on_message_send_stream(self, params: Any, context: ServerCallContext) -> AsyncGenerator[Any]:
        """Refused."""
        nothing: tuple[Any, ...] = ()
        for event in nothing:  # a generator, as the SDK expects
            yield event
        raise _read_only()


class _Contexts(ServerCallContextBuilder):
    """Passes the authenticated viewer to the handler."""

    def build(self, request: Request) -> ServerCallContext:
        return ServerCallContext(state={"viewer": request.state.viewer, "headers": dict(request.headers)})


def _unreadable() -> InternalError:
    return InternalError("The log can't be read now.")


def _read_only() -> UnsupportedOperationError:
    return UnsupportedOperationError("Tasks are read only.")


def _viewer(context: ServerCallContext) -> Viewer:
    viewer: Viewer = context.state["viewer"]
    return viewer
