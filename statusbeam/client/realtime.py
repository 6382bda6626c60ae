"""One subscription over AppSync's real-time protocol. The functions on frames have no socket."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any, Protocol
from urllib.parse import urlsplit

from .errors import UnreachableError
from .graphql_errors import TokenRefusedError, error_of

HANDSHAKE_SECONDS = 10.0
START_SECONDS = 15.0
CANCELLED_START_SECONDS = 2.0
SILENCE_SECONDS = 150.0
"""Silence that counts as a dead connection, unless the service asks for less. It sends `ka` every 60 s."""
MESSAGE_BYTES = 1_000_000
_ID = "1"
_UNAUTHORIZED = (401, 403)
_STANDARD = re.compile(r"https://\w{26}\.appsync-api\.[\w-]+\.amazonaws\.com(\.cn)?/graphql")

Data = Mapping[str, Any]


class Socket(Protocol):
    """An open WebSocket."""

    async def send(self, message: str) -> None:
        """Send a text."""
        ...

    async def recv(self) -> str | bytes:
        """The next message. Raises OSError or EOFError when the connection is over."""
        ...


OpenSocket = Callable[[str, list[str]], AbstractAsyncContextManager[Socket]]
"""(url, subprotocols) -> the connection. Raises ClientError."""


def realtime_url(graphql_url: str) -> str:
    """The address of the sockets that belongs to a GraphQL address."""
    url = re.sub("^http", "ws", graphql_url)
    return (
        url.replace("appsync-api", "appsync-realtime-api")
        if _STANDARD.fullmatch(graphql_url)
        else f"{url}/realtime"
    )


def subprotocols(graphql_url: str, token: str) -> list[str]:
    """The subprotocols of the handshake. They carry the token, because an address ends up in logs."""
    header = base64.urlsafe_b64encode(json.dumps(_authorization(graphql_url, token)).encode())
    return ["graphql-ws", f"header-{header.decode().rstrip('=')}"]


def start_frame(document: str, variables: Mapping[str, Any], graphql_url: str, token: str) -> str:
    """The frame that starts the subscription."""
    data = json.dumps({"query": document, "variables": variables})
    payload = {"data": data, "extensions": {"authorization": _authorization(graphql_url, token)}}
    return json.dumps({"id": _ID, "type": "start", "payload": payload})


def read_frame(text: str | bytes) -> tuple[str, Mapping[str, Any]]:
    """Type and payload of a frame; any other message only shows that the connection is alive."""
    try:
        frame = json.loads(text)
    except ValueError:
        return "ka", {}
    if not isinstance(frame, dict):
        return "ka", {}
    payload = frame.get("payload")
    return str(frame.get("type")), payload if isinstance(payload, dict) else {}


async def subscribe(
    graphql_url: str,
    token: str,
    document: str,
    variables: Mapping[str, Any],
    *,
    on_start: Callable[[], None],
    open_socket: OpenSocket | None = None,
) -> AsyncGenerator[Data | None, None]:
    """Yield None at `start_ack`, then the `data` of each push. Raises ClientError when it ends.

    Calls `on_start` when the subscription is asked for: from then on its resolver may have run.
    """
    opened = (open_socket or _websocket)(realtime_url(graphql_url), subprotocols(graphql_url, token))
    try:
        async with opened as socket:
            await socket.send(json.dumps({"type": "connection_init"}))
            answer = await _until(socket, "connection_ack", HANDSHAKE_SECONDS)
            silence = _silence(answer)
            await socket.send(start_frame(document, variables, graphql_url, token))
            on_start()
            await _started(socket)
            yield None
            while True:
                async with asyncio.timeout(silence):
                    kind, payload = read_frame(await socket.recv())
                if kind == "data" and payload.get("data"):
                    yield payload["data"]
                _raise_for(kind, payload)
    except (OSError, EOFError) as error:
        raise UnreachableError(f"the connection broke: {type(error).__name__} {error}") from error


async def _started(socket: Socket) -> None:
    try:
        await _until(socket, "start_ack", START_SECONDS)
    except asyncio.CancelledError:
        # The resolver may be at work. The session that it notes is closed next, and not before it is noted.
        with suppress(Exception):
            await _until(socket, "start_ack", CANCELLED_START_SECONDS)
        raise


async def _until(socket: Socket, wanted: str, seconds: float) -> Mapping[str, Any]:
    async with asyncio.timeout(seconds):
        while True:
            kind, payload = read_frame(await socket.recv())
            if kind == wanted:
                return payload
            _raise_for(kind, payload)


def _raise_for(kind: str, payload: Mapping[str, Any]) -> None:
    if kind in ("error", "connection_error"):
        raise error_of(payload)
    if kind == "complete":
        raise UnreachableError("the service ended the subscription.")


def _silence(answer: Mapping[str, Any]) -> float:
    try:
        seconds = float(answer.get("connectionTimeoutMs") or 0) / 1000
    except (TypeError, ValueError):
        seconds = 0
    return min(SILENCE_SECONDS, seconds) if seconds > 0 else SILENCE_SECONDS


def _authorization(graphql_url: str, token: str) -> dict[str, str]:
    return {"host": urlsplit(graphql_url).netloc, "Authorization": token}


class _websocket:  # noqa: N801 - used like a function
    """The OpenSocket of the `websockets` package, which takes a while to import."""

    def __init__(self, url: str, protocols: list[str]) -> None:
        from websockets.asyncio.client import connect  # noqa: PLC0415 - see above
        from websockets.typing import Subprotocol  # noqa: PLC0415 - as above

        self._connection = connect(
            url,
            subprotocols=[Subprotocol(each) for each in protocols],
            open_timeout=HANDSHAKE_SECONDS,
            ping_interval=None,  # AppSync sends `ka`, and does not answer pings
            close_timeout=1,
            max_size=MESSAGE_BYTES,
        )

    async def __aenter__(self) -> Socket:
        from websockets.exceptions import InvalidHandshake, InvalidStatus  # noqa: PLC0415 - as above

        try:
            return _Texts(await self._connection.__aenter__())
        except InvalidStatus as error:
            if error.response.status_code in _UNAUTHORIZED:
                raise TokenRefusedError("the API refused the connection.") from error
            raise UnreachableError(f"the connection was refused: {error}") from error
        except InvalidHandshake as error:
            raise UnreachableError(f"the connection was refused: {error}") from error

    async def __aexit__(self, *left: Any) -> None:
        try:
            await self._connection.__aexit__(*left)
        except asyncio.CancelledError:  # the caller no longer waits for the service's close
            self._connection.connection.transport.abort()
            raise


class _Texts:
    """A connection of `websockets` whose end is an EOFError."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def send(self, message: str) -> None:
        """See Socket.send."""
        await self._call(self._connection.send(message))

    async def recv(self) -> str | bytes:
        """See Socket.recv."""
        received: str | bytes = await self._call(self._connection.recv())
        return received

    @staticmethod
    async def _call(awaitable: Any) -> Any:
        from websockets.exceptions import ConnectionClosed  # noqa: PLC0415 - as above

        try:
            return await awaitable
        except ConnectionClosed as error:
            raise EOFError(str(error)) from error
