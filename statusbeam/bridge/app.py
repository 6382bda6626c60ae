"""The whole bridge as one ASGI application.

>>> app = create_app(bridge_on_aws(BridgeSettings.from_env(os.environ)))
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import Route

from statusbeam.model.errors import JournalError, SessionStoreError

from .access.connections import EndReason, StreamEndedError
from .problems import Problem
from .routes import (
    ag_ui,
    cloud_events,
    health,
    job_events,
    job_stream,
    jobs,
    operations,
    orchestrator_socket,
    tickets,
)
from .routes.agent_tasks import A2A_PATH, CARD_PATH, A2aEndpoint, agent_card
from .routes.assistants import MCP_PATH, McpEndpoint
from .routes.connection_manager import ConnectionManager
from .service import Bridge

_STREAMS: Final = (orchestrator_socket, job_events, ag_ui, operations)
_REQUESTS: Final = (jobs, job_stream, cloud_events, tickets, health)

STREAM_HEADERS: Final = ("Stream-Closed", "Stream-Cursor", "Stream-Next-Offset", "Stream-Up-To-Date")
"""The headers that clients of Durable Streams read."""

_log = logging.getLogger(__name__)


def create_app(bridge: Bridge, *, streams: bool = True) -> FastAPI:
    """The application that serves `bridge` in every dialect, or without `streams`, in those with one
    answer."""

    mcp = McpEndpoint(bridge)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with bridge.serving(), mcp.serving():
            yield

    app = FastAPI(
        title="Statusbeam bridge",
        version="1",
        summary="The live status of jobs, in the protocols that clients already speak.",
        lifespan=lifespan,
    )
    app.state.bridge = bridge
    app.state.connections = ConnectionManager(bridge)
    app.add_middleware(
        CORSMiddleware,
        allow_origin_regex=bridge.origins.pattern,
        allow_credentials=bridge.origins.restricted,  # the cookie of a reconnecting stream
        allow_methods=["GET", "HEAD", "POST"],
        allow_headers=["*"],  # A2A and MCP have headers of their own; what may be done depends on none
        expose_headers=["ETag", "Link", "Location", "Retry-After", *STREAM_HEADERS],
    )
    _answer_with_problems(app)
    for module in (*_REQUESTS, *(_STREAMS if streams else ())):
        app.include_router(module.router)
    a2a = A2aEndpoint(bridge)
    app.router.routes += (
        Route(MCP_PATH, endpoint=mcp),
        Route(CARD_PATH, endpoint=agent_card),
        Route(A2A_PATH, endpoint=a2a),
        Route(f"{A2A_PATH}/{{path:path}}", endpoint=a2a),
    )
    return app


def _answer_with_problems(app: FastAPI) -> None:
    """Respond to every error with a problem document."""

    @app.exception_handler(Problem)
    async def known(_: Request, problem: Problem) -> JSONResponse:
        return problem.response()

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        fields = [".".join(map(str, one["loc"][1:])) or str(one["loc"][0]) for one in error.errors()]
        detail = "; ".join(
            f"{field}: {one['msg']}" for field, one in zip(fields, error.errors(), strict=True)
        )
        return Problem(422, "invalid-request", detail).response()

    @app.exception_handler(HTTPException)
    async def of_the_framework(_: Request, error: HTTPException) -> JSONResponse:
        code = {404: "not-found", 405: "method-not-allowed"}.get(error.status_code, "bad-request")
        return Problem(error.status_code, code, str(error.detail), headers=error.headers).response()

    @app.exception_handler(JournalError)
    @app.exception_handler(SessionStoreError)
    async def unreadable(_: Request, error: Exception) -> JSONResponse:
        _log.warning("error=<%s> | a request failed: %s", type(error).__name__, error)
        return Problem.unavailable("The log can't be read now.").response()

    @app.exception_handler(StreamEndedError)
    async def ended(_: Request, error: StreamEndedError) -> JSONResponse:
        if error.reason is EndReason.LOGIN_ENDED:
            return Problem.unauthenticated("This login was ended. Sign in again.").response()
        return Problem.unavailable("This process is shutting down.", retry_after=1).response()

    @app.exception_handler(Exception)
    async def unexpected(_: Request, __: Exception) -> JSONResponse:
        return Problem(500, "internal-error", "The bridge failed. Its logs have the reason.").response()
