"""One HTTP connection: responds in the order of the requests, until it ends or becomes a WebSocket."""

from __future__ import annotations

import asyncio
from collections import deque
from functools import partial

from ..contract import AppSyncError
from ..operations import execution_timeout
from ..realtime.websocket_connection import WebSocketConnection
from .connection_state import SharedHttpState
from .graphql_endpoint import REALTIME_PATHS, failure_response
from .handshake import Handshake, read_handshake
from .messages import (
    CONTINUE,
    HttpRequest,
    HttpResponse,
    RequestReader,
    encode_response,
    switching_protocols,
)


class HttpConnection(asyncio.Protocol):
    """Responds to one request after the other. Later requests may already have arrived (pipelining)."""

    __slots__ = (
        "_busy",
        "_closing_after_response",
        "_draining",
        "_early_data",
        "_processing",
        "_reader",
        "_reading_paused",
        "_requests",
        "_shared",
        "_transport",
        "_writing_paused",
    )

    _transport: asyncio.Transport

    def __init__(self, shared: SharedHttpState) -> None:
        self._shared = shared
        self._reader = RequestReader(shared.limits)
        self._requests: deque[HttpRequest] = deque()  # arrived, not yet in progress
        self._busy = False  # a request is in progress
        self._processing = False  # `_process_requests` is running
        self._writing_paused = False  # the peer does not read its responses fast enough
        self._reading_paused = False
        self._draining = False  # the last response is written
        self._closing_after_response = False  # the response in progress is the last
        self._early_data = b""  # sent by a WebSocket client before the response to its handshake

    # Called by the transport.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - for the type checker
        self._transport = transport
        self._shared.connections.add(self)
        self._shared.idle.add(self)

    def data_received(self, data: bytes) -> None:
        if self._draining:
            return
        if self._reader.upgraded:
            self._early_data += data
            if len(self._early_data) > self._shared.limits.message_bytes:
                self.abort()
            return
        self._requests.extend(self._reader.feed(data))
        self._process_requests()

    def pause_writing(self) -> None:
        self._writing_paused = True
        self._update_reading()

    def resume_writing(self) -> None:
        self._writing_paused = False
        self._process_requests()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._draining = True
        self._requests.clear()
        self._unregister()

    # Called by the shared state and the data plane.

    def abort(self) -> None:
        """Drop the connection at once."""
        self._transport.abort()

    def close_when_idle(self) -> None:
        """Close the connection after the response in progress."""
        self._requests.clear()
        self._closing_after_response = True
        if not self._busy:
            self._finish()

    # Requests.

    def _process_requests(self) -> None:
        if self._processing:
            return
        self._processing = True
        while self._requests and not (self._busy or self._writing_paused or self._draining):
            self._start_request(self._requests.popleft())
        self._processing = False
        self._update_reading()
        if self._requests or self._busy or self._writing_paused or self._draining:
            return
        if self._reader.refusal is not None:
            self._write(self._reader.refusal, keep_alive=False)
            self._finish()
        elif self._reader.wants_continue:
            self._reader.wants_continue = False
            self._transport.write(CONTINUE)

    def _start_request(self, request: HttpRequest) -> None:
        self._busy = True
        self._shared.idle.discard(self)
        self._shared.counters.http_requests += 1
        if request.upgrades_to_websocket and request.path in REALTIME_PATHS:
            self._upgrade(request)
            return
        self._shared.tasks.start(
            self._shared.router.respond(request),
            partial(self._respond, request),
            on_timeout=lambda: failure_response(execution_timeout()),
        )

    def _respond(self, request: HttpRequest, response: HttpResponse) -> None:
        self._busy = False
        if self._transport.is_closing():
            return
        keep_alive = request.keep_alive and not (self._reader.upgraded or self._closing_after_response)
        self._write(response, keep_alive=keep_alive, with_body=request.method != "HEAD")
        if keep_alive:
            self._shared.idle.add(self)
            self._process_requests()
        else:
            self._finish()

    def _write(self, response: HttpResponse, *, keep_alive: bool, with_body: bool = True) -> None:
        data = encode_response(
            response, request_id=self._shared.new_request_id(), keep_alive=keep_alive, with_body=with_body
        )
        self._transport.write(data)

    def _update_reading(self) -> None:
        """Pause reading while too many responses or requests wait."""
        overloaded = self._writing_paused or len(self._requests) >= self._shared.limits.pipelined_requests
        if overloaded != self._reading_paused and not self._transport.is_closing():
            self._reading_paused = overloaded
            if overloaded:
                self._transport.pause_reading()
            else:
                self._transport.resume_reading()

    def _finish(self) -> None:
        """Close the connection, but go on reading for a moment.

        A close with unread bytes resets the connection, and the peer could lose the response.
        """
        self._draining = True
        self._requests.clear()
        self._shared.idle.discard(self)
        self._shared.closing.add(self)
        if self._transport.can_write_eof() and self._reader.refusal is not None:
            self._transport.write_eof()
        else:
            self._transport.close()

    # The upgrade to a WebSocket.

    def _upgrade(self, request: HttpRequest) -> None:
        handshake = read_handshake(request)
        if isinstance(handshake, HttpResponse):
            self._respond(request, handshake)
        elif isinstance(handshake.claim, AppSyncError):
            self._open(handshake, handshake.claim)
        else:
            self._shared.tasks.start(
                self._shared.websockets.endpoint.connect(handshake.claim),
                partial(self._open, handshake),
                on_timeout=execution_timeout,
            )

    def _open(self, handshake: Handshake, refusal: AppSyncError | None) -> None:
        transport = self._transport
        if transport.is_closing():
            return
        response = switching_protocols(handshake.accept, handshake.subprotocol, self._shared.new_request_id())
        transport.write(response)
        if self._reading_paused:
            transport.resume_reading()
        early_data = self._reader.rest + self._early_data
        self._unregister()
        socket = WebSocketConnection(
            self._shared.websockets, transport, authority=handshake.authority, refusal=refusal
        )
        transport.set_protocol(socket)
        socket.open()
        if early_data:
            socket.data_received(early_data)

    def _unregister(self) -> None:
        self._reader.close()
        self._shared.connections.discard(self)
        self._shared.idle.discard(self)
        self._shared.closing.discard(self)
