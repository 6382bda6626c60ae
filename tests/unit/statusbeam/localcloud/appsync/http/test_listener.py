"""The data plane on a real port, with real clients."""

from __future__ import annotations

import asyncio
import base64
import json
import random
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import trustme
from gql import Client, GraphQLRequest
from gql.transport.appsync_auth import AppSyncApiKeyAuthentication
from gql.transport.appsync_websockets import AppSyncWebsocketsTransport
from gql.transport.exceptions import TransportQueryError, TransportServerError
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from statusbeam.localcloud.appsync.limits import Limits
from statusbeam.localcloud.appsync.realtime.faults import Faults
from statusbeam.localcloud.appsync.server import DataPlane
from tests.unit.statusbeam.localcloud.appsync.tiny_api import (
    KEY,
    KeyAuthenticator,
    TinyApi,
    authorization,
    publish_body,
    start_message,
)

PATIENCE = 20  # seconds; nothing waits that long unless it is broken

Planes = Callable[..., Awaitable[DataPlane]]


@pytest.fixture
async def planes() -> AsyncIterator[Planes]:
    """Starts data planes with a tiny API, and closes them."""
    started: list[DataPlane] = []

    async def start(**options: Any) -> DataPlane:
        plane = await DataPlane.start("127.0.0.1", 0, TinyApi(), KeyAuthenticator(), **options)
        started.append(plane)
        return plane

    yield start
    for plane in started:
        await plane.close()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """A certificate authority that the client trusts."""
    return trustme.CA()


@pytest.fixture
def server_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def client_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def header_protocol(claims: dict[str, str]) -> Subprotocol:
    encoded = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return Subprotocol(f"header-{encoded}")


def dial(plane: DataPlane, *, path: str = "/graphql/realtime", scheme: str = "ws", **options: Any) -> connect:
    options.setdefault("subprotocols", [Subprotocol("graphql-ws"), header_protocol(authorization())])
    return connect(f"{scheme}://127.0.0.1:{plane.port}{path}", **options)


async def receive(connection: ClientConnection, kind: str) -> Any:
    """The next message of a kind; others are passed over."""
    async with asyncio.timeout(PATIENCE):
        while True:
            message = json.loads(await connection.recv())
            if message["type"] == kind:
                return message


async def subscribe(connection: ClientConnection, user: str = "ann", subscription_id: str = "1") -> None:
    await connection.send('{"type":"connection_init"}')
    await receive(connection, "connection_ack")
    await connection.send(start_message(subscription_id, user))
    await receive(connection, "start_ack")


async def http(plane: DataPlane, data: bytes, *, tls: ssl.SSLContext | None = None) -> bytes:
    """All a connection answers until it ends."""
    async with asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_connection("127.0.0.1", plane.port, ssl=tls)
        writer.write(data)
        await writer.drain()
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        return answer


