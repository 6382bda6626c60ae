"""One HTTP connection: answers in the order of the requests, until it ends or becomes a WebSocket."""

from __future__ import annotations

import asyncio
from collections import deque
from functools import partial

from ..contract import AppSyncError
from ..realtime.connection_state import Wire
from ..realtime.handshake import Handshake, read_handshake
from ..realtime.websocket_connection import RealtimeSocket
from .endpoint import REALTIME_PATHS, execution_timeout, failure_response
from .messages import (
    CONTINUE,
    HttpRequest,
    HttpResponse,
    RequestReader,
    encode_response,
    switching_protocols,
)


class HttpConnection(asyncio.Protocol):
    """Requests are answered one after the other; the next may already have arrived (pipelining)."""

    __slots__ = (
        "_advancing",
        "_busy",
        "_deaf",
        "_early",
        "_ending",
        "_full",
        "_paused",
        "_reader",
        "_requests",
        "_transport",
        "_wire",
    )

    _transport: asyncio.Transport

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._reader = RequestReader(wire.limits)
        self._requests: deque[HttpRequest] = deque()  # arrived and not yet begun
        self._busy = False  # one is being answered
        self._advancing = False  # `_advance` is running
        self._full = False  # the peer does not read its answers fast enough
        self._paused = False  # we do not read what it sends
        self._deaf = False  # the last answer is out: what else arrives is thrown away
        self._ending = False  # the answer under way is the last
        self._early = b""  # sent by the client of a WebSocket before its handshake was answered

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - for the type checker
        self._transport = transport
        self._wire.http.add(self)
        self._wire.http_idle.add(self)

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        if self._reader.upgraded:
            self._early += data
            if len(self._early) > self._wire.limits.message_bytes:
                self.abort()
            return
        self._requests.extend(self._reader.feed(data))
        self._advance()

    def pause_writing(self) -> None:
        self._full = True
        self._regulate()

    def resume_writing(self) -> None:
        self._full = False
        self._advance()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._deaf = True
        self._requests.clear()
        self._forget()

    # What others call.

    def abort(self) -> None:
        """Drop the connection at once."""
        self._transport.abort()

    def close_when_idle(self) -> None:
        """Answer what is being answered, then close."""
        self._requests.clear()
        self._ending = True
        if not self._busy:
            self._end()

    # One request after the other.

    def _advance(self) -> None:
        if self._advancing:
            return
        self._advancing = True
        while self._requests and not (self._busy or self._full or self._deaf):
            self._begin(self._requests.popleft())
        self._advancing = False
        self._regulate()
        if self._requests or self._busy or self._full or self._deaf:
            return
        if self._reader.refusal is not None:
            self._write(self._reader.refusal, keep_alive=False)
            self._end()
        elif self._reader.wants_continue:
            self._reader.wants_continue = False
            self._transport.write(CONTINUE)

    def _begin(self, request: HttpRequest) -> None:
        self._busy = True
        self._wire.http_idle.discard(self)
        self._wire.counters.http_requests += 1
        if request.upgrades_to_websocket and request.path in REALTIME_PATHS:
            self._upgrade(request)
            return
        self._wire.tasks.begin(
            self._wire.router.respond(request),
            partial(self._answer, request),
            too_late=lambda: failure_response(execution_timeout()),
        )

    def _answer(self, request: HttpRequest, response: HttpResponse) -> None:
        self._busy = False
        if self._transport.is_closing():
            return
        keep_alive = request.keep_alive and not (self._reader.upgraded or self._ending)
        self._write(response, keep_alive=keep_alive, with_body=request.method != "HEAD")
        if keep_alive:
            self._wire.http_idle.add(self)
            self._advance()
        else:
            self._end()

    def _write(self, response: HttpResponse, *, keep_alive: bool, with_body: bool = True) -> None:
        data = encode_response(
            response, request_id=self._wire.new_request_id(), keep_alive=keep_alive, with_body=with_body
        )
        self._transport.write(data)

    def _regulate(self) -> None:
        """Read no further while answers or requests pile up."""
        pile_up = self._full or len(self._requests) >= self._wire.limits.pipelined_requests
        if pile_up != self._paused and not self._transport.is_closing():
            self._paused = pile_up
            if pile_up:
                self._transport.pause_reading()
            else:
                self._transport.resume_reading()

    def _end(self) -> None:
        """Close, but read on for a moment.

        Closing with unread bytes would tear the answer from the peer's hands.
        """
        self._deaf = True
        self._requests.clear()
        self._wire.http_idle.discard(self)
        self._wire.http_closing.add(self)
        if self._transport.can_write_eof() and self._reader.refusal is not None:
            self._transport.write_eof()
        else:
            self._transport.close()

    # Becoming a WebSocket.

    def _upgrade(self, request: HttpRequest) -> None:
        handshake = read_handshake(request)
        if isinstance(handshake, HttpResponse):
            self._answer(request, handshake)
        elif isinstance(handshake.claim, AppSyncError):
            self._open(handshake, handshake.claim)
        else:
            self._wire.tasks.begin(
                self._wire.endpoint.connect(handshake.claim),
                partial(self._open, handshake),
                too_late=execution_timeout,
            )

    def _open(self, handshake: Handshake, refusal: AppSyncError | None) -> None:
        transport = self._transport
        if transport.is_closing():
            return
        answer = switching_protocols(handshake.accept, handshake.subprotocol, self._wire.new_request_id())
        transport.write(answer)
        if self._paused:
            transport.resume_reading()
        early = self._reader.rest + self._early
        self._forget()
        socket = RealtimeSocket(self._wire, transport, refusal)
        transport.set_protocol(socket)
        socket.open()
        if early:
            socket.data_received(early)

    def _forget(self) -> None:
        self._reader.close()
        self._wire.http.discard(self)
        self._wire.http_idle.discard(self)
        self._wire.http_closing.discard(self)
