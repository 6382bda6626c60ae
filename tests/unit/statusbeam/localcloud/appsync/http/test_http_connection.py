"""One HTTP connection on a recording transport, and the routes behind it."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from statusbeam.localcloud.appsync.admin import fault_routes, stats_routes
from statusbeam.localcloud.appsync.contract import AppSyncError
from statusbeam.localcloud.appsync.http.connection import HttpConnection
from statusbeam.localcloud.appsync.http.messages import HttpRequest, HttpResponse
from statusbeam.localcloud.appsync.http.static_site import StaticSite
from statusbeam.localcloud.appsync.limits import Limits
from statusbeam.localcloud.appsync.realtime.faults import Switches
from tests.unit.statusbeam.localcloud.appsync.asyncio_transport import MemoryTransport
from tests.unit.statusbeam.localcloud.appsync.tiny_api import KEY, publish_body
from tests.unit.statusbeam.localcloud.appsync.tiny_data_plane import TinyDataPlane


class Answer:
    """One response, taken apart."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    def json(self) -> Any:
        return json.loads(self.body)


class World(TinyDataPlane):
    """A data plane without a listener, and one connection to it."""

    def __init__(self, limits: Limits | None = None, site: StaticSite | None = None) -> None:
        super().__init__(limits, site)
        self.closed_all: list[int] = []
        self.routes.update(stats_routes(self.counters.to_dict))
        self.routes.update(fault_routes(self.faults, self.closed_all.append))
        self.transport = MemoryTransport()
        self.connection = HttpConnection(self.http)
        self.connection.connection_made(self.transport)

    def send(
        self,
        method: str = "POST",
        target: str = "/graphql",
        body: bytes = b"",
        key: str = KEY,
        **headers: str,
    ) -> None:
        given = {"host": "127.0.0.1:4000", "x-api-key": key, "content-length": str(len(body))}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        lines = [
            f"{method} {target} HTTP/1.1",
            *(f"{name}: {value}" for name, value in given.items()),
            "",
            "",
        ]
        self.connection.data_received("\r\n".join(lines).encode() + body)

    async def answers(self) -> list[Answer]:
        """The responses at the end of this tick."""
        for _ in range(10):
            await asyncio.sleep(0)
        data, answers = bytes(self.transport.written), []
        self.transport.written.clear()
        while data:
            head, _, data = data.partition(b"\r\n\r\n")
            status, *lines = head.decode().split("\r\n")
            headers = dict(line.split(": ", 1) for line in lines)
            length = int(headers.get("content-length", 0))
            answers.append(Answer(int(status.split()[1]), headers, data[:length]))
            data = data[length:]
        return answers

    async def ask(self, *args: Any, **kwargs: Any) -> Answer:
        self.send(*args, **kwargs)
        (answer,) = await self.answers()
        return answer


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    yield world
    await world.close()


# The API.


async def test_mutation_is_answered_with_its_result_and_appsyncs_headers(world: World) -> None:
    answer = await world.ask(body=publish_body("ann"))
    assert (answer.status, answer.json()) == (200, {"data": {"publishStatus": {"userId": "ann"}}})
    assert answer.headers["content-type"] == "application/json;charset=UTF-8"
    assert answer.headers["x-amzn-requestid"] == "request-1"
    assert answer.headers["x-amzn-appsync-tokensconsumed"] == "1"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert world.counters.published == 1


async def test_request_is_authorised_as_it_was_sent(world: World) -> None:
    body = publish_body("ann")
    await world.ask(body=body, X_Amz_Date="20261120T000000Z")
    (asked,) = world.authenticator.asked
    assert (asked.method, asked.path, asked.body) == ("POST", "/graphql", body)
    assert (asked.headers["host"], asked.headers["x-amz-date"]) == ("127.0.0.1:4000", "20261120T000000Z")


async def test_resolvers_see_the_headers_without_credentials(world: World) -> None:
    await world.ask(body=publish_body("ann"), Authorization="good", Cookie="c", X_Custom="seen")
    (request,) = world.api.executed
    assert request.headers["x-custom"] == "seen"
    assert not {"authorization", "x-api-key", "cookie"} & request.headers.keys()


