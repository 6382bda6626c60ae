"""One subscription: the frames of AppSync's protocol."""

from __future__ import annotations

import asyncio
import base64
import json
from contextlib import aclosing, suppress
from typing import Any, Self

import pytest
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from statusbeam.client.api import Api, FixedToken
from statusbeam.client.deployment import Deployment
from statusbeam.client.errors import ClientError, RefusedError, UnreachableError
from statusbeam.client.graphql_errors import TokenRefusedError
from statusbeam.client.realtime import realtime_url, subscribe

URL = "https://abcdefghijklmnopqrstuvwxyz.appsync-api.eu-west-1.amazonaws.com/graphql"
ACK = {"type": "connection_ack", "payload": {"connectionTimeoutMs": 300_000}}
START_ACK = {"type": "start_ack", "id": "1"}
PUSH = {"type": "data", "id": "1", "payload": {"data": {"onStatusUpdate": {"sequence": 1}}}}


class FakeSocket:
    """Plays a script of frames, then breaks."""

    def __init__(self, *frames: Any) -> None:
        self.frames = list(frames)
        self.sent: list[dict[str, Any]] = []
        self.opened: list[tuple[str, list[str]]] = []

    def __call__(self, url: str, protocols: list[str]) -> Self:
        self.opened.append((url, protocols))
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return

    async def send(self, message: str) -> None:
        self.sent.append(json.loads(message))

    async def recv(self) -> str:
        if not self.frames:
            raise EOFError("gone")
        frame = self.frames.pop(0)
        return frame if isinstance(frame, str) else json.dumps(frame)


async def received(socket: FakeSocket) -> list[Any]:
    """The values of a subscription until its end."""
    found = []
    async with aclosing(
        subscribe(URL, "token", "subscription", {"userId": "ana"}, on_start=lambda: None, open_socket=socket)
    ) as pushes:
        with pytest.raises(UnreachableError):
            async for push in pushes:
                found.append(push)
    return found


async def test_the_subscription_is_live_at_start_ack_and_pushes_follow() -> None:
    socket = FakeSocket(ACK, {"type": "ka"}, START_ACK, "no JSON", {"type": "ka"}, PUSH)
    assert await received(socket) == [None, {"onStatusUpdate": {"sequence": 1}}]
    init, start = socket.sent
    assert init == {"type": "connection_init"}
    assert start["payload"]["extensions"]["authorization"] == {
        "host": URL.split("/")[2],
        "Authorization": "token",
    }
    assert json.loads(start["payload"]["data"]) == {"query": "subscription", "variables": {"userId": "ana"}}


async def test_the_token_travels_in_the_handshake_and_not_in_the_address() -> None:
    socket = FakeSocket()
    await received(socket)
    ((url, (protocol, header)),) = socket.opened
    assert (url, protocol) == (realtime_url(URL), "graphql-ws")
    encoded = header.removeprefix("header-")
    assert (
        json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))["Authorization"] == "token"
    )


def test_the_address_of_the_sockets_is_appsyncs_or_beside_that_of_a_domain_of_the_users_own() -> None:
    assert realtime_url(URL) == URL.replace("https", "wss").replace("appsync-api", "appsync-realtime-api")
    assert realtime_url("http://127.0.0.1:4000/graphql") == "ws://127.0.0.1:4000/graphql/realtime"


def error(kind: str, error_type: str, code: int = 400) -> dict[str, Any]:
    return {
        "type": kind,
        "payload": {"errors": [{"errorType": error_type, "errorCode": code, "message": "m"}]},
    }


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        ([error("connection_error", "UnauthorizedException", 401)], TokenRefusedError),
        ([ACK, error("error", "Forbidden")], RefusedError),
        ([ACK, error("error", "LoginEnded")], RefusedError),
        ([ACK, error("error", "MaxSubscriptionsReachedError")], UnreachableError),
        ([ACK, START_ACK, {"type": "complete", "id": "1"}], UnreachableError),
        ([ACK, error("error", "BadRequestException")], ClientError),
    ],
)
async def test_a_refusal_and_a_failure_are_distinguished(
    frames: list[Any], expected: type[ClientError]
) -> None:
    with pytest.raises(expected) as raised:
        async for _ in subscribe(
            URL, "token", "s", {}, on_start=lambda: None, open_socket=FakeSocket(*frames)
        ):
            pass
    assert type(raised.value) is expected


class Renewing:
    """Tokens of which the first has expired."""

    def __init__(self) -> None:
        self.refused: list[str] = []

    def token(self, *, refused: str | None = None) -> str:
        if refused is not None:
            self.refused.append(refused)
        return "second" if self.refused else "first"


def answers(*given: Any) -> Any:
    """A `post` that returns or raises these answers, and records its arguments."""
    left = list(given)

    def post(_: str, body: bytes, headers: Any) -> Any:
        post.asked.append((json.loads(body), headers["authorization"]))  # type: ignore[attr-defined]
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    post.asked = []  # type: ignore[attr-defined]
    return post


