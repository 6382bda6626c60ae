"""An assistant of 2025-11-25 on stdio subscribes to resources: the relay listens to the bridge for it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
from mcp.shared.message import ClientMessageMetadata, SessionMessage
from mcp.types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    ErrorData,
    JSONRPCError,
    JSONRPCNotification,
    JSONRPCRequest,
    JSONRPCResponse,
)

from statusbeam.cli.mcp_relay import Relay

URI = "statusbeam://jobs/job-1"
UPDATED = {"jsonrpc": "2.0", "method": "notifications/resources/updated", "params": {"uri": URI}}


@dataclass(slots=True)
class Side:
    """What one side was sent."""

    sent: list[SessionMessage] = field(default_factory=list)

    async def send(self, item: SessionMessage, /) -> None:
        self.sent.append(item)

    def take(self) -> list[dict[str, Any]]:
        """The messages since the last call."""
        found, self.sent = self.sent, []
        return [one.message.model_dump(by_alias=True, exclude_unset=True) for one in found]

    def take_headers(self) -> list[dict[str, str] | None]:
        found, self.sent = self.sent, []
        metadata = [one.metadata for one in found]
        return [one.headers if isinstance(one, ClientMessageMetadata) else None for one in metadata]


class Session:
    """A relay, and both of its sides."""

    def __init__(self) -> None:
        self.assistant, self.bridge = Side(), Side()
        self.relay = Relay(self.assistant, self.bridge, come_back_seconds=(0.0, 0.0))

    async def ask(self, request_id: int | str, method: str, params: dict[str, Any] | None = None) -> None:
        request = JSONRPCRequest(jsonrpc="2.0", id=request_id, method=method, params=params)
        await self.relay.take_from_assistant(SessionMessage(request))

    async def answer(self, request_id: int | str, result: dict[str, Any]) -> None:
        await self.relay.take_from_bridge(
            SessionMessage(JSONRPCResponse(jsonrpc="2.0", id=request_id, result=result))
        )

    async def fail(self, request_id: int | str, code: int) -> None:
        error = JSONRPCError(jsonrpc="2.0", id=request_id, error=ErrorData(code=code, message="No"))
        await self.relay.take_from_bridge(SessionMessage(error))

    async def notify(self, listening: str, method: str, **params: Any) -> None:
        meta = {"io.modelcontextprotocol/subscriptionId": listening}
        news = JSONRPCNotification(jsonrpc="2.0", method=method, params={"_meta": meta, **params})
        await self.relay.take_from_bridge(SessionMessage(news))

    async def acknowledge(self, listening: str) -> None:
        await self.notify(listening, "notifications/subscriptions/acknowledged", notifications={})

    async def change(self, listening: str) -> None:
        await self.notify(listening, "notifications/resources/updated", uri=URI)

    async def shake_hands(self) -> dict[str, Any]:
        await self.ask(0, "initialize", {"protocolVersion": "2025-11-25"})
        capabilities = {"resources": {"subscribe": False, "listChanged": False}, "tools": {}}
        await self.answer(0, {"protocolVersion": "2025-11-25", "capabilities": capabilities})
        self.bridge.take()
        (answer,) = self.assistant.take()
        found: dict[str, Any] = answer["result"]["capabilities"]
        return found

    async def subscribe(self, request_id: int = 1) -> str:
        """Subscribe; the id of the relay's request to listen."""
        await self.ask(request_id, "resources/subscribe", {"uri": URI})
        listen = self.bridge.take()[-1]
        assert listen["method"] == "subscriptions/listen"
        assert listen["params"]["notifications"] == {"resourceSubscriptions": [URI]}
        return str(listen["id"])


async def test_the_relay_offers_subscriptions_after_the_handshake() -> None:
    session = Session()
    offered = await session.shake_hands()
    assert offered == {"resources": {"subscribe": True, "listChanged": False}, "tools": {}}


async def test_a_subscription_is_confirmed_and_reports_changes_up_to_its_end() -> None:
    session = Session()
    await session.shake_hands()
    listening = await session.subscribe()
    assert session.assistant.take() == []
    await session.acknowledge(listening)
    await session.change(listening)
    assert session.assistant.take() == [{"jsonrpc": "2.0", "id": 1, "result": {}}, UPDATED]
    await session.answer(listening, {"_meta": {"dev.statusbeam/reason": "settled"}})
    assert (session.assistant.take(), session.bridge.take()) == ([], [])


async def test_a_refused_subscription_is_an_error_of_the_assistants_request() -> None:
    session = Session()
    await session.shake_hands()
    await session.fail(await session.subscribe(), INVALID_PARAMS)
    assert session.assistant.take() == [
        {"jsonrpc": "2.0", "id": 1, "error": {"code": INVALID_PARAMS, "message": "No"}}
    ]


async def test_unsubscribing_ends_the_stream_and_nothing_follows() -> None:
    session = Session()
    await session.shake_hands()
    listening = await session.subscribe()
    await session.acknowledge(listening)
    session.assistant.take()
    await session.ask(2, "resources/unsubscribe", {"uri": URI})
    cancelled = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": listening}}
    assert session.bridge.take() == [cancelled]
    await session.change(listening)
    await session.fail(listening, INTERNAL_ERROR)
    assert session.assistant.take() == [{"jsonrpc": "2.0", "id": 2, "result": {}}]


async def test_subscribing_again_replaces_the_stream_and_answers_both_requests() -> None:
    session = Session()
    await session.shake_hands()
    first = await session.subscribe(1)
    second = await session.subscribe(2)
    await session.acknowledge(first)
    await session.acknowledge(second)
    assert [answer["id"] for answer in session.assistant.take()] == [1, 2]


@pytest.mark.parametrize("reason", ["shutting_down", "too_old", None])
async def test_a_stream_that_ends_for_now_is_opened_again(reason: str | None) -> None:
    session = Session()
    await session.shake_hands()
    listening = await session.subscribe()
    await session.acknowledge(listening)
    session.assistant.take()
    if reason is None:
        await session.fail(listening, INTERNAL_ERROR)
    else:
        await session.answer(listening, {"_meta": {"dev.statusbeam/reason": reason}})
    while not session.bridge.sent:
        await asyncio.sleep(0)
    (again,) = session.bridge.take()
    assert again["id"] != listening
    await session.acknowledge(again["id"])
    assert session.assistant.take() == [UPDATED]  # it may have changed meanwhile


async def test_requests_name_their_version_in_headers() -> None:
    session = Session()
    await session.shake_hands()
    await session.ask(1, "tools/list")
    assert session.bridge.take_headers() == [{"mcp-protocol-version": "2025-11-25"}]
    meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}
    await session.ask(2, "tools/call", {"_meta": meta, "name": "get_job"})
    assert session.bridge.take_headers() == [
        {"mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": "get_job"}
    ]


async def test_an_assistant_without_a_handshake_is_served_by_the_bridge_alone() -> None:
    session = Session()
    meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}
    await session.ask(1, "resources/subscribe", {"_meta": meta, "uri": URI})
    assert [one["method"] for one in session.bridge.take()] == ["resources/subscribe"]
