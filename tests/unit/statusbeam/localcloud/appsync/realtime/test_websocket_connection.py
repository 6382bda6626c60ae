"""One WebSocket between a recording transport and a real hub."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from statusbeam.localcloud.appsync.contract import (
    AppSyncError,
    AuthenticationError,
    Invalidation,
    Published,
)
from statusbeam.localcloud.appsync.limits import Limits
from statusbeam.localcloud.appsync.realtime.connection_state import SharedWebSocketState
from statusbeam.localcloud.appsync.realtime.websocket_connection import WebSocketConnection
from tests.unit.statusbeam.localcloud.appsync.asyncio_transport import MemoryTransport
from tests.unit.statusbeam.localcloud.appsync.tiny_api import start_message
from tests.unit.statusbeam.localcloud.appsync.tiny_data_plane import TinyDataPlane


class Client:
    """The browser's side: `websockets` frames what it says and reads what the transport was given."""

    def __init__(self, shared: SharedWebSocketState, refusal: AppSyncError | None = None) -> None:
        self.transport = MemoryTransport()
        self.connection = WebSocketConnection(
            shared, self.transport, authority="127.0.0.1:4000", refusal=refusal
        )
        self.peer = ClientProtocol(parse_uri("ws://127.0.0.1/"), state=State.OPEN, max_size=None)
        self.read_so_far = 0
        self.connection.open()

    def send(self, *messages: str) -> None:
        for message in messages:
            self.peer.send_text(message.encode())
        self.flush()

    def flush(self) -> None:
        self.connection.data_received(b"".join(self.peer.data_to_send()))

    async def frames(self) -> list[Frame]:
        """The messages at the end of this tick."""
        for _ in range(5):
            await asyncio.sleep(0)
        data = bytes(self.transport.written[self.read_so_far :])
        self.read_so_far += len(data)
        self.peer.receive_data(data)
        return [event for event in self.peer.events_received() if isinstance(event, Frame)]

    async def received(self) -> list[Any]:
        return [json.loads(bytes(frame.data)) for frame in await self.frames() if frame.opcode is Opcode.TEXT]


class World(TinyDataPlane):
    """A data plane without a listener."""

    def publish(self, user: str, n: int = 0) -> None:
        self.hub.publish(Published(mutation_field="publishStatus", value={"userId": user, "n": n}))


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    yield world
    await world.close()


def kinds(messages: list[Any]) -> list[str]:
    return [message["type"] for message in messages]


async def test_subscriber_receives_ack_keep_alive_start_ack_and_data_in_this_order(world: World) -> None:
    client = Client(world.websockets)
    client.send('{"type":"connection_init"}', start_message("1", "ann"))
    world.publish("ann", 7)
    messages = await client.received()
    assert kinds(messages) == ["connection_ack", "ka", "start_ack", "data"]
    assert messages[-1] == {
        "type": "data",
        "id": "1",
        "payload": {"data": {"onStatusUpdate": {"userId": "ann", "n": 7}}},
    }


async def test_push_before_the_start_is_decided_is_not_received(world: World) -> None:
    world.api.gate = asyncio.Event()
    client = Client(world.websockets)
    client.send(start_message("1", "ann"))
    world.publish("ann", 1)
    assert await client.received() == []
    world.api.gate.set()
    assert kinds(await client.received()) == ["start_ack"]
    world.publish("ann", 2)
    assert kinds(await client.received()) == ["data"]


async def test_all_frames_of_a_tick_for_a_socket_are_one_write(world: World) -> None:
    client = Client(world.websockets)
    client.send(start_message("1", "ann"))
    await client.received()
    writes: list[int] = []
    write = client.transport.write

    def counting(data: bytes | bytearray | memoryview[Any]) -> None:
        writes.append(len(data))
        write(data)

    client.transport.write = counting  # type: ignore[method-assign]
    for n in range(10):
        world.publish("ann", n)
    assert len(await client.received()) == 10
    assert len(writes) == 1


