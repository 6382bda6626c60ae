"""`/mcp`: jobs for assistants, by the Model Context Protocol over streamable HTTP.

Every tool ends within a minute, because clients give up then. A failed job is an answer with `isError`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Final

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.transport_security import TransportSecuritySettings
from mcp.types import CallToolResult, TextContent, ToolAnnotations
from pydantic import Field
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from statusbeam.log.snapshot.job_state import Job
from statusbeam.model.limits import JOBS_PER_PAGE_MAX, UPDATES_PER_PAGE
from statusbeam.model.validation import json_text
from statusbeam.model.words import OverallStatus

from ..access.connections import StreamEndedError
from ..access.viewer import Viewer
from ..dialects import assistant_text as text
from ..dialects.documents import job_document, status_document
from ..problems import Problem
from ..service import Bridge
from ..tail.cursor import BEGINNING
from ..tail.events import Joined
from .assistant_server import AssistantServer, viewer_of
from .jobs import start_workflow
from .requests import cursor_in
from .resource_updates import JOB_URI, ResourceUpdates

WAIT_SECONDS_MAX: Final = 50
MCP_PATH: Final = "/mcp"

_READING: Final = ToolAnnotations(read_only_hint=True, open_world_hint=False)
_INSTRUCTIONS: Final = """\
Shows the live status of multi-agent jobs. After run_workflow, call wait_for_job until the job has ended."""

JobId = Annotated[str, Field(description="The job's id, its sessionId or its correlationId.")]


class McpEndpoint:
    """The ASGI application at `/mcp`. Each request needs a token, like every other request."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._app: ASGIApp | None = None

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Run the tools while the block serves."""
        server = assistant_server(self._bridge)
        # The bridge checks the origin itself, and a deployment's hosts are its own.
        security = TransportSecuritySettings(enable_dns_rebinding_protection=False)
        self._app = server.streamable_http_app(
            streamable_http_path=MCP_PATH, stateless_http=True, transport_security=security
        )
        async with server.session_manager.run():
            yield
        self._app = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request of an authenticated viewer."""
        viewer = await self._bridge.viewer(HTTPConnection(scope))
        if self._app is None:
            raise Problem.unavailable("This process does not serve yet.")
        if scope["method"] != "POST":
            # The SDK would hold a stream open that no session ever writes to, and that no limit counts.
            await Response(status_code=405, headers={"Allow": "POST"})(scope, receive, send)
            return
        await self._app({**scope, "state": {**scope.get("state", {}), "viewer": viewer}}, receive, send)


