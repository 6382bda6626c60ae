"""One port, two protocols: the first byte of a connection tells TLS from plain HTTP."""

from __future__ import annotations

import logging
import socket
import ssl
from typing import Final

from ..realtime.connection_state import Wire
from .connection import HttpConnection
from .loopback import loopback_address

log = logging.getLogger(__name__)

_TLS_HANDSHAKE: Final = b"\x16"  # the record type a ClientHello starts with
_BACKLOG: Final = 2048
_ACCEPTS_AT_ONCE: Final = 64  # then the loop gets its turn
_PAUSE_SECONDS: Final = 0.5  # after the process ran out of file descriptors


class Listener:
    """Accepts connections on a loopback address. `tls` None: plain only, and nothing is peeked at."""

    def __init__(self, wire: Wire, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        """Binds and listens.

        Raises ValueError for a host that is not loopback, OSError when the port is taken.
        """
        address = loopback_address(host)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._wire = wire
        self._tls = tls
        self._socket = socket.create_server((address, port), family=family, backlog=_BACKLOG)
        self._socket.setblocking(False)
        self._silent = wire.beat.queue(wire.limits.first_byte_seconds, self._give_up)
        self._closed = False
        self.host = address
        self.port: int = self._socket.getsockname()[1]
        self._listen()

    def close(self) -> None:
        """Accept no more; connections that have not said a byte are closed. Closing twice is harmless."""
        if self._closed:
            return
        self._closed = True
        self._wire.loop.remove_reader(self._socket)
        self._socket.close()
        for connection in self._silent.take_all():
            self._wire.loop.remove_reader(connection)
            connection.close()

    def _listen(self) -> None:
        if not self._closed:
            self._wire.loop.add_reader(self._socket, self._accept)

    def _accept(self) -> None:
        for _ in range(_ACCEPTS_AT_ONCE):
            try:
                connection, _ = self._socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:  # out of file descriptors: spinning on it would stop everybody
                log.warning("errno=<%s>, pause_seconds=<%s> | cannot accept", error.errno, _PAUSE_SECONDS)
                self._wire.loop.remove_reader(self._socket)
                self._wire.loop.call_later(_PAUSE_SECONDS, self._listen)
                return
            connection.setblocking(False)
            if self._tls is None:
                self._adopt(connection, None)
            else:
                self._silent.add(connection)
                self._wire.loop.add_reader(connection, self._sniff, connection)

    def _sniff(self, connection: socket.socket) -> None:
        try:
            first = connection.recv(1, socket.MSG_PEEK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            first = b""
        self._silent.discard(connection)
        self._wire.loop.remove_reader(connection)
        if first:
            self._adopt(connection, self._tls if first == _TLS_HANDSHAKE else None)
        else:
            connection.close()

    def _give_up(self, connection: socket.socket) -> None:
        self._wire.loop.remove_reader(connection)
        connection.close()

    def _adopt(self, connection: socket.socket, tls: ssl.SSLContext | None) -> None:
        self._wire.tasks.keep(self._wire.loop.create_task(self._connect(connection, tls)))

    async def _connect(self, connection: socket.socket, tls: ssl.SSLContext | None) -> None:
        timeout = None if tls is None else self._wire.limits.first_byte_seconds
        try:
            await self._wire.loop.connect_accepted_socket(
                lambda: HttpConnection(self._wire), connection, ssl=tls, ssl_handshake_timeout=timeout
            )
        except OSError as error:  # ssl.SSLError and ConnectionError among them: the client's affair
            log.debug("error=<%s> | connection failed before its first request", type(error).__name__)
            connection.close()
