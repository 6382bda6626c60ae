"""The authorization that a WebSocket handshake or a `start` message carries, as a SignedRequest.

A handshake carries it in one of three places:

1. `?header=<base64(JSON)>`, sent percent-encoded or raw, so `+` is a plus and never a space;
2. the subprotocol `header-<base64url(JSON), no padding>` beside `graphql-ws`;
3. the upgrade request's own HTTP headers.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from ..contract import AppSyncError, SignedRequest
from ..loopback import is_local_host, port_of

SUBPROTOCOL: Final = "graphql-ws"
CONNECT_PATH: Final = "/graphql/connect"
START_PATH: Final = "/graphql"
_HEADER_PREFIX: Final = "header-"
_TO_STANDARD_ALPHABET: Final = bytes.maketrans(b"-_", b"+/")


def offered_subprotocols(value: str) -> tuple[str, ...]:
    """The names in a `Sec-WebSocket-Protocol` value, in order."""
    return tuple(name for part in value.split(",") if (name := part.strip()))


def connect_request(query: str, headers: Mapping[str, str]) -> SignedRequest:
    """The request that the client of a handshake signed: POST /graphql/connect with body `{}`.

    `query` is the raw query string. `headers` are those of the upgrade request, with lower-case names; query
    and subprotocol take precedence over them. Raises AppSyncError (BadRequestException, 400) when the
    authorization can't be decoded.
    """
    encoded = _query_value(query, "header")
    if encoded is None:
        encoded = _subprotocol_value(headers.get("sec-websocket-protocol", ""))
    claims = dict(headers) if encoded is None else _decode(encoded)
    return SignedRequest(method="POST", path=CONNECT_PATH, headers=claims, body=b"{}")


def start_request(authorization: Mapping[str, Any], data: str) -> SignedRequest:
    """The request that the client of a `start` signed: POST /graphql with the exact `payload.data` as body.

    Raises AppSyncError (BadRequestException, 400) when the authorization holds anything but strings.
    """
    return SignedRequest(method="POST", path=START_PATH, headers=_lowered(authorization), body=data.encode())


def check_host(claims: Mapping[str, str], authority: str) -> None:
    """Check that `host` names the API, as AppSync does at a handshake and at each `start`.

    `authority` is the `Host` of the upgrade request. Another name of this machine is the same API, and the
    port may be left out. Raises AppSyncError with AppSync's words.
    """
    host = claims.get("host")
    if not host:  # as seen on AWS, without an error type: graphql-dotnet/graphql-client#662
        raise AppSyncError("Required headers are missing.", "", status=400)
    if not is_local_host(host) or port_of(host) not in (None, port_of(authority)):
        message = "The host of the authorization is not this API."  # awslabs/aws-mobile-appsync-sdk-js#768
        raise AppSyncError(message, "HttpNotFoundException", status=404)


def _query_value(query: str, name: str) -> bytes | None:
    for part in query.split("&"):
        key, separator, value = part.partition("=")
        if separator and key == name:
            return unquote_to_bytes(value)
    return None


def _subprotocol_value(value: str) -> bytes | None:
    for name in offered_subprotocols(value):
        if name.startswith(_HEADER_PREFIX):
            return name.removeprefix(_HEADER_PREFIX).encode()
    return None


def _decode(encoded: bytes) -> dict[str, str]:
    standard = encoded.translate(_TO_STANDARD_ALPHABET).rstrip(b"=")
    try:
        text = base64.b64decode(standard + b"=" * (-len(standard) % 4), validate=True)
        claims = json.loads(text)
    except (binascii.Error, ValueError, RecursionError):
        raise _unreadable() from None
    if not isinstance(claims, dict):
        raise _unreadable()
    return _lowered(claims)


def _lowered(claims: Mapping[str, Any]) -> dict[str, str]:
    """Clients differ in case (`Authorization`, `authorization`, `X-Amz-Date`)."""
    if not all(isinstance(value, str) for value in claims.values()):
        raise _unreadable()
    return {name.lower(): value for name, value in claims.items()}


def _unreadable() -> AppSyncError:
    return AppSyncError("The authorization header could not be read.", "BadRequestException", status=400)
