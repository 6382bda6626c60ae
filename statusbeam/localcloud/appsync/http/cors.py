"""What a browser must hear before it shows a page our answers; router.py keeps foreign pages from here."""

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
    """The same answer, readable by any page."""
    return replace(response, headers={**CORS, **response.headers})


def preflight(request: HttpRequest) -> HttpResponse:
    """The answer to a browser that asks before it posts."""
    headers = {**CORS, "access-control-allow-methods": "POST, OPTIONS", "access-control-max-age": "600"}
    asked = request.headers.get("access-control-request-headers")
    if asked:
        headers["access-control-allow-headers"] = asked  # `*` would leave `authorization` out
    return HttpResponse(headers=headers)