async def test_wrong_key_is_a_401_with_appsyncs_error(world: World) -> None:
    answer = await world.ask(body=publish_body("ann"), key="wrong")
    assert answer.status == 401
    assert answer.headers["x-amzn-errortype"] == "UnauthorizedException"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.json() == {
        "errors": [
            {
                "errorType": "UnauthorizedException",
                "message": "You are not authorized to make this call.",
            }
        ]
    }
    assert world.api.executed == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "Request body is empty."),
        (b"meow", "Unable to parse GraphQL query."),
        (b"{}", "Unable to parse GraphQL query."),
        (b"{}}", "Unable to parse GraphQL query."),
        (b"[]", "Unable to parse GraphQL query."),
        (b'{"query": null}', "Unable to parse GraphQL query."),
        (b'{"query": "q", "variables": "v"}', "Unable to parse GraphQL query."),
        (b"\xff\xfe", "Unable to parse GraphQL query."),
        (b"[" * 100_000, "Unable to parse GraphQL query."),
    ],
)
async def test_malformed_body_is_a_400(world: World, body: bytes, message: str) -> None:
    answer = await world.ask(body=body)
    assert answer.status == 400
    assert answer.json() == {"errors": [{"errorType": "MalformedHttpRequestException", "message": message}]}
    assert answer.headers["x-amzn-errortype"] == "MalformedHttpRequestException"


async def test_the_caller_is_authenticated_before_the_body_is_read(world: World) -> None:
    assert (await world.ask(body=b"meow", key="wrong")).status == 401


async def test_failure_inside_the_api_is_a_500_without_details(world: World) -> None:
    answer = await world.ask(body=b'{"query": "query broken"}')
    assert answer.status == 500
    assert b"secret" not in answer.body
    assert answer.json()["errors"][0]["errorType"] == "InternalFailure"


async def test_operation_that_takes_too_long_is_given_up() -> None:
    world = World(Limits(execution_seconds=0))
    world.api.gate = asyncio.Event()
    answer = await world.ask(body=publish_body("ann"))
    assert answer.status == 200
    assert answer.json() == {
        "data": None,
        "errors": [{"errorType": "ExecutionTimeout", "message": "Execution timed out."}],
    }
    assert world.counters.published == 0
    await world.close()


@pytest.mark.parametrize("target", ["/graphql", "/graphql/realtime"])
async def test_browser_that_asks_first_may_send_the_headers_it_names(world: World, target: str) -> None:
    answer = await world.ask(
        "OPTIONS",
        target,
        Origin="http://localhost:3000",
        Access_Control_Request_Method="POST",
        Access_Control_Request_Headers="authorization,x-api-key",
    )
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-headers"] == "authorization,x-api-key"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1.evil.example"])
@pytest.mark.parametrize("method", ["POST", "OPTIONS"])
async def test_a_page_of_another_machine_is_neither_answered_nor_served(
    world: World, method: str, origin: str
) -> None:
    body = publish_body("ann")
    answer = await world.ask(method, "/graphql", body=body, Origin=origin)
    assert answer.status == 403
    assert "access-control-allow-origin" not in answer.headers
    assert world.counters.published == 0
    assert not world.authenticator.asked


@pytest.mark.parametrize(("method", "target"), [("GET", "/graphql"), ("POST", "/graphql/realtime")])
async def test_wrong_method_on_the_api_is_a_405(world: World, method: str, target: str) -> None:
    answer = await world.ask(method, target)
    assert (answer.status, answer.headers["allow"]) == (405, "POST, OPTIONS")


# One after the other.


async def test_pipelined_requests_are_answered_in_order_though_the_first_waits(world: World) -> None:
    world.api.gate = asyncio.Event()
    for n in range(3):
        world.send(body=publish_body("ann", n=n))
    assert await world.answers() == []
    world.api.gate.set()
    answers = await world.answers()
    assert [answer.json()["data"]["publishStatus"]["n"] for answer in answers] == [0, 1, 2]


async def test_request_that_does_not_wait_is_answered_in_the_same_step(world: World) -> None:
    world.send(body=publish_body("ann"))
    assert world.transport.written.startswith(b"HTTP/1.1 200 OK\r\n")
    assert len(world.http.tasks) == 0


