"""The CORS headers that let a page read the responses. router.py rejects pages from other sites."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from .messages import HttpRequest, HttpResponse

CORS: Final[Mapping[str, str]] = {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "x-amzn-RequestId,x-amzn-ErrorType,x-amzn-appsync-TokensConsumed",
}


def with_cors(response: HttpResponse) -> HttpResponse:
    """The same response with CORS headers."""
    return replace(response, headers={**CORS, **response.headers})


def preflight(request: HttpRequest) -> HttpResponse:
    """The response to a browser's preflight request."""
    headers = {**CORS, "access-control-allow-methods": "POST, OPTIONS", "access-control-max-age": "600"}
    requested = request.headers.get("access-control-request-headers")
    if requested:
        headers["access-control-allow-headers"] = requested  # `*` would leave `authorization` out
    return HttpResponse(headers=headers)