def post(body: bytes, *headers: str, path: str = "/graphql") -> bytes:
    lines = [
        f"POST {path} HTTP/1.1",
        "host: 127.0.0.1",
        f"x-api-key: {KEY}",
        f"content-length: {len(body)}",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


@pytest.mark.parametrize("path", ["/graphql", "/graphql/realtime"])
async def test_client_subscribes_and_receives_on_both_paths(planes: Planes, path: str) -> None:
    plane = await planes()
    async with dial(plane, path=path) as connection:
        assert connection.subprotocol == "graphql-ws"
        await subscribe(connection)
        answer = await http(plane, post(publish_body("ann", n=1), "connection: close"))
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert await receive(connection, "data") == {
            "type": "data",
            "id": "1",
            "payload": {"data": {"onStatusUpdate": {"userId": "ann", "n": 1}}},
        }
        await connection.send('{"type":"stop","id":"1"}')
        assert await receive(connection, "complete") == {"type": "complete", "id": "1"}


async def test_one_port_speaks_plain_and_tls(
    planes: Planes, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    plane = await planes(tls=server_tls)
    async with dial(plane) as plain, dial(plane, scheme="wss", ssl=client_tls) as secure:
        await subscribe(plain)
        await subscribe(secure)
        request = post(publish_body("ann"), "connection: close")
        for tls in (None, client_tls):
            assert b"200 OK" in await http(plane, request, tls=tls)
            assert await receive(plain, "data")
            assert await receive(secure, "data")


async def test_large_pushes_cross_tls(
    planes: Planes, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    plane = await planes(tls=server_tls)
    async with dial(plane, scheme="wss", ssl=client_tls) as secure:
        await subscribe(secure)
        await http(plane, post(publish_body("ann", text="x" * 200_000), "connection: close"))
        message = await receive(secure, "data")
        assert len(message["payload"]["data"]["onStatusUpdate"]["text"]) == 200_000


async def test_connection_that_sends_no_byte_is_closed(planes: Planes, server_tls: ssl.SSLContext) -> None:
    plane = await planes(tls=server_tls, limits=Limits(first_byte_seconds=0.01))
    assert await http(plane, b"") == b""


async def test_broken_tls_handshake_leaves_other_connections_alone(
    planes: Planes, server_tls: ssl.SSLContext
) -> None:
    plane = await planes(tls=server_tls)
    reader, writer = await asyncio.open_connection("127.0.0.1", plane.port)
    writer.write(b"\x16\x03\x01\x00\x05hello")
    async with asyncio.timeout(PATIENCE):
        await reader.read()
    writer.close()
    async with dial(plane) as connection:
        await subscribe(connection)


async def test_nine_kilobyte_token_fits_into_the_subprotocol(planes: Planes) -> None:
    plane = await planes()
    claims = {"host": "127.0.0.1", "Authorization": "good" + "t" * 9000}
    async with dial(plane, subprotocols=[Subprotocol("graphql-ws"), header_protocol(claims)]) as connection:
        await subscribe(connection)


async def test_plain_headers_authorise_a_handshake(planes: Planes) -> None:
    plane = await planes()
    protocols = [Subprotocol("graphql-ws")]
    async with dial(plane, subprotocols=protocols, additional_headers={"x-api-key": KEY}) as connection:
        await subscribe(connection)


async def test_refused_handshake_opens_sends_the_reason_and_closes(planes: Planes) -> None:
    plane = await planes(limits=Limits(refusal_linger_seconds=0.01))
    protocols = [Subprotocol("graphql-ws"), header_protocol(authorization("wrong"))]
    async with dial(plane, subprotocols=protocols) as connection:
        await connection.send('{"type":"connection_init"}')
        error = await receive(connection, "connection_error")
        assert error["payload"]["errors"][0]["errorType"] == "UnauthorizedException"
        with pytest.raises(ConnectionClosed):
            await receive(connection, "never")


async def test_foreign_page_may_not_open_a_socket(planes: Planes) -> None:
    plane = await planes()
    with pytest.raises(InvalidStatus) as refused:
        async with dial(plane, origin="https://evil.example"):
            raise AssertionError("it opened")
    assert refused.value.response.status_code == 403


async def test_close_all_closes_with_the_code_and_clients_may_reconnect(planes: Planes) -> None:
    plane = await planes()
    async with dial(plane) as connection:
        await subscribe(connection)
        plane.close_all(1001)
        with pytest.raises(ConnectionClosed) as closed:
            await receive(connection, "never")
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1001
    async with dial(plane) as connection:
        await subscribe(connection)


async def test_closing_the_plane_closes_its_connections_and_frees_the_port(planes: Planes) -> None:
    plane = await planes()
    async with dial(plane) as connection:
        await subscribe(connection)
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(plane.close(), connection.wait_closed())
        assert connection.close_code == 1001
        with pytest.raises(OSError, match="Connect call failed"):
            await http(plane, b"")
    assert plane.stats()["connections"] == 0
    again = await DataPlane.start("127.0.0.1", plane.port, TinyApi(), KeyAuthenticator())
    await again.close()
    await again.close()


async def test_pipelined_requests_are_answered_in_order(planes: Planes) -> None:
    plane = await planes()
    requests = [post(publish_body("ann", n=n)) for n in range(3)] + [
        post(publish_body("ann", n=3), "connection: close")
    ]
    answer = await http(plane, b"".join(requests))
    assert [part[:2] for part in answer.split(b'"n":')[1:]] == [b"0}", b"1}", b"2}", b"3}"]


async def test_client_that_sends_too_much_still_reads_the_refusal(planes: Planes) -> None:
    plane = await planes(limits=Limits(body_bytes=1000, close_wait_seconds=PATIENCE))
    answer = await http(plane, post(b"x" * 3_000_000))
    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_consumer_that_stops_reading_is_cut_off_while_others_receive_everything(planes: Planes) -> None:
    plane = await planes(limits=Limits(write_buffer_bytes=300_000))
    async with dial(plane) as healthy, dial(plane) as stalled:
        await subscribe(healthy)
        await subscribe(stalled)
        stalled.transport.pause_reading()
        sent = 0
        async with asyncio.timeout(PATIENCE):
            while plane.stats()["slowConsumers"] == 0:
                await http(plane, post(publish_body("ann", n=sent, text="x" * 200_000), "connection: close"))
                message = await receive(healthy, "data")
                assert message["payload"]["data"]["onStatusUpdate"]["n"] == sent
                sent += 1
        assert plane.stats()["subscriptions"] == 1
        stalled.transport.abort()


@pytest.mark.parametrize("enabled", [True, False])
async def test_fault_route_exists_only_when_faults_are_enabled(planes: Planes, enabled: bool) -> None:
    faults = Faults(random.Random(1)) if enabled else None  # noqa: S311 - a test's dice
    plane = await planes(faults=faults)
    request = post(
        b'{"drop": 1}',
        "connection: close",
        "content-type: application/json",
        path="/_localcloud/faults",
    )
    answer = await http(plane, request)
    assert answer.startswith(b"HTTP/1.1 200 " if enabled else b"HTTP/1.1 404 ")
    assert plane.faults.switches.drop == (1.0 if enabled else 0.0)


async def test_urls_name_the_port(planes: Planes) -> None:
    plane = await planes()
    assert plane.url == f"http://127.0.0.1:{plane.port}"
    assert plane.graphql_url == f"{plane.url}/graphql"
    assert plane.realtime_url == f"ws://127.0.0.1:{plane.port}/graphql/realtime"


async def test_host_of_the_network_is_refused() -> None:
    with pytest.raises(ValueError, match="loopback"):
        await DataPlane.start("0.0.0.0", 0, TinyApi(), KeyAuthenticator())  # noqa: S104 - refused


async def test_taken_port_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        await DataPlane.start("127.0.0.1", taken.getsockname()[1], TinyApi(), KeyAuthenticator())


# Unmodified Python gql.


def gql_transport(plane: DataPlane, key: str = KEY) -> AppSyncWebsocketsTransport:
    host = f"127.0.0.1:{plane.port}"
    auth = AppSyncApiKeyAuthentication(host=host, api_key=key)
    return AppSyncWebsocketsTransport(url=f"ws://{host}/graphql", auth=auth)


def gql_subscription(user: str) -> GraphQLRequest:
    text = "subscription onStatusUpdate($userId: ID!) { onStatusUpdate(userId: $userId) { userId n } }"
    return GraphQLRequest(text, variable_values={"userId": user})


async def test_gql_subscribes_and_receives(planes: Planes) -> None:
    plane = await planes()
    async with asyncio.timeout(PATIENCE), Client(transport=gql_transport(plane)) as session:
        results = session.subscribe(gql_subscription("ann"))
        waiting = asyncio.ensure_future(anext(results))
        while plane.stats()["subscriptions"] == 0:
            await asyncio.sleep(0)
        await http(plane, post(publish_body("ann", n=5), "connection: close"))
        assert await waiting == {"onStatusUpdate": {"userId": "ann", "n": 5}}
        await results.aclose()


async def test_gql_receives_the_error_for_a_wrong_key(planes: Planes) -> None:
    plane = await planes()
    with pytest.raises(TransportServerError, match="You are not authorized to make this call"):
        async with asyncio.timeout(PATIENCE), Client(transport=gql_transport(plane, "wrong")):
            raise AssertionError("it connected")


async def test_gql_receives_the_reason_for_a_denied_subscription(planes: Planes) -> None:
    plane = await planes()
    async with asyncio.timeout(PATIENCE), Client(transport=gql_transport(plane)) as session:
        with pytest.raises(TransportQueryError, match="Not yours"):
            await anext(session.subscribe(gql_subscription("forbidden")))