async def test_reading_pauses_while_too_many_requests_wait() -> None:
    world = World(Limits(pipelined_requests=2))
    world.api.gate = asyncio.Event()
    reading = []
    for _ in range(4):
        world.send(body=publish_body("ann"))
        reading.append(world.transport.reading)
    world.api.gate.set()
    assert len(await world.answers()) == 4
    reading.append(world.transport.reading)
    assert reading == [True, True, False, False, True]
    await world.close()


async def test_no_response_is_sent_while_the_peer_does_not_read(world: World) -> None:
    world.connection.pause_writing()
    world.send(body=publish_body("ann"))
    assert not world.transport.reading
    assert await world.answers() == []
    world.connection.resume_writing()
    assert len(await world.answers()) == 1


async def test_connection_close_is_honoured_and_echoed(world: World) -> None:
    answer = await world.ask(body=publish_body("ann"), Connection="close")
    assert answer.headers["connection"] == "close"
    assert world.transport.closed


async def test_mutation_is_carried_out_though_its_caller_has_gone(world: World) -> None:
    world.api.gate = asyncio.Event()
    world.send(body=publish_body("ann"))
    world.transport.closed = True
    world.connection.connection_lost(None)
    world.api.gate.set()
    assert await world.answers() == []
    assert world.counters.published == 1


async def test_expect_continue_is_answered_when_its_turn_has_come(world: World) -> None:
    body = publish_body("ann")
    head = (
        f"POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\nx-api-key: {KEY}\r\nexpect: 100-continue\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    world.api.gate = asyncio.Event()
    world.send(body=body)
    world.connection.data_received(head.encode())
    assert await world.answers() == []
    world.api.gate.set()
    assert [answer.status for answer in await world.answers()] == [200, 100]
    world.connection.data_received(body)
    assert [answer.status for answer in await world.answers()] == [200]


async def test_request_too_large_is_refused_and_the_rest_of_it_thrown_away() -> None:
    world = World(Limits(body_bytes=10))
    answer = await world.ask(body=b"x" * 11)
    assert (answer.status, answer.headers["connection"]) == (413, "close")
    world.send(body=b"")
    assert await world.answers() == []
    assert world.transport.eof_written
    await world.close()


async def test_requests_before_an_unreadable_one_are_answered_first(world: World) -> None:
    world.api.gate = asyncio.Event()
    world.send(body=publish_body("ann"))
    world.connection.data_received(b"nonsense\r\n\r\n")
    world.api.gate.set()
    assert [answer.status for answer in await world.answers()] == [200, 400]


async def test_answer_under_way_is_the_last_when_the_plane_closes(world: World) -> None:
    world.api.gate = asyncio.Event()
    world.send(body=publish_body("ann"))
    world.send(body=publish_body("bob"))
    world.connection.close_when_idle()
    world.api.gate.set()
    (answer,) = await world.answers()
    assert (answer.status, answer.headers["connection"]) == (200, "close")
    assert world.transport.closed


async def test_silent_connection_is_dropped() -> None:
    world = World(Limits(http_idle_seconds=0))
    async with asyncio.timeout(10):
        while not world.transport.aborted:
            await asyncio.sleep(0)
    await world.close()


# Routes and files.


async def test_route_answers_its_method_and_path(world: World) -> None:
    async def start(request: HttpRequest) -> HttpResponse:
        async with asyncio.timeout(10):  # a route may use whatever asyncio has
            return HttpResponse.json({"got": request.body.decode()}, status=201)

    world.routes["POST", "/demo/start"] = start
    answer = await world.ask(target="/demo/start", body=b"x")
    assert (answer.status, answer.json()) == (201, {"got": "x"})
    assert (await world.ask("GET", "/demo/start")).status == 405
    assert (await world.ask("GET", "/demo")).status == 404


@pytest.mark.parametrize(
    ("error", "status"),
    [(AppSyncError("no", "Nope", status=409), 409), (RuntimeError("a secret detail"), 500)],
)
async def test_failing_route_is_an_error_answer(world: World, error: Exception, status: int) -> None:
    async def fail(_: HttpRequest) -> HttpResponse:
        raise error

    world.routes["POST", "/demo/start"] = fail
    answer = await world.ask(target="/demo/start")
    assert answer.status == status
    assert b"secret" not in answer.body


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://localhost:4000"}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"host": "rebound.example:4000"}, 403),
    ],
)
async def test_routes_are_for_pages_of_this_machine(
    world: World, headers: dict[str, str], status: int
) -> None:
    assert (await world.ask("GET", "/_localcloud/stats", **headers)).status == status


