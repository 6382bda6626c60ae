"""A receiver over HTTPS on 127.0.0.1, and a client that may reach it."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import trustme

from statusbeam.notifications.https_post import HttpsClient

HOST = "hooks.example.com"


@dataclass(slots=True)
class Receiver:
    """`answers` are given in turn, the last one for good."""

    url: str
    client: HttpsClient
    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=lambda: [(204, {}, b"")])
    received: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def receiver() -> Iterator[Receiver]:
    """Serve as HOST on a free port until the block ends."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST).configure_cert(context)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            state.received.append((self.path, headers, body))
            status, extra, answer = state.answers.pop(0) if len(state.answers) > 1 else state.answers[0]
            self.send_response(status)
            for name, value in {**extra, "content-length": str(len(answer))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Nothing: the test's output is its own."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)

    def resolve(host: str, port: int) -> Sequence[str]:
        assert host == HOST
        return ["127.0.0.1"]

    client = HttpsClient(allows=lambda _: True, resolve=resolve, context=trusting, timeout=10)
    state = Receiver(url=f"https://{HOST}:{server.server_port}", client=client)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)
