"""A TCP proxy in front of a server: a test can cut its connections, or stop it."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from typing import Self

from tests.reserved_port import reserve_port

RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close at once, without a goodbye


class TcpProxy:
    """Forwards 127.0.0.1:<a free port> to another server of this machine."""

    def __init__(self, host: str) -> None:
        name, port = host.split(":")
        self._server = (name, int(port))
        self._reserved = reserve_port()
        self._port: int = self._reserved.getsockname()[1]
        self._listener: socket.socket | None = None
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """Where it answers, the same after `stop` and `start`."""
        return f"http://127.0.0.1:{self._port}/"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._reserved.close()
        for thread in self._threads:
            thread.join()

    def start(self) -> None:
        """Answer."""
        self._listener = listener = socket.create_server(("127.0.0.1", self._port), backlog=64)
        self._run(self._accept, listener)

    def stop(self) -> None:
        """Be away: every connection dies, and new ones are refused."""
        with self._lock:
            listener, self._listener = self._listener, None
        if listener is not None:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # wakes the one who accepts
            listener.close()
        self.cut()

    def cut(self) -> None:
        """Kill every connection; new ones are welcome."""
        with self._lock:
            dying, self._open = self._open, set()
        _kill(*dying)

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(self._server)
                with self._lock:
                    if self._listener is not listener:  # stopped since this connection was accepted
                        _kill(near, far)
                        return
                    self._open |= {near, far}
                self._run(self._pump, near, far)
                self._run(self._pump, far, near)

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                sink.sendall(data)
        for each in (source, sink):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            with self._lock:
                self._open.discard(each)
            each.close()

    def _run(self, work: object, *arguments: socket.socket) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]  # a method of ours
        thread.start()
        self._threads.append(thread)


def _kill(*connections: socket.socket) -> None:
    for each in connections:
        with contextlib.suppress(OSError):
            each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            each.shutdown(socket.SHUT_RDWR)
        each.close()