async def test_files_are_served_beside_the_routes(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<p>page</p>")
    world = World(site=StaticSite(root=tmp_path, content_security_policy="default-src 'self'"))
    answer = await world.ask("GET", "/?job=1")
    assert (answer.status, answer.body) == (200, b"<p>page</p>")
    assert answer.headers["content-security-policy"] == "default-src 'self'"
    assert (await world.ask("GET", "/nothing")).status == 404
    assert (await world.ask("POST", "/")).status == 404
    await world.close()


async def test_head_has_the_headers_and_no_body(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<p>page</p>")
    world = World(site=StaticSite(root=tmp_path, content_security_policy=""))
    world.send("HEAD", "/")
    for _ in range(5):
        await asyncio.sleep(0)
    assert world.transport.written.endswith(b"\r\n\r\n")
    assert b"content-length: 11\r\n" in world.transport.written
    await world.close()


# The data plane about itself.


async def test_stats_show_the_counters(world: World) -> None:
    await world.ask(body=publish_body("ann"))
    answer = await world.ask("GET", "/_localcloud/stats")
    assert answer.json()["published"] == 1
    assert answer.json()["httpRequests"] == 2


async def test_faults_are_switched_over_http(world: World) -> None:
    change = json.dumps({"drop": 0.5, "errorsAsObject": True, "closeAll": 1001}).encode()
    answer = await world.ask(target="/_localcloud/faults", body=change, Content_Type="application/json")
    assert answer.status == 200
    assert answer.json()["drop"] == 0.5
    assert world.faults.switches == Switches(drop=0.5, errors_as_object=True)
    assert world.closed_all == [1001]
    answer = await world.ask(
        target="/_localcloud/faults", body=b'{"reset": true, "reorder": 1}', Content_Type="application/json"
    )
    assert answer.json() == (await world.ask("GET", "/_localcloud/faults")).json()
    assert world.faults.switches == Switches(reorder=1.0)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"drop": 2}', b'{"closeAll": 1006}', b'{"closeAll": "all"}'])
async def test_wrong_fault_is_a_400_and_changes_nothing(world: World, body: bytes) -> None:
    answer = await world.ask(target="/_localcloud/faults", body=body, Content_Type="application/json")
    assert answer.status == 400
    assert world.faults.switches == Switches()
    assert world.closed_all == []


async def test_form_of_a_foreign_page_cannot_switch_faults(world: World) -> None:
    answer = await world.ask(target="/_localcloud/faults", body=b'{"drop": 1}', Content_Type="text/plain")
    assert answer.status == 400


# Becoming a WebSocket.

UPGRADE: dict[str, Any] = {
    "Connection": "keep-alive, Upgrade",
    "Upgrade": "websocket",
    "Sec_WebSocket_Version": "13",
    "Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec_WebSocket_Protocol": "graphql-ws",
}


def header_protocol(**claims: str) -> str:
    """The subprotocol that carries a handshake's authorization."""
    return "header-" + base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize("target", ["/graphql", "/graphql/realtime"])
async def test_upgrade_is_answered_with_exactly_the_protocol_of_appsync(world: World, target: str) -> None:
    claims = {"host": "localhost", "x-api-key": KEY}
    changes = {"Sec_WebSocket_Protocol": f"graphql-ws, {header_protocol(**claims)}"}
    answer = await world.ask("GET", target, **UPGRADE | changes)
    assert answer.status == 101
    assert answer.headers["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert answer.headers["sec-websocket-protocol"] == "graphql-ws"
    assert "sec-websocket-extensions" not in answer.headers
    assert (world.counters.connections, world.counters.connections_refused) == (1, 0)
    (asked,) = world.authenticator.asked
    assert (asked.path, asked.body, asked.headers) == ("/graphql/connect", b"{}", claims)
    assert world.transport.protocol is not None
    assert not world.http.connections


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"Origin": "http://127.0.0.1:9"}, 101),
        ({"Origin": "https://localhost"}, 101),
        ({"Origin": "http://[::1]:9"}, 101),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec_WebSocket_Version": "8"}, 426),
        ({"Sec_WebSocket_Key": "short"}, 400),
    ],
)
async def test_handshake_is_checked(world: World, changes: dict[str, str], status: int) -> None:
    answer = await world.ask("GET", "/graphql/realtime", **UPGRADE | changes)
    assert answer.status == status
    assert world.transport.closed is (status != 101)


