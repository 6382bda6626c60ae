"""HTTP requests from bytes, and responses to bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statusbeam.localcloud.appsync.http.messages import (
    HttpRequest,
    HttpResponse,
    RequestReader,
    encode_response,
)
from statusbeam.localcloud.appsync.limits import Limits

LIMITS = Limits(header_bytes=2000, body_bytes=100)


def request_bytes(
    method: str = "POST", target: str = "/graphql", body: bytes = b"", version: str = "1.1", **headers: str
) -> bytes:
    lines = [f"{method} {target} HTTP/{version}", "Host: 127.0.0.1"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def read(*chunks: bytes, limits: Limits = LIMITS) -> tuple[list[HttpRequest], RequestReader]:
    reader = RequestReader(limits)
    return [request for chunk in chunks for request in reader.feed(chunk)], reader


def test_request_has_method_path_raw_query_lower_case_headers_and_body() -> None:
    (request,), _ = read(request_bytes(target="/a%20b?header=a+b/c==&x=1", body=b"hello", X_Api_Key=" da2 "))
    assert (request.method, request.path, request.query) == ("POST", "/a%20b", "header=a+b/c==&x=1")
    assert request.headers == {"host": "127.0.0.1", "x-api-key": "da2", "content-length": "5"}
    assert request.body == b"hello"
    assert request.keep_alive


@pytest.mark.parametrize(
    ("data", "keep_alive"),
    [
        (request_bytes(), True),
        (request_bytes(Connection="close"), False),
        (request_bytes(version="1.0"), False),
        (request_bytes(version="1.0", Connection="keep-alive"), True),
    ],
)
def test_connection_is_kept_alive_as_version_and_header_demand(data: bytes, keep_alive: bool) -> None:
    (request,), _ = read(data)
    assert request.keep_alive is keep_alive


def test_pipelined_requests_come_out_in_order() -> None:
    requests, reader = read(b"".join(request_bytes(target=f"/{n}", body=b"x" * n) for n in range(5)))
    assert [(request.path, len(request.body)) for request in requests] == [(f"/{n}", n) for n in range(5)]
    assert reader.refusal is None


def test_chunked_body_is_joined() -> None:
    head = request_bytes(Transfer_Encoding="chunked")
    (request,), _ = read(head + b"3\r\nabc\r\n", b"2\r\nde\r\n0\r\n\r\n")
    assert request.body == b"abcde"


def test_repeated_header_is_joined_with_a_comma() -> None:
    raw = request_bytes().replace(
        b"\r\n\r\n", b"\r\nSec-WebSocket-Protocol: a\r\nsec-websocket-protocol: b\r\n\r\n"
    )
    (request,), _ = read(raw)
    assert request.headers["sec-websocket-protocol"] == "a,b"


@given(st.lists(st.integers(0, 400), max_size=20))
def test_requests_are_the_same_in_whatever_pieces_they_arrive(cuts: list[int]) -> None:
    data = request_bytes(body=b"one", A="1") + request_bytes("GET", "/x?y=z") + request_bytes(body=b"two")
    places = sorted(min(cut, len(data)) for cut in cuts)
    chunks = [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]
    assert read(*chunks)[0] == read(data)[0]


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00", 400),  # TLS where none is offered
        (b"GET / HTTP/9.9\r\n\r\n", 400),
        (request_bytes(Content_Length="5", Transfer_Encoding="chunked"), 400),  # the classic smuggle
        (request_bytes(Content_Length="-1"), 400),
        (request_bytes(Transfer_Encoding="chunked") + b"zz\r\n", 400),
        (request_bytes(body=b"x" * 101), 413),
        (request_bytes(Content_Length="9" * 30), 400),  # does not fit any number
        (request_bytes(Transfer_Encoding="chunked") + b"65\r\n" + b"x" * 101, 413),
        (request_bytes(A="x" * 2001), 431),
        (request_bytes().replace(b"\r\n\r\n", b"\r\nA: x" * 400 + b"\r\n\r\n"), 431),
        (request_bytes(target="/" + "x" * 2001), 431),
        (request_bytes(Expect="200-maybe"), 417),
    ],
)
def test_an_unreadable_request_is_refused_with_its_status(data: bytes, status: int) -> None:
    requests, reader = read(data)
    assert requests == []
    assert reader.refusal is not None
    assert reader.refusal.status == status


def test_header_that_never_ends_is_refused_before_it_does() -> None:
    _, reader = read(b"GET / HTTP/1.1\r\nA: ", *[b"x" * 100] * 21)
    assert reader.refusal is not None
    assert reader.refusal.status == 431


def test_header_that_never_ends_is_refused_on_a_kept_connection_too() -> None:
    requests, reader = read(request_bytes(), b"GET / HTTP/1.1\r\nA: ", *[b"x" * 100] * 21)
    assert len(requests) == 1
    assert reader.refusal is not None


def test_body_of_the_limit_and_headers_of_nine_kilobytes_are_read() -> None:
    (request,), _ = read(request_bytes(body=b"x" * 100))
    assert len(request.body) == 100
    (request,), _ = read(request_bytes(Authorization="t" * 9000), limits=Limits())
    assert len(request.headers["authorization"]) == 9000


def test_requests_before_an_unreadable_one_come_out() -> None:
    requests, reader = read(request_bytes(target="/good") + b"bad\r\n\r\n")
    assert [request.path for request in requests] == ["/good"]
    assert reader.refusal is not None


def test_bytes_after_a_last_request_are_ignored() -> None:
    requests, reader = read(request_bytes(Connection="close") + b"trailing")
    assert len(requests) == 1
    assert reader.refusal is None


def test_client_waiting_for_continue_is_noticed_until_its_body_comes() -> None:
    reader = RequestReader(LIMITS)
    data = request_bytes(body=b"hello", Expect="100-continue")
    assert reader.feed(data[:-5]) == []
    assert reader.wants_continue
    assert len(reader.feed(data[-5:])) == 1
    assert not reader.wants_continue


def test_websocket_upgrade_hands_over_the_bytes_that_follow() -> None:
    data = request_bytes("GET", "/graphql", Connection="Upgrade", Upgrade="WebSocket")
    (request,), reader = read(data + b"\x81\x00")
    assert request.upgrades_to_websocket
    assert reader.upgraded
    assert reader.rest == b"\x81\x00"


@pytest.mark.parametrize("body", [b"", b"hello"])
def test_offer_of_another_upgrade_is_ignored(body: bytes) -> None:
    data = request_bytes(body=body, Connection="Upgrade, HTTP2-Settings", Upgrade="h2c")
    requests, reader = read(data + request_bytes(target="/next"))
    assert [(request.path, request.body) for request in requests] == [("/graphql", body), ("/next", b"")]
    assert not reader.upgraded
    assert reader.refusal is None


@given(st.lists(st.binary(max_size=300), max_size=5))
def test_garbage_never_raises(chunks: list[bytes]) -> None:
    read(*chunks)


def test_response_is_written_with_length_type_and_request_id() -> None:
    response = HttpResponse(body=b"{}", headers={"x-a": "1"})
    assert encode_response(response, request_id="r-1") == (
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json;charset=UTF-8\r\ncontent-length: 2\r\n"
        b"x-amzn-requestid: r-1\r\nx-a: 1\r\n\r\n{}"
    )


def test_last_response_announces_the_close_and_a_head_has_no_body() -> None:
    data = encode_response(HttpResponse(body=b"{}"), request_id="r", keep_alive=False, with_body=False)
    assert b"connection: close\r\n" in data
    assert b"content-length: 2\r\n" in data
    assert data.endswith(b"\r\n\r\n")


def test_failure_has_appsyncs_shape_and_error_type_header() -> None:
    failure = HttpResponse.failure(400, "BadRequestException", "no", allow="GET")
    assert failure.body == b'{"errors": [{"errorType": "BadRequestException", "message": "no"}]}'
    assert failure.headers == {"x-amzn-errortype": "BadRequestException", "allow": "GET"}
