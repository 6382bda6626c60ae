"""Keeps web pages of the internet away from the emulator.

It answers any origin, its root key is public, and it runs the Lambda functions it is given: without this,
every page that the user visits could run code on this machine. Programs don't send what is looked at here.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from ..appsync.http.loopback import is_local_host, is_local_origin

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

logger = logging.getLogger(__name__)


def local_only(app: AsgiApp) -> AsgiApp:
    """`app`, reachable for programs and for pages of this machine."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and not is_from_this_machine(_headers(scope)):
            logger.warning("path=<%s> | a page of another site was refused", scope["path"])
            await _refuse(scope, send)
        else:
            await app(scope, receive, send)

    return guarded


def is_from_this_machine(headers: Mapping[str, str]) -> bool:
    """Whether no browser says otherwise: the page's origin, its site, and the name it knows this server by.

    A rebound DNS name shows in `Host`; `*.localhost` can't be rebound.
    """
    host = headers.get("host", "")
    name = host.partition(":")[0]
    if not (is_local_host(host) or name.endswith(".localhost")):
        return False
    origin = headers.get("origin")
    if origin is None:  # a browser leaves it out of some GETs
        return headers.get("sec-fetch-site") != "cross-site"
    return is_local_origin(origin)


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


async def _refuse(scope: Scope, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    body = json.dumps(
        {"message": "Only this machine's programs and pages may use localcloud's AWS."}
    ).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})