def assistant_server(bridge: Bridge) -> AssistantServer:
    """The tools and the resource, on what `bridge` reads."""
    server = AssistantServer(
        "statusbeam",
        instructions=_INSTRUCTIONS,
        log_level="WARNING",
        middleware=[ResourceUpdates(bridge)],
    )

    @server.tool(annotations=_READING)
    async def list_jobs(
        ctx: Context[Any, Any],
        status: Annotated[OverallStatus | None, Field(description="Only jobs in this state.")] = None,
        limit: Annotated[int, Field(ge=1, le=JOBS_PER_PAGE_MAX)] = 10,
    ) -> CallToolResult:
        """List the caller's newest jobs."""
        page = await bridge.list_jobs(_viewer(ctx), limit=limit)
        shown = [head for head in page.heads if status in (None, head.overall_status)]
        jobs = [job_document(Job(head=head), now=bridge.clock.now()) for head in shown]
        return _answer(text.heads_text(shown), {"jobs": jobs})

    @server.tool(annotations=_READING)
    async def get_job(ctx: Context[Any, Any], job_id: JobId) -> CallToolResult:
        """Read the current job: its state, and the activity of each agent."""
        key = await _found(bridge, _viewer(ctx), job_id)
        return _job_answer(await bridge.visible_job(_viewer(ctx), key), bridge)

    @server.tool(annotations=_READING)
    async def get_job_updates(
        ctx: Context[Any, Any],
        job_id: JobId,
        after: Annotated[str | None, Field(description="The cursor of an earlier answer.")] = None,
    ) -> CallToolResult:
        """Read the statuses after a cursor. `recovered: false` means that some are missing: use get_job."""
        viewer = _viewer(ctx)
        cursor = cursor_in("after", after) or BEGINNING
        key = await _found(bridge, viewer, job_id)
        page = await bridge.page(viewer, key, after=cursor, limit=UPDATES_PER_PAGE)
        verdict = {"recovered": page.lost is None, "reason": page.lost, "cursor": str(page.cursor)}
        lost = f"Statuses are missing ({page.lost}). Use get_job." if page.lost else None
        updates = [status_document(update) for update in page.updates]
        more = not page.is_up_to_date
        return _answer(lost or text.updates_text(page.updates), {"updates": updates, "more": more, **verdict})

    @server.tool(annotations=_READING)
    async def wait_for_job(
        ctx: Context[Any, Any],
        job_id: JobId,
        seconds: Annotated[float, Field(ge=0, le=WAIT_SECONDS_MAX)] = WAIT_SECONDS_MAX,
    ) -> CallToolResult:
        """Wait until a job has ended, or the time is over. Progress notifications have the agents'
        activities."""
        viewer = _viewer(ctx)
        key = await bridge.find_job(viewer, job_id) or viewer.job(job_id)
        try:
            async with bridge.connections.open(viewer, "mcp"):
                return _job_answer(await _wait(bridge, ctx, viewer, key.job_id, seconds), bridge)
        except StreamEndedError as ended:
            raise ToolError(f"The wait was ended: {ended.reason}.") from ended

    @server.tool(annotations=ToolAnnotations(read_only_hint=False, destructive_hint=False))
    async def run_workflow(
        ctx: Context[Any, Any],
        input: Annotated[dict[str, Any], Field(description="The workflow's input.")],  # noqa: A002 - the tool's
        workflow: Annotated[str | None, Field(description="A registered workflow's name.")] = None,
    ) -> CallToolResult:
        """Start a workflow. Its job belongs to the caller."""
        started = await start_workflow(bridge, _viewer(ctx), workflow, None, input)
        document = {"jobId": started.session_id, "workflow": started.workflow}
        return _answer(f"Started job {json_text(started.session_id)}.", document)

    @server.resource(JOB_URI, mime_type="application/json")
    async def job(
        job_id: str,
        ctx: Context,  # not Context[…], which pydantic would copy without the request
    ) -> str:
        """The current job."""
        found = await bridge.visible_job(_viewer(ctx), job_id)
        return json_text(job_document(found, now=bridge.clock.now()))

    return server


async def _wait(bridge: Bridge, ctx: Context[Any, Any], viewer: Viewer, job_id: str, seconds: float) -> Job:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    async with bridge.tails.watch(viewer.job(job_id), may_see=viewer.may_see) as watch:
        while events := await watch.next(within=max(0.0, deadline - loop.time())):
            for event in events:
                if not isinstance(event, Joined):
                    await ctx.report_progress(event.sequence, message=text.update_text(event.update))
            if watch.job.head.ended:
                break
        return watch.job


def _viewer(ctx: Context[Any, Any]) -> Viewer:
    return viewer_of(ctx.request_context.request)


async def _found(bridge: Bridge, viewer: Viewer, job_id: str) -> str:
    key = await bridge.find_job(viewer, job_id)
    if key is None:
        raise ToolError("There is no such job, or it is not yours.")
    return key.job_id


def _job_answer(job: Job, bridge: Bridge) -> CallToolResult:
    now = bridge.clock.now()
    failed = job.head.overall_status is OverallStatus.FAILED
    return _answer(text.job_text(job, now=now), {"job": job_document(job, now=now)}, is_error=failed)


def _answer(words: str, document: dict[str, Any], *, is_error: bool = False) -> CallToolResult:
    return CallToolResult(
        content=[TextContent(type="text", text=words)], structured_content=document, is_error=is_error
    )