def test_a_refused_token_is_replaced_once() -> None:
    tokens, post = Renewing(), answers(TokenRefusedError("old"), {"data": {"x": 1}})
    assert Api(URL, tokens, send=post).run("query", {}) == {"x": 1}
    assert [token for _, token in post.asked] == ["first", "second"]
    with pytest.raises(TokenRefusedError):
        Api(URL, FixedToken("only"), send=answers(TokenRefusedError("old"))).run("query", {})


async def test_a_token_that_expired_meanwhile_is_replaced_and_the_connection_opened_again() -> None:
    tokens = Renewing()
    socket = FakeSocket(error("connection_error", "UnauthorizedException", 401))
    service = Deployment(Api(URL, tokens), "ana", "acme").service("job-1", open_socket=socket)
    with pytest.raises(UnreachableError):
        async for _ in service.subscribe():
            pass
    assert tokens.refused == ["first"]


async def test_the_session_is_closed_only_if_there_was_one() -> None:
    closed: dict[str, Any] = {"data": {"syncSession": {"jobs": []}}}
    post = answers(closed)
    deployment = Deployment(Api(URL, FixedToken("t"), send=post), "ana", "acme")
    await deployment.service("job-1").close()
    assert post.asked == []
    service = deployment.service("job-1", open_socket=FakeSocket(ACK, START_ACK))
    with pytest.raises(UnreachableError):
        async for _ in service.subscribe():
            pass
    await service.close()
    ((request, _),) = post.asked
    assert request["variables"]["input"]["action"] == "close"


class SlowSocket(FakeSocket):
    """Answers `start` only when it is let."""

    def __init__(self) -> None:
        super().__init__(ACK, START_ACK)
        self.asked, self.let = asyncio.Event(), asyncio.Event()

    async def recv(self) -> str:
        if len(self.sent) == 2:
            self.asked.set()
            await self.let.wait()
        return await super().recv()


async def test_a_subscription_that_is_cancelled_waits_for_its_start_so_that_its_session_can_be_closed() -> (
    None
):
    socket = SlowSocket()
    post = answers({"data": {"syncSession": {"jobs": []}}})
    deployment = Deployment(Api(URL, FixedToken("t"), send=post), "ana", "acme")
    service = deployment.service("job-1", open_socket=socket)
    starting = asyncio.ensure_future(anext(service.subscribe()))
    await socket.asked.wait()
    starting.cancel()
    await asyncio.sleep(0)
    assert not starting.done()
    socket.let.set()
    with pytest.raises(asyncio.CancelledError):
        await starting
    await service.close()
    assert [request["variables"]["input"]["action"] for request, _ in post.asked] == ["close"]


class DeafServer:
    """Accepts a subscription, then answers nothing, not even a close."""

    def __init__(self) -> None:
        self.has_been_asked_to_close = asyncio.Event()
        self.has_lost_its_client = asyncio.Event()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection."""
        protocol = ServerProtocol()
        answers = [json.dumps(ACK), json.dumps(START_ACK)]
        with suppress(ConnectionResetError):
            while data := await reader.read(10_000):
                protocol.receive_data(data)
                for event in protocol.events_received():
                    if isinstance(event, Request):
                        protocol.send_response(protocol.accept(event))
                    elif isinstance(event, Frame) and event.opcode is Opcode.CLOSE:
                        self.has_been_asked_to_close.set()
                    elif answers:
                        protocol.send_text(answers.pop(0).encode())
                if not self.has_been_asked_to_close.is_set():
                    writer.writelines(protocol.data_to_send())
        self.has_lost_its_client.set()
        writer.close()


async def test_a_subscription_that_is_cancelled_while_it_closes_leaves_no_connection_behind() -> None:
    deaf = DeafServer()
    async with await asyncio.start_server(deaf, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        url = f"http://{host}:{port}/graphql"
        pushes = subscribe(url, "token", "subscription", {}, on_start=lambda: None)
        assert await anext(pushes) is None
        closing = asyncio.ensure_future(pushes.aclose())
        await deaf.has_been_asked_to_close.wait()
        closing.cancel()
        await asyncio.wait([closing])
        async with asyncio.timeout(60):
            await deaf.has_lost_its_client.wait()


def test_pages_of_jobs_are_read_until_there_are_enough() -> None:
    pages = [
        {"data": {"listJobs": {"jobs": [{"n": 1}, {"n": 2}], "nextToken": "a"}}},
        {"data": {"listJobs": {"jobs": [], "nextToken": "b"}}},
        {"data": {"listJobs": {"jobs": [{"n": 3}, {"n": 4}], "nextToken": "c"}}},
    ]
    post = answers(*pages)
    deployment = Deployment(Api(URL, FixedToken("t"), send=post), "ana", "acme")
    assert [job["n"] for job in deployment.jobs(limit=3)] == [1, 2, 3]
    assert [request["variables"]["nextToken"] for request, _ in post.asked] == [None, "a", "b"]
