"""A WebSocket to AppSync that sends any message of a test, also invalid ones."""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.e2e.callers import Caller
from tests.e2e.waiting import DEADLINE_SECONDS

CONNECT_BODY = "{}"

Frame = dict[str, Any]


class AppSyncSocket:
    """An open socket and every frame it received. Use it as a context manager."""

    def __init__(self, realtime_url: str, host: str, caller: Caller) -> None:
        self._host = host
        self._caller = caller
        self.frames: list[Frame] = []
        handshake = caller.authorization(host, "/graphql/connect", CONNECT_BODY)
        header = base64.urlsafe_b64encode(json.dumps(handshake).encode()).decode().rstrip("=")
        self._connection: ClientConnection = connect(
            realtime_url, subprotocols=[Subprotocol("graphql-ws"), Subprotocol(f"header-{header}")]
        )

    def __enter__(self) -> AppSyncSocket:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def init(self) -> Frame:
        """Send connection_init; the answer: connection_ack or connection_error."""
        self._connection.send(json.dumps({"type": "connection_init"}))
        return self.until(lambda frame: frame["type"].startswith("connection_"))

    def start(self, query: str, variables: Mapping[str, Any], *, caller: Caller | None = None) -> Frame:
        """Start a subscription, as another caller if given; the answer: start_ack or error."""
        data = json.dumps({"query": query, "variables": variables})
        authorization = (caller or self._caller).authorization(self._host, "/graphql", data)
        return self.start_with(data, authorization)

    def start_with(self, data: str, authorization: Mapping[str, str]) -> Frame:
        """Start with this `payload.data` and this authorization object."""
        subscription_id = str(uuid.uuid4())
        payload = {"data": data, "extensions": {"authorization": authorization}}
        self._connection.send(json.dumps({"id": subscription_id, "type": "start", "payload": payload}))
        return self.until(
            lambda frame: frame.get("id") == subscription_id and frame["type"] in ("start_ack", "error")
        )

    def stop(self, subscription_id: str) -> Frame:
        """End a subscription; its `complete`, behind everything that was pushed to this socket before."""
        self._connection.send(json.dumps({"type": "stop", "id": subscription_id}))
        return self.until(
            lambda frame: frame.get("id") == subscription_id and frame["type"] in ("complete", "error")
        )

    def until_message(self, message: str) -> None:
        """Read until a status with this message arrives."""
        self.until(lambda frame: frame["type"] == "data" and message in json.dumps(frame))

    def until(self, wanted: Callable[[Frame], bool]) -> Frame:
        """Read frames, keeping them all, until one is wanted. Raises TimeoutError."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while True:
            frame: Frame = json.loads(self._connection.recv(timeout=max(0.0, deadline - time.monotonic())))
            self.frames.append(frame)
            if wanted(frame):
                return frame

    @property
    def data(self) -> list[Any]:
        """The `payload.data` of every delivery so far."""
        return [frame["payload"]["data"] for frame in self.frames if frame["type"] == "data"]


def connected(realtime_url: str, host: str, caller: Caller) -> AppSyncSocket:
    """A socket that is past connection_ack."""
    socket = AppSyncSocket(realtime_url, host, caller)
    answer = socket.init()
    assert answer["type"] == "connection_ack", answer
    return socket
