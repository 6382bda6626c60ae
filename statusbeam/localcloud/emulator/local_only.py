"""Refuses requests to the emulator from web pages of other sites.

The emulator accepts any origin, its root key is public, and it runs any Lambda function. Without this check,
every page that the user visits could run code on this machine. Programs do not send the checked headers.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from ..appsync.loopback import is_local_host, is_local_origin

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

logger = logging.getLogger(__name__)


def local_only(app: AsgiApp) -> AsgiApp:
    """Wrap `app` so that only programs and local pages can use it."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and not is_local_request(_headers(scope)):
            logger.warning("path=<%s> | refused a request from a page of another site", scope["path"])
            await _refuse(scope, send)
        else:
            await app(scope, receive, send)

    return guarded


def is_local_request(headers: Mapping[str, str]) -> bool:
    """Whether the request comes from a program or a local page, by its `Origin`, site and `Host`.

    `Host` reveals a rebound DNS name; `*.localhost` can't be rebound.
    """
    host = headers.get("host", "")
    name = host.partition(":")[0]
    if not (is_local_host(host) or name.endswith(".localhost")):
        return False
    origin = headers.get("origin")
    if origin is None:  # browsers omit it from some GETs
        return headers.get("sec-fetch-site") != "cross-site"
    return is_local_origin(origin)


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


async def _refuse(scope: Scope, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    body = json.dumps(
        {"message": "Only programs and pages on this machine may use localcloud's AWS."}
    ).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})
