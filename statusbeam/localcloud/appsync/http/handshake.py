"""The WebSocket upgrade: checks an HTTP request and reads the authorization that it carries."""

from __future__ import annotations

from dataclasses import dataclass

from ..contract import AppSyncError, SignedRequest
from ..loopback import is_local_origin
from ..realtime.authorization import SUBPROTOCOL, check_host, connect_request, offered_subprotocols
from ..realtime.websocket import accept_value
from .messages import HttpRequest, HttpResponse


@dataclass(frozen=True, slots=True)
class Handshake:
    """A valid upgrade. `claim` still has to be authorized; an AppSyncError in it is already a refusal.

    A refused client gets its WebSocket too: AppSync sends the reason in `connection_error`. `authority` is
    the `Host` of the request.
    """

    accept: str
    subprotocol: str | None
    authority: str
    claim: SignedRequest | AppSyncError


def read_handshake(request: HttpRequest) -> Handshake | HttpResponse:
    """The handshake in an upgrade request, or the HTTP response that rejects it."""
    headers = request.headers
    origin = headers.get("origin")
    if origin is not None and not is_local_origin(origin):
        return HttpResponse.failure(403, "ForbiddenException", "Only pages of this machine may connect.")
    if headers.get("sec-websocket-version") != "13":
        response = HttpResponse.failure(426, "BadRequestException", "WebSocket version 13 is required.")
        return HttpResponse(
            status=426, body=response.body, headers={**response.headers, "sec-websocket-version": "13"}
        )
    accept = accept_value(headers.get("sec-websocket-key", ""))
    if accept is None or "upgrade" not in headers.get("connection", "").lower():
        return HttpResponse.failure(400, "BadRequestException", "The WebSocket handshake is not valid.")
    authority = headers.get("host", "")
    offered = offered_subprotocols(headers.get("sec-websocket-protocol", ""))
    if SUBPROTOCOL not in offered:
        return Handshake(accept, None, authority, _no_subprotocol(offered))
    return Handshake(accept, SUBPROTOCOL, authority, _claim(request))


def _claim(request: HttpRequest) -> SignedRequest | AppSyncError:
    try:
        claim = connect_request(request.query, request.headers)
        check_host(claim.headers, request.headers.get("host", ""))
    except AppSyncError as error:
        return error
    return claim


def _no_subprotocol(offered: tuple[str, ...]) -> AppSyncError:
    # As seen on AWS: aws/aws-appsync-community#195 and graphql-dotnet/graphql-client#591.
    name = "SubProtocolNotSupportedError" if offered else "NoProtocolError"
    return AppSyncError(name, "", status=400)
