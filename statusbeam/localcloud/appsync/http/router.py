"""Routes an HTTP request to the GraphQL API, to a route of the table, or to a file of the dashboard."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from ..contract import AppSyncError
from ..loopback import is_local_host, is_local_origin
from ..operations import internal_failure
from .cors import preflight
from .graphql_endpoint import GRAPHQL_PATH, REALTIME_PATHS, GraphQLEndpoint, failure_response
from .messages import HttpRequest, HttpResponse
from .static_site import StaticSite

log = logging.getLogger(__name__)

_FOREIGN = HttpResponse.failure(
    403, "ForbiddenException", "Only pages from this machine may use this server."
)

Handler = Callable[[HttpRequest], Awaitable[HttpResponse]]
Routes = Mapping[tuple[str, str], Handler]


class Router:
    """Responds to requests. Its coroutine never raises."""

    def __init__(self, endpoint: GraphQLEndpoint, routes: Routes, site: StaticSite | None) -> None:
        self._endpoint = endpoint
        self._routes = routes
        self._site = site

    async def respond(self, request: HttpRequest) -> HttpResponse:
        """The response to `request`."""
        if request.path in REALTIME_PATHS and not _has_local_origin(request):
            return _FOREIGN
        if request.path == GRAPHQL_PATH and request.method == "POST":
            return await self._endpoint.post(request)
        if request.path in REALTIME_PATHS:
            return preflight(request) if request.method == "OPTIONS" else _not_allowed("POST, OPTIONS")
        if not _is_local_request(request):
            return _FOREIGN
        handler = self._routes.get((request.method, request.path))
        if handler is not None:
            return await _call(handler, request)
        return self._file(request)

    def _file(self, request: HttpRequest) -> HttpResponse:
        allowed = sorted(method for method, path in self._routes if path == request.path)
        if allowed:
            return _not_allowed(", ".join(allowed))
        if self._site is not None and request.method in {"GET", "HEAD"}:
            response = self._site.respond(request.path)
            if response is not None:
                return response
        return HttpResponse.failure(404, "NotFoundException", "There is nothing here.")


async def _call(handler: Handler, request: HttpRequest) -> HttpResponse:
    await asyncio.sleep(0)  # continue in an asyncio task: a route may use all of asyncio
    try:
        return await handler(request)
    except AppSyncError as error:
        return failure_response(error)
    except Exception:  # routes are replaceable; their defect affects one request
        log.exception("method=<%s>, path=<%s> | route failed", request.method, request.path)
        return failure_response(internal_failure())


def _has_local_origin(request: HttpRequest) -> bool:
    """Whether a program or a local page sent it. AppSync accepts any origin; localcloud does not."""
    origin = request.headers.get("origin")
    return origin is None or is_local_origin(origin)


def _is_local_request(request: HttpRequest) -> bool:
    """Whether the request may use routes without credentials: foreign pages and rebound DNS names may not."""
    return _has_local_origin(request) and is_local_host(request.headers.get("host", ""))


def _not_allowed(methods: str) -> HttpResponse:
    return HttpResponse.failure(405, "MethodNotAllowedException", "Method not allowed.", allow=methods)
