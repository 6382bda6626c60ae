"""Passes MCP's messages between an assistant that starts a command, and the bridge.

| an assistant of | the relay |
|---|---|
| 2026-07-28 | passes each message on, with the headers that HTTP demands |
| 2025-11-25 | also serves `resources/subscribe`: the bridge has no sessions, and here the process is one |

For a subscribed resource the relay listens to the bridge (`subscriptions/listen` of 2026-07-28).
"""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from mcp.shared.inbound import (
    MCP_METHOD_HEADER,
    MCP_NAME_HEADER,
    MCP_PROTOCOL_VERSION_HEADER,
    NAME_BEARING_METHODS,
    encode_header_value,
)
from mcp.shared.message import ClientMessageMetadata, SessionMessage
from mcp.types import (
    CLIENT_CAPABILITIES_META_KEY,
    INVALID_PARAMS,
    PROTOCOL_VERSION_META_KEY,
    JSONRPCError,
    JSONRPCMessage,
    JSONRPCNotification,
    JSONRPCRequest,
    JSONRPCResponse,
    RequestId,
)

LISTEN_VERSION: Final = "2026-07-28"
COME_BACK_SECONDS: Final = (1.0, 5.0)
"""How long after its end a stream is opened again: at random, for the bridge's sake."""

_SUBSCRIPTION_ID: Final = "io.modelcontextprotocol/subscriptionId"
_REASON: Final = "dev.statusbeam/reason"
_COME_BACK: Final = ("shutting_down", "too_old")
_UPDATED: Final = "notifications/resources/updated"
_ACKNOWLEDGED: Final = "notifications/subscriptions/acknowledged"


class Target(Protocol):
    """Where messages go."""

    async def send(self, item: SessionMessage, /) -> None:
        """Send one."""
        ...


@dataclass(slots=True)
class _Subscription:
    """A resource that the assistant has subscribed to."""

    uri: str
    request: RequestId | None
    """The assistant's request, until it is answered."""


