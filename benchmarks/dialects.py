"""The bytes that subscribers and publishers send to each server of the fan-out benchmark."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

USER_ID = "user-1"
JOB_ID = "job-1"
MARKER = b"^^"
"""A marker that is once in every delivered status, so that the client counts without parsing frames."""

SELECTION = (
    "jobId userId tenantId eventId sequence type status qualifiedStatus message agentName invocationId "
    "parentInvocationId attempt toolName progress etaSeconds executionTimeMs timestamp metadata"
)
_PUBLISH = f"publishStatus(input: $input) {{ {SELECTION} earlier {{ {SELECTION} }} }}"
MUTATION = f"mutation PublishStatus($input: StatusInput!) {{ {_PUBLISH} }}"
_WATCH = f"onStatusUpdate(userId: $userId) {{ {SELECTION} }}"
SUBSCRIPTION = f"subscription OnStatusUpdate($userId: ID!) {{ {_WATCH} }}"


def status(number: int, size: int) -> dict[str, Any]:
    """One status of about 400 bytes, or with a message that brings it to `size`."""
    return {
        "jobId": JOB_ID,
        "userId": USER_ID,
        "tenantId": "public",
        "eventId": f"event-{number:08d}",
        "sequence": number + 1,
        "type": "agent_status",
        "status": "agent_invoking",
        "qualifiedStatus": "invoking_geo_agent",
        "message": MARKER.decode() + "Looking up the street in the gazetteer".ljust(max(0, size - 360), "."),
        "agentName": "Geo Agent",
        "invocationId": "inv-0001",
        "attempt": 1,
        "timestamp": "2026-11-20T10:00:00.000Z",
    }


class Dialect(Protocol):
    """The subscribe and publish messages of one server."""

    name: str

    def upgrade(self, host: str) -> bytes:
        """The WebSocket upgrade request."""
        ...

    def subscribe(self, host: str) -> Sequence[tuple[bytes, bytes]]:
        """Frames to send after the upgrade, each with the text its answer contains."""
        ...

    def publish(self, host: str, number: int, size: int) -> bytes:
        """The HTTP request that publishes status `number`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """An AWS identity that may call publishStatus."""

    access_key_id: str
    secret_access_key: str
    region: str


class NaiveDialect:
    """The FastAPI server: the path names the user, and the server sends statuses unchanged."""

    name = "naive FastAPI"

    def upgrade(self, host: str) -> bytes:
        """The upgrade of /ws/<user>."""
        return upgrade(f"/ws/{USER_ID}", host, "")

    def subscribe(self, host: str) -> Sequence[tuple[bytes, bytes]]:  # noqa: ARG002 - part of a Dialect
        """The server needs no further frames."""
        return ()

    def publish(self, host: str, number: int, size: int) -> bytes:
        """POST /publish with the status."""
        return http_post("/publish", host, json.dumps(status(number, size)).encode(), {})


class CentrifugeDialect:
    """Centrifugo's library: the server subscribes a client as it connects, statuses come in a publication."""

    name = "Centrifugo's library"

    def upgrade(self, host: str) -> bytes:
        """The upgrade of /connection/websocket."""
        return upgrade("/connection/websocket", host, "")

    def subscribe(self, host: str) -> Sequence[tuple[bytes, bytes]]:  # noqa: ARG002 - part of a Dialect
        """The connect command; its answer lists the subscription."""
        return ((text_frame('{"id":1}'), b'"subs"'),)

    def publish(self, host: str, number: int, size: int) -> bytes:
        """POST /publish with the status."""
        return http_post("/publish", host, json.dumps(status(number, size)).encode(), {})


class AppSyncDialect:
    """GraphQL over HTTP and `graphql-ws` as AppSync's clients speak it, with an API key for the subscriber.

    With `credentials` the mutation is signed (SigV4), without it carries the key.
    """

    def __init__(self, name: str, *, api_key: str, credentials: Credentials | None = None) -> None:
        self.name = name
        self._api_key = api_key
        self._credentials = credentials

    def upgrade(self, host: str) -> bytes:
        """The upgrade of /graphql/realtime, authorization in the query as all servers of the kind read it."""
        header = base64.b64encode(json.dumps(self._authorization(host)).encode()).decode()
        return upgrade(
            f"/graphql/realtime?header={header}&payload=e30=", host, "Sec-WebSocket-Protocol: graphql-ws\r\n"
        )

    def subscribe(self, host: str) -> Sequence[tuple[bytes, bytes]]:
        """connection_init, then start."""
        operation = {"query": SUBSCRIPTION, "variables": {"userId": USER_ID}}
        start = {
            "id": "1",
            "type": "start",
            "payload": {
                "data": json.dumps(operation),
                "extensions": {"authorization": self._authorization(host)},
            },
        }
        return (
            (text_frame('{"type":"connection_init"}'), b'"connection_ack"'),
            (text_frame(json.dumps(start)), b'"start_ack"'),
        )

    def publish(self, host: str, number: int, size: int) -> bytes:
        """POST /graphql with publishStatus."""
        body = json.dumps({"query": MUTATION, "variables": {"input": status(number, size)}}).encode()
        if self._credentials is None:
            return http_post("/graphql", host, body, {"x-api-key": self._api_key})
        return http_post("/graphql", host, body, _signature(self._credentials, host, body))

    def _authorization(self, host: str) -> dict[str, str]:
        return {"host": host, "x-api-key": self._api_key}


def text_frame(text: str) -> bytes:
    """A client's text frame. The protocol allows its mask to be zero, which costs no time."""
    payload = text.encode()
    if len(payload) < 126:
        head = struct.pack("!BB", 0x81, 0x80 | len(payload))
    else:
        head = struct.pack("!BBH", 0x81, 0x80 | 126, len(payload))
    return head + bytes(4) + payload


def http_post(path: str, host: str, body: bytes, headers: dict[str, str]) -> bytes:
    """One HTTP/1.1 request on a kept-alive connection."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        f"{lines}Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def upgrade(path: str, host: str, extra: str) -> bytes:
    """The request that upgrades a connection to a WebSocket."""
    return (
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: c3RhdHVzYmVhbS1iZW5jaA==\r\nSec-WebSocket-Version: 13\r\n{extra}\r\n"
    ).encode()


def _signature(credentials: Credentials, host: str, body: bytes) -> dict[str, str]:
    date = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{date[:8]}/{credentials.region}/appsync/aws4_request"
    canonical = (
        f"POST\n/graphql\n\ncontent-type:application/json\nhost:{host}\nx-amz-date:{date}\n\n"
        f"content-type;host;x-amz-date\n{hashlib.sha256(body).hexdigest()}"
    )
    to_sign = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{credentials.secret_access_key}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    return {
        "x-amz-date": date,
        "Authorization": f"AWS4-HMAC-SHA256 Credential={credentials.access_key_id}/{scope}, "
        f"SignedHeaders=content-type;host;x-amz-date, Signature={signature}",
    }
