"""One port for two protocols: the first byte of a connection shows whether it is TLS or plain HTTP."""

from __future__ import annotations

import logging
import socket
import ssl
from typing import Final

from ..loopback import loopback_address
from .connection import HttpConnection
from .connection_state import SharedHttpState

log = logging.getLogger(__name__)

_TLS_HANDSHAKE: Final = b"\x16"  # the record type a ClientHello starts with
_BACKLOG: Final = 2048
_ACCEPTS_AT_ONCE: Final = 64  # then the event loop runs other callbacks
_PAUSE_SECONDS: Final = 0.5  # after the process ran out of file descriptors


class Listener:
    """Accepts connections on a loopback address. Without `tls` all connections are plain HTTP."""

    def __init__(self, shared: SharedHttpState, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        """Bind and listen.

        Raises ValueError for a host that is not loopback, OSError when the port is taken.
        """
        address = loopback_address(host)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._shared = shared
        self._tls = tls
        self._socket = socket.create_server((address, port), family=family, backlog=_BACKLOG)
        self._socket.setblocking(False)
        self._first_byte_wait = shared.timer.queue(shared.limits.first_byte_seconds, self._drop)
        self._closed = False
        self.host = address
        self.port: int = self._socket.getsockname()[1]
        self._listen()

    def close(self) -> None:
        """Stop accepting, and close connections that have sent no byte. Does nothing when already closed."""
        if self._closed:
            return
        self._closed = True
        self._shared.loop.remove_reader(self._socket)
        self._socket.close()
        for connection in self._first_byte_wait.take_all():
            self._shared.loop.remove_reader(connection)
            connection.close()

    def _listen(self) -> None:
        if not self._closed:
            self._shared.loop.add_reader(self._socket, self._accept)

    def _accept(self) -> None:
        for _ in range(_ACCEPTS_AT_ONCE):
            try:
                connection, _ = self._socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:  # out of file descriptors: a retry at once would block the loop
                log.warning("errno=<%s>, pause_seconds=<%s> | cannot accept", error.errno, _PAUSE_SECONDS)
                self._shared.loop.remove_reader(self._socket)
                self._shared.loop.call_later(_PAUSE_SECONDS, self._listen)
                return
            connection.setblocking(False)
            if self._tls is None:
                self._start(connection, None)
            else:
                self._first_byte_wait.add(connection)
                self._shared.loop.add_reader(connection, self._sniff, connection)

    def _sniff(self, connection: socket.socket) -> None:
        try:
            first = connection.recv(1, socket.MSG_PEEK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            first = b""
        self._first_byte_wait.discard(connection)
        self._shared.loop.remove_reader(connection)
        if first:
            self._start(connection, self._tls if first == _TLS_HANDSHAKE else None)
        else:
            connection.close()

    def _drop(self, connection: socket.socket) -> None:
        self._shared.loop.remove_reader(connection)
        connection.close()

    def _start(self, connection: socket.socket, tls: ssl.SSLContext | None) -> None:
        self._shared.tasks.track(self._shared.loop.create_task(self._connect(connection, tls)))

    async def _connect(self, connection: socket.socket, tls: ssl.SSLContext | None) -> None:
        timeout = None if tls is None else self._shared.limits.first_byte_seconds
        try:
            await self._shared.loop.connect_accepted_socket(
                lambda: HttpConnection(self._shared), connection, ssl=tls, ssl_handshake_timeout=timeout
            )
        except OSError as error:  # ssl.SSLError and ConnectionError among them: the client's failure
            log.debug("error=<%s> | connection failed before its first request", type(error).__name__)
            connection.close()