class Relay:
    """The messages of one assistant."""

    def __init__(
        self,
        to_assistant: Target,
        to_bridge: Target,
        *,
        come_back_seconds: tuple[float, float] = COME_BACK_SECONDS,
    ) -> None:
        self._come_back_seconds = come_back_seconds
        self._to_assistant = to_assistant
        self._to_bridge = to_bridge
        self._version: str | None = None  # of an assistant that shook hands
        self._handshake: RequestId | None = None
        self._prefix = f"listen-{uuid.uuid4().hex}-"
        self._listened = 0
        self._subscriptions: dict[str, _Subscription] = {}  # by the id of the request to listen
        self._returning: set[asyncio.Task[None]] = set()

    async def take_from_assistant(self, message: SessionMessage) -> None:
        """Pass a message on to the bridge, or serve a subscription."""
        request = message.message
        if isinstance(request, JSONRPCRequest):
            params = request.params or {}
            if request.method == "initialize":
                self._handshake = request.id
            elif request.method == "resources/subscribe" and self._version is not None:
                await self._subscribe(request.id, str(params.get("uri")))
                return
            elif request.method == "resources/unsubscribe" and self._version is not None:
                await self._unsubscribe(str(params.get("uri")))
                await self._answer(JSONRPCResponse(jsonrpc="2.0", id=request.id, result={}))
                return
        await self._to_bridge.send(with_headers(request, self._version))

    async def take_from_bridge(self, message: SessionMessage) -> None:
        """Pass a message on to the assistant, or what a subscription's message means to it."""
        found = message.message
        if isinstance(found, JSONRPCNotification):
            listening = str(((found.params or {}).get("_meta") or {}).get(_SUBSCRIPTION_ID))
            if listening.startswith(self._prefix):
                await self._take_news(listening, found)
                return
        elif isinstance(found, JSONRPCResponse | JSONRPCError):
            if str(found.id).startswith(self._prefix):
                await self._take_end(str(found.id), found)
                return
            if found.id == self._handshake and isinstance(found, JSONRPCResponse):
                found = self._after_handshake(found)
        await self._answer(found)

    def close(self) -> None:
        """Stop coming back."""
        for task in self._returning:
            task.cancel()

    def _after_handshake(self, answer: JSONRPCResponse) -> JSONRPCResponse:
        """The bridge's answer, with what the relay adds to it."""
        self._version = str(answer.result.get("protocolVersion"))
        capabilities = answer.result.get("capabilities") or {}
        resources = {**(capabilities.get("resources") or {}), "subscribe": True}
        result = {**answer.result, "capabilities": {**capabilities, "resources": resources}}
        return JSONRPCResponse(jsonrpc="2.0", id=answer.id, result=result)

    async def _subscribe(self, request: RequestId | None, uri: str) -> None:
        await self._unsubscribe(uri)
        self._listened += 1
        listening = f"{self._prefix}{self._listened}"
        self._subscriptions[listening] = _Subscription(uri, request)
        meta = {PROTOCOL_VERSION_META_KEY: LISTEN_VERSION, CLIENT_CAPABILITIES_META_KEY: {}}
        params = {"_meta": meta, "notifications": {"resourceSubscriptions": [uri]}}
        listen = JSONRPCRequest(jsonrpc="2.0", id=listening, method="subscriptions/listen", params=params)
        await self._to_bridge.send(with_headers(listen, self._version))

    async def _unsubscribe(self, uri: str) -> None:
        for listening in [key for key, one in self._subscriptions.items() if one.uri == uri]:
            subscription = self._subscriptions.pop(listening)
            cancel = {"requestId": listening}
            message = JSONRPCNotification(jsonrpc="2.0", method="notifications/cancelled", params=cancel)
            await self._to_bridge.send(with_headers(message, self._version))
            await self._confirm(subscription)

    async def _take_news(self, listening: str, news: JSONRPCNotification) -> None:
        subscription = self._subscriptions.get(listening)
        if subscription is None:
            return
        if news.method == _ACKNOWLEDGED and subscription.request is not None:
            await self._confirm(subscription)
        elif news.method in (_ACKNOWLEDGED, _UPDATED):  # it may have changed before the relay came back
            await self._report(subscription.uri)

    async def _take_end(self, listening: str, end: JSONRPCResponse | JSONRPCError) -> None:
        subscription = self._subscriptions.pop(listening, None)
        if subscription is None:
            return
        if isinstance(end, JSONRPCError) and subscription.request is not None:
            await self._answer(JSONRPCError(jsonrpc="2.0", id=subscription.request, error=end.error))
        elif _ends_for_now(end):
            task = asyncio.create_task(self._come_back(subscription.uri))
            self._returning.add(task)
            task.add_done_callback(self._returning.discard)

    async def _come_back(self, uri: str) -> None:
        await asyncio.sleep(random.uniform(*self._come_back_seconds))  # noqa: S311 - spreads clients
        await self._subscribe(None, uri)

    async def _confirm(self, subscription: _Subscription) -> None:
        """Answer the assistant's request, once."""
        request, subscription.request = subscription.request, None
        if request is not None:
            await self._answer(JSONRPCResponse(jsonrpc="2.0", id=request, result={}))

    async def _report(self, uri: str) -> None:
        await self._answer(JSONRPCNotification(jsonrpc="2.0", method=_UPDATED, params={"uri": uri}))

    async def _answer(self, message: JSONRPCMessage) -> None:
        await self._to_assistant.send(SessionMessage(message))


def with_headers(message: JSONRPCMessage, version: str | None) -> SessionMessage:
    """The message as HTTP demands it: headers name the version, and since 2026-07-28 method and name, too.

    `version` is that of the assistant's handshake. A request of 2026-07-28 has its own.
    """
    headers = {} if version is None else {MCP_PROTOCOL_VERSION_HEADER: version}
    if isinstance(message, JSONRPCRequest):
        params: Mapping[str, Any] = message.params or {}
        own = (params.get("_meta") or {}).get(PROTOCOL_VERSION_META_KEY)
        if isinstance(own, str):
            headers = {MCP_PROTOCOL_VERSION_HEADER: own, MCP_METHOD_HEADER: message.method}
            name = params.get(NAME_BEARING_METHODS.get(message.method, ""))
            if isinstance(name, str):
                headers[MCP_NAME_HEADER] = encode_header_value(name)
    return SessionMessage(message, metadata=ClientMessageMetadata(headers=headers or None))


def _ends_for_now(end: JSONRPCResponse | JSONRPCError) -> bool:
    """Whether the resource may still change: the stream was cut, or the bridge asks to come back."""
    if isinstance(end, JSONRPCError):
        return end.error.code != INVALID_PARAMS
    return (end.result.get("_meta") or {}).get(_REASON) in _COME_BACK
