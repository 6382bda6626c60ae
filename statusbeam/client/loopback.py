"""Receives a provider's answer from the browser, at a redirect address on this machine (RFC 8252, 7.3)."""

from __future__ import annotations

import errno
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from queue import Empty, SimpleQueue
from socketserver import ThreadingTCPServer
from threading import Thread
from typing import Protocol, Self
from urllib.parse import parse_qsl, urlsplit

from statusbeam.model.settings import LOGIN_PATH, LOGIN_PORTS

from .errors import UnreachableError

HOST = "127.0.0.1"
IDLE_SECONDS = 10.0
"""Browsers open connections that they may never use."""
PAGE = b"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="color-scheme" content="light dark">
<meta name="viewport" content="width=device-width">
<title>statusbeam login</title>
<h1>Go back to the terminal</h1>
<p>It shows the result of the sign-in. You can close this window.</p>
</html>
"""
_HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "content-length": str(len(PAGE)),
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
}

Answer = Mapping[str, str]
"""The parameters of an authorization response."""


class Answers(Protocol):
    """Where a provider's answer arrives."""

    @property
    def address(self) -> str:
        """The redirect address."""
        ...

    def wait(self, seconds: float) -> Answer | None:
        """The first answer; None: there was none in this time."""
        ...


class Loopback:
    """Listens on the first free port of `ports` while its block is open. Port 0 is any free one."""

    def __init__(self, ports: Sequence[int] = LOGIN_PORTS) -> None:
        """Raises UnreachableError if no port is free."""
        self._answers: SimpleQueue[Answer] = SimpleQueue()
        self._server = _bound(ports, self._answers)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def address(self) -> str:
        """See Answers.address."""
        return f"http://{HOST}:{self._server.server_address[1]}{LOGIN_PATH}"

    def wait(self, seconds: float) -> Answer | None:
        """See Answers.wait."""
        try:
            return self._answers.get(timeout=seconds)
        except Empty:
            return None


class _Server(ThreadingTCPServer):
    """A plain TCPServer: HTTPServer asks the name service for the name of its address."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int, answers: SimpleQueue[Answer]) -> None:
        self.answers = answers
        super().__init__((HOST, port), _Handler)

    def handle_error(self, *_: object) -> None:
        """Print nothing: a browser may drop a connection whenever it likes."""


class _Handler(BaseHTTPRequestHandler):
    timeout = IDLE_SECONDS
    server: _Server

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        answer = dict(parse_qsl(url.query))
        if url.path != LOGIN_PATH or not answer.keys() & {"code", "error"}:
            self.send_error(HTTPStatus.NOT_FOUND)  # for the icon, say
            return
        try:
            self.send_response(HTTPStatus.OK)
            for name, value in _HEADERS.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(PAGE)
        finally:
            self.server.answers.put(answer)  # after the page: the command may end at once

    def log_message(self, *_: object) -> None:
        """Write nothing: the line would contain the authorization code."""


def _bound(ports: Sequence[int], answers: SimpleQueue[Answer]) -> _Server:
    for port in ports:
        try:
            return _Server(port, answers)
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise UnreachableError(f"can't listen on port {port} of {HOST}: {error}") from error
    named = ", ".join(map(str, ports))
    raise UnreachableError(
        f"no port of {HOST} is free for the provider's answer (tried {named}): end the program that uses "
        "it, or name another port with --port, which is registered with the provider."
    )