async def test_stop_sent_while_the_start_is_being_decided_is_carried_out_after_it(world: World) -> None:
    world.authenticator.gate = asyncio.Event()
    client = Client(world.websockets)
    client.send(start_message("1", "ann"), '{"type":"stop","id":"1"}', start_message("1", "bob"))
    assert await client.received() == []
    world.authenticator.gate.set()
    assert kinds(await client.received()) == ["start_ack", "complete", "start_ack"]
    world.publish("ann")
    world.publish("bob")
    assert [
        message["payload"]["data"]["onStatusUpdate"]["userId"] for message in await client.received()
    ] == ["bob"]


async def test_thousand_messages_behind_a_slow_start_are_handled_in_order_without_recursion() -> None:
    world = World(Limits(subscriptions_per_connection=2000, pending_messages=5000))
    world.api.gate = asyncio.Event()
    client = Client(world.websockets)
    client.send(*(start_message(str(n), "ann") for n in range(1000)))
    world.api.gate.set()
    world.api.gate = None
    messages = await client.received()
    assert [message["id"] for message in messages] == [str(n) for n in range(1000)]
    await world.close()


async def test_socket_is_not_read_while_too_many_messages_wait() -> None:
    world = World(Limits(pending_messages=3))
    world.api.gate = asyncio.Event()
    client = Client(world.websockets)
    reading = []
    client.send(*(start_message(str(n)) for n in range(4)))
    reading.append(client.transport.reading)
    world.api.gate.set()
    assert len(await client.received()) == 4
    reading.append(client.transport.reading)
    assert reading == [False, True]
    await world.close()


async def test_each_start_is_authorised_by_itself(world: World) -> None:
    client = Client(world.websockets)
    client.send(start_message("1", key="wrong"), start_message("2"))
    messages = await client.received()
    assert kinds(messages) == ["error", "start_ack"]
    assert messages[0]["payload"]["errors"][0]["errorType"] == "UnauthorizedException"


@pytest.mark.parametrize(
    ("user", "error_type", "message"),
    [
        ("forbidden", "Forbidden", "Not yours."),
        ("broken", "InternalFailure", "An internal failure occurred while resolving this request."),
    ],
)
async def test_failing_resolver_is_an_error_of_that_subscription_without_details(
    world: World, user: str, error_type: str, message: str
) -> None:
    client = Client(world.websockets)
    client.send(start_message("1", user))
    (error,) = await client.received()
    assert error["payload"]["errors"] == [{"errorType": error_type, "message": message}]
    assert not client.transport.is_closing()


async def test_resolver_sees_the_headers_of_the_start_without_credentials(world: World) -> None:
    Client(world.websockets).send(start_message("1"))
    assert world.api.subscribed[0].headers == {"host": "127.0.0.1"}


async def test_stalled_consumer_is_cut_off_and_does_not_delay_others() -> None:
    world = World(Limits(write_buffer_bytes=1000))
    stalled, healthy = Client(world.websockets), Client(world.websockets)
    for client in (stalled, healthy):
        client.send(start_message("1", "ann"))
        await client.received()
    stalled.transport.stalled = True
    for n in range(50):
        world.publish("ann", n)
        assert len(await healthy.received()) == 1
    assert stalled.transport.aborted
    assert stalled.transport.backlog < 1200
    assert (world.counters.slow_consumers, world.counters.subscriptions) == (1, 1)
    await world.close()


async def test_lost_connection_leaves_nothing_behind(world: World) -> None:
    client = Client(world.websockets)
    client.send(start_message("1", "ann"), start_message("2"))
    await client.received()
    client.connection.connection_lost(None)
    assert (world.counters.connections, world.counters.subscriptions) == (0, 0)
    assert world.hub.to_dict() == {"groups": 0}
    shared = world.websockets
    assert not shared.connections
    assert len(shared.keep_alive) + len(shared.lifetime) + len(shared.closing) == 0