async def test_websocket_elsewhere_is_not_found(world: World) -> None:
    assert (await world.ask("GET", "/elsewhere", **UPGRADE)).status == 404


@pytest.mark.parametrize(
    ("protocols", "message"),
    [(None, "NoProtocolError"), ("graphql-transport-ws", "SubProtocolNotSupportedError")],
)
async def test_missing_protocol_is_reported_in_connection_error(
    world: World, protocols: str | None, message: str
) -> None:
    headers = {name: value for name, value in UPGRADE.items() if name != "Sec_WebSocket_Protocol"}
    if protocols is not None:
        headers["Sec_WebSocket_Protocol"] = protocols
    answer = await world.ask("GET", "/graphql", **headers)
    assert answer.status == 101
    assert "sec-websocket-protocol" not in answer.headers
    connection = next(iter(world.websockets.connections))
    connection.send_refusal()
    await asyncio.sleep(0)
    assert message.encode() in world.transport.written
    assert b'"errorCode":400' in world.transport.written


HOST_MISSING = {"message": "Required headers are missing.", "errorCode": 400}
HOST_UNKNOWN = {
    "errorType": "HttpNotFoundException",
    "message": "The host of the authorization is not this API.",
    "errorCode": 404,
}


@pytest.mark.parametrize(
    ("claims", "error"),
    [
        ({}, HOST_MISSING),
        ({"host": ""}, HOST_MISSING),
        ({"host": "example.com"}, HOST_UNKNOWN),
        ({"host": "127.0.0.1.example.com:4000"}, HOST_UNKNOWN),
        ({"host": "127.0.0.1:4001"}, HOST_UNKNOWN),  # another server of this machine
        ({"host": "localhost:x"}, HOST_UNKNOWN),
        ({"host": "abcdef.appsync-api.us-east-1.amazonaws.com"}, HOST_UNKNOWN),
        ({"host": "localhost:4000"}, None),
        ({"host": "127.0.0.1:4000"}, None),
        ({"host": "[::1]:4000"}, None),
        ({"host": "LOCALHOST"}, None),
    ],
)
async def test_a_handshake_names_the_host_of_this_api(
    world: World, claims: dict[str, str], error: dict[str, Any] | None
) -> None:
    protocols = f"graphql-ws, {header_protocol(**claims, **{'x-api-key': KEY})}"
    await world.ask("GET", "/graphql", **UPGRADE | {"Sec_WebSocket_Protocol": protocols})
    (connection,) = world.websockets.connections
    connection.send_refusal()
    await asyncio.sleep(0)
    frames = bytes(world.transport.written)
    if error is None:
        assert frames == b""
        assert len(world.authenticator.asked) == 1
        return
    assert json.loads(frames[frames.index(b"{") :]) == {
        "type": "connection_error",
        "payload": {"errors": [error]},
    }
    assert world.authenticator.asked == []


async def test_bytes_sent_before_the_handshake_is_answered_reach_the_socket(world: World) -> None:
    world.authenticator.gate = asyncio.Event()
    world.send("GET", "/graphql", **UPGRADE)
    init = b'{"type":"connection_init"}'
    world.connection.data_received(bytes((0x81, 0x80 | len(init))) + b"\0\0\0\0" + init)
    assert await world.answers() == []
    world.authenticator.gate.set()
    for _ in range(5):
        await asyncio.sleep(0)
    assert b"101 Switching Protocols" in world.transport.written
    assert b"connection_ack" in world.transport.written
