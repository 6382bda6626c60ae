"""HTTP/1.1 without I/O: bytes in, whole requests out, in order; a response becomes bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final

import httptools

from ..limits import Limits

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
JSON_TYPE: Final = "application/json;charset=UTF-8"
_NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})
_STATUS_LINES: Final = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One request.

    `path` is as sent (percent-encoded), `query` raw and without `?`, header names in lower case.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    keep_alive: bool = True

    @property
    def upgrades_to_websocket(self) -> bool:
        """Whether the client asks for a WebSocket."""
        return self.method == "GET" and self.headers.get("upgrade", "").lower() == "websocket"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """One response. `encode_response` adds Content-Length, Connection and the request id."""

    status: int = 200
    body: bytes = b""
    content_type: str = JSON_TYPE
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, value: Any, *, status: int = 200, headers: Mapping[str, str] = _NO_HEADERS) -> HttpResponse:
        """A JSON response."""
        return cls(status=status, body=json.dumps(value).encode(), headers=headers)

    @classmethod
    def failure(cls, status: int, error_type: str, message: str, **headers: str) -> HttpResponse:
        """A refusal in AppSync's form, with `x-amzn-errortype`."""
        return cls.json(
            {"errors": [{"errorType": error_type, "message": message}]},
            status=status,
            headers={"x-amzn-errortype": error_type, **headers},
        )


def encode_response(
    response: HttpResponse, *, request_id: str, keep_alive: bool = True, with_body: bool = True
) -> bytes:
    """The bytes of a response; `with_body=False` answers a HEAD."""
    lines = [
        f"content-type: {response.content_type}\r\ncontent-length: {len(response.body)}\r\n"
        f"x-amzn-requestid: {request_id}\r\n"
    ]
    if not keep_alive:
        lines.append("connection: close\r\n")
    lines.extend(f"{name}: {value}\r\n" for name, value in response.headers.items())
    lines.append("\r\n")
    head = _STATUS_LINES[response.status] + "".join(lines).encode("latin-1")
    return head + response.body if with_body else head


def switching_protocols(accept: str, subprotocol: str | None, request_id: str) -> bytes:
    """The response that opens a WebSocket."""
    chosen = f"sec-websocket-protocol: {subprotocol}\r\n" if subprotocol else ""
    return (
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
        f"sec-websocket-accept: {accept}\r\n{chosen}x-amzn-requestid: {request_id}\r\n\r\n"
    ).encode("latin-1")


class _RefusedError(Exception):
    """Raised in a callback to stop the parser. `RequestReader.refusal` holds the response."""


class RequestReader:
    """Reads the requests of one connection.

    When `refusal` is set, the connection ends after the responses to the earlier requests. When `upgraded` is
    set, `rest` holds the bytes that already belong to the WebSocket.
    """

    __slots__ = (
        "_body",
        "_body_size",
        "_fed_bytes",
        "_head_size",
        "_headers",
        "_in_head",
        "_limits",
        "_parser",
        "_ready",
        "_target",
        "refusal",
        "rest",
        "upgraded",
        "wants_continue",
    )

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._parser: httptools.HttpRequestParser | None = httptools.HttpRequestParser(self)
        self._ready: list[HttpRequest] = []  # completed by the bytes being fed
        self.refusal: HttpResponse | None = None
        self.upgraded = False
        self.wants_continue = False  # the client waits for 100 before it sends the body
        self.rest = b""
        self._in_head = True  # no whole head has arrived for the next request
        self._fed_bytes = 0  # bytes fed for it
        self.on_message_begin()

    def feed(self, data: bytes) -> list[HttpRequest]:
        """The requests completed by `data`, in order."""
        rest = data
        while rest and not (self.refusal or self.upgraded):
            rest = self._parse(rest)
        ready, self._ready = self._ready, []
        if self._in_head and not ready:
            self._fed_bytes += len(data)  # the parser keeps an unfinished header to itself
            if self._fed_bytes > self._limits.header_bytes:
                self.refusal = self.refusal or _head_too_large()
        return ready

    def close(self) -> None:
        """Release the parser: it and the reader refer to each other."""
        self._parser = None

    def _parse(self, data: bytes) -> bytes:
        """Feed the parser. Returns the bytes to feed again after an upgrade that is not supported."""
        if self._parser is None:
            return b""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            rest = data[upgrade.args[0] :]
            request = self._ready.pop()
            self._parser = httptools.HttpRequestParser(self)
            if not request.upgrades_to_websocket:
                return _without_upgrade(request) + rest
            self._ready.append(request)
            self.upgraded = True
            self.rest = rest
        except httptools.HttpParserError:
            closing = bool(self._ready) and not self._ready[-1].keep_alive
            if not closing:  # bytes after a request with `Connection: close` are ignored
                self.refusal = self.refusal or HttpResponse.failure(
                    400, "MalformedHttpRequestException", "The request is not valid HTTP."
                )
        return b""

    # Called by httptools.

    def on_message_begin(self) -> None:
        self._target = b""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._body_size = 0
        self._head_size = 0  # bytes of the head, as far as it is parsed

    def on_url(self, url: bytes) -> None:
        self._target += url
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value) + 4)
        key, text = name.decode("latin-1").lower(), value.decode("latin-1").strip()
        if key in self._headers:
            text = f"{self._headers[key]},{text}"
        self._headers[key] = text

    def on_headers_complete(self) -> None:
        self._in_head = False
        headers = self._headers
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length) > self._limits.body_bytes:
            self._refuse(_body_too_large())
        expect = headers.get("expect")
        if expect is not None:
            if expect.lower() != "100-continue":
                self._refuse(HttpResponse.failure(417, "BadRequestException", "Unknown expectation."))
            self.wants_continue = True

    def on_body(self, body: bytes) -> None:
        self.wants_continue = False
        self._body_size += len(body)
        if self._body_size > self._limits.body_bytes:
            self._refuse(_body_too_large())
        self._body.append(body)

    def on_message_complete(self) -> None:
        self.wants_continue = False
        self._in_head, self._fed_bytes = True, 0
        assert self._parser is not None  # noqa: S101 - for the type checker: it is what calls this
        path, _, query = self._target.decode("latin-1").partition("?")
        self._ready.append(
            HttpRequest(
                method=self._parser.get_method().decode("ascii"),
                path=path,
                query=query,
                headers=self._headers,
                body=b"".join(self._body),
                keep_alive=self._parser.should_keep_alive(),
            )
        )

    def _count(self, size: int) -> None:
        self._head_size += size
        if self._head_size > self._limits.header_bytes:
            self._refuse(_head_too_large())

    def _refuse(self, response: HttpResponse) -> None:
        self.refusal = response
        raise _RefusedError


def _without_upgrade(request: HttpRequest) -> bytes:
    """The request's head without the upgrade, to be parsed again: the parser has skipped the body."""
    target = f"{request.path}?{request.query}" if request.query else request.path
    lines = [f"{request.method} {target} HTTP/1.1"]
    for name, value in request.headers.items():
        if name == "connection":
            tokens = [token for part in value.split(",") if (token := part.strip()).lower() != "upgrade"]
            value = ", ".join(tokens)  # noqa: PLW2901 - the same header without the offer
        if name != "upgrade":
            lines.append(f"{name}: {value}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _head_too_large() -> HttpResponse:
    return HttpResponse.failure(431, "BadRequestException", "The request's headers are too large.")


def _body_too_large() -> HttpResponse:
    return HttpResponse.failure(413, "RequestEntityTooLargeException", "The request's body is too large.")