async def test_start_decided_after_the_connection_is_lost_adds_no_subscription(world: World) -> None:
    world.api.gate = asyncio.Event()
    client = Client(world.websockets)
    client.send(start_message("1", "ann"))
    client.connection.connection_lost(None)
    world.api.gate.set()
    assert await client.received() == []
    assert world.counters.subscriptions == 0


async def test_ping_is_answered_with_its_payload(world: World) -> None:
    client = Client(world.websockets)
    client.peer.send_ping(b"there?")
    client.flush()
    (frame,) = await client.frames()
    assert (frame.opcode, bytes(frame.data)) == (Opcode.PONG, b"there?")


async def test_close_of_the_peer_is_answered_with_its_code_and_ends_the_transport(world: World) -> None:
    client = Client(world.websockets)
    client.send(start_message("1", "ann"))
    client.peer.send_close(3001, "failed init")
    client.flush()
    await client.frames()
    assert client.peer.close_rcvd is not None
    assert client.peer.close_rcvd.code == 3001
    assert client.transport.closed
    assert world.counters.subscriptions == 0


async def test_violation_closes_with_its_code_and_nothing_is_pushed_after_it(world: World) -> None:
    client = Client(world.websockets)
    client.send(start_message("1", "ann"))
    client.peer.send_binary(b"binary")
    client.flush()
    world.publish("ann")
    assert kinds(await client.received()) == ["start_ack"]
    assert client.peer.close_rcvd is not None
    assert client.peer.close_rcvd.code == 1003
    assert not client.transport.closed  # waits for the peer's half


async def test_invalidated_subscription_completes_and_the_socket_is_closed(world: World) -> None:
    client, other = Client(world.websockets), Client(world.websockets)
    client.send(start_message("1", "ann"), start_message("2", "bob"))
    other.send(start_message("1", "bob"))
    await client.received()
    await other.received()
    world.hub.invalidate(Invalidation(subscription_field="onStatusUpdate", payload={"userId": "ann"}))
    assert await client.received() == [{"type": "complete", "id": "1"}]
    assert client.peer.close_rcvd is not None
    assert world.counters.subscriptions == 1
    assert await other.received() == []


async def test_keep_alive_is_sent_repeatedly() -> None:
    world = World(Limits(keep_alive_seconds=0))
    client = Client(world.websockets)
    received: list[Any] = []
    async with asyncio.timeout(10):
        while len(received) < 2:
            received += await client.received()
    assert received == [{"type": "ka"}] * len(received)
    await world.close()


async def closed(client: Client) -> None:
    async with asyncio.timeout(10):
        while client.peer.close_rcvd is None:
            await client.frames()


async def test_connection_is_closed_when_its_lifetime_has_ended() -> None:
    world = World(Limits(connection_lifetime_seconds=0))
    client = Client(world.websockets)
    await closed(client)
    assert client.peer.close_rcvd is not None
    assert client.peer.close_rcvd.code == 1001
    await world.close()


async def test_refused_client_receives_the_reason_after_its_init_and_is_closed_after_a_while() -> None:
    world = World(Limits(refusal_linger_seconds=0, init_wait_seconds=1000))
    client = Client(world.websockets, AuthenticationError())
    assert await client.received() == []
    client.send('{"type":"connection_init"}', start_message("1"))
    (error,) = await client.received()
    assert error["type"] == "connection_error"
    await closed(client)
    assert world.counters.connections_refused == 1
    await world.close()


async def test_refused_client_that_sends_nothing_receives_the_reason_too() -> None:
    world = World(Limits(refusal_linger_seconds=1000, init_wait_seconds=0))
    client = Client(world.websockets, AuthenticationError())
    received: list[Any] = []
    async with asyncio.timeout(10):
        while not received:
            received += await client.received()
    assert kinds(received) == ["connection_error"]
    assert client.peer.close_rcvd is None
    await world.close()


async def test_peer_that_does_not_answer_a_close_is_dropped() -> None:
    world = World(Limits(close_wait_seconds=0))
    client = Client(world.websockets)
    client.connection.close(1001)
    async with asyncio.timeout(10):
        while not client.transport.aborted:
            await asyncio.sleep(0)
    await world.close()
