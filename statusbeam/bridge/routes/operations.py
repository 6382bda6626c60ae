"""`/operations`: a tenant's overview for operators, as a document, as events and over a WebSocket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request, Response, WebSocket
from fastapi.sse import format_sse_event
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from statusbeam.model.errors import SessionStoreError
from statusbeam.model.validation import json_text, wire_time

from ..access.connections import EndReason, StreamEndedError
from ..access.viewer import Viewer
from ..dialects.filters import StatusFilter
from ..dialects.overview import families_of, health_document, system_document
from ..dialects.server_sent_events import OPENING
from ..operations.overview import Overview
from ..problems import Problem
from ..service import Bridge
from .event_stream import COMMENT, COMMENT_SECONDS, STREAM_HEADERS, Output, until_disconnect
from .requests import READING, Caller, Filter, TheBridge, filter_in, problems
from .sockets import CLOSE_CODES, close, refuse

router = APIRouter()

FIRST_SECONDS = 10.0
"""How long a request waits for the first read of a tenant."""

Document = dict[str, Any]


@router.get("/operations", response_model=Document, responses=READING)
async def overview_of_tenant(caller: Caller, bridge: TheBridge, shown: Filter) -> Document:
    """The current health of the tenant's agents, and figures of the system."""
    _require_operator(caller)
    async with bridge.operations.watch(caller.tenant_id) as watch:
        overview = await watch.next(within=FIRST_SECONDS)
    if overview is None:
        raise Problem.unavailable("The tenant could not be read in time.")
    found = _documents(bridge, caller, overview, shown)
    return {document["type"]: document for document in found}


@router.get(
    "/operations/events",
    response_class=Response,
    responses={
        200: {
            "content": {"text/event-stream": {}},
            "description": "Health and figures, in an endless stream.",
        },
        **READING,
        **problems(429),
    },
)
async def operations_events(caller: Caller, bridge: TheBridge, request: Request, shown: Filter) -> Response:
    """Follow the tenant: `agent_health` when it changes, `system` every two seconds."""
    _require_operator(caller)
    return _OperationsStream(bridge, caller, shown, await bridge.resume_headers(request, caller))


@router.websocket("/ws/operations")
async def operations_socket(websocket: WebSocket) -> None:
    """The same over a WebSocket; `?ticket=` authenticates a browser."""
    bridge: Bridge = websocket.app.state.bridge
    try:
        viewer = await bridge.viewer(websocket)
        _require_operator(viewer)
        shown = filter_in(websocket.query_params)
        async with bridge.connections.open(viewer, "operations-ws"):
            await websocket.accept()
            leaving = asyncio.create_task(until_disconnect(websocket.receive))
            try:
                async with aclosing(_follow(bridge, viewer, shown, leaving)) as documents:
                    async for document in documents:
                        if document is not None:
                            await websocket.send_text(json_text(document))
            finally:
                leaving.cancel()
    except WebSocketDisconnect:
        return  # the client disconnected during a send
    except StreamEndedError as ended:
        await close(websocket, CLOSE_CODES[ended.reason], ended.reason)
    except Problem as problem:
        await refuse(websocket, problem)
    except SessionStoreError:
        await refuse(websocket, Problem.unavailable("The login can't be checked now."))


class _OperationsStream(Response):
    """Streams the overview until the client disconnects."""

    media_type = "text/event-stream"

    def __init__(
        self, bridge: Bridge, viewer: Viewer, shown: StatusFilter, headers: Mapping[str, str]
    ) -> None:
        super().__init__(headers={**STREAM_HEADERS, **headers})
        del self.headers["content-length"]
        self._bridge = bridge
        self._viewer = viewer
        self._shown = shown

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's
        output = Output(send, self.raw_headers)
        leaving = asyncio.create_task(until_disconnect(receive))
        last = b""
        try:
            async with (
                self._bridge.connections.open(self._viewer, "operations-sse"),
                aclosing(_follow(self._bridge, self._viewer, self._shown, leaving)) as documents,
            ):
                await output.write(OPENING)
                async for document in documents:
                    await output.write(COMMENT if document is None else _event(document))
        except StreamEndedError as ended:
            if ended.reason is not EndReason.LOGIN_ENDED:
                last = OPENING
        finally:
            leaving.cancel()
        await output.end(last)


async def _follow(
    bridge: Bridge, viewer: Viewer, shown: StatusFilter, leaving: asyncio.Task[None]
) -> AsyncGenerator[Document | None]:
    """The documents until the client disconnects; None after a silence. Unchanged health is left out."""
    before: Document | None = None
    async with bridge.operations.watch(viewer.tenant_id) as watch:
        while not leaving.done():
            overview = await watch.next(within=COMMENT_SECONDS)
            if overview is None:
                yield None
                continue
            for document in _documents(bridge, viewer, overview, shown):
                if document["type"] != "agent_health":
                    yield document
                elif document != before:
                    before = document
                    yield {**document, "timestamp": _time(overview)}


def _documents(bridge: Bridge, viewer: Viewer, overview: Overview, shown: StatusFilter) -> list[Document]:
    with_health, with_figures = families_of(shown)
    found = [health_document(overview, shown)] if with_health else []
    if with_figures:
        connections = bridge.connections.by_dialect(viewer.tenant_id)
        system = system_document(
            overview, shown, connections=connections, watched=bridge.tails.watched_in(viewer.tenant_id)
        )
        found.append({**system, "timestamp": _time(overview)})
    return found


def _event(document: Document) -> bytes:
    return format_sse_event(event=document["type"], data_str=json_text(document))


def _time(overview: Overview) -> str:
    return wire_time(datetime.fromtimestamp(overview.at, UTC))


def _require_operator(viewer: Viewer) -> None:
    if not viewer.sees_tenant or viewer.job_ids is not None:
        raise Problem.forbidden("Only operators and admins see the whole tenant.")
