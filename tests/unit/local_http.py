"""A real HTTP server on 127.0.0.1 with set answers, which records its requests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from threading import Condition, Event
from typing import Any

from tests.http_server import serving


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer: a status and a body. `hang`: none at all. `hang_up`: the connection ends instead."""

    status: int = 200
    body: bytes = b"{}"
    hang: bool = False
    hang_up: bool = False


def json_answer(body: Any, status: int = 200) -> Answer:
    """An answer in JSON."""
    return Answer(status=status, body=json.dumps(body).encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request as it came; header names in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes
    connection: int


@dataclass(slots=True)
class LocalServer:
    """`answers` are given in turn, the last one for good."""

    url: str
    answers: list[Answer]
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    ended: Event = field(default_factory=Event)
    _arrival: Condition = field(default_factory=Condition)

    def answer(self, request: Received) -> Answer:
        """The answer to a request."""
        with self._arrival:
            self.received.append(request)
            self._arrival.notify_all()
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def wait_for(self, count: int) -> None:
        """Wait for a number of requests, because a client may give up before the server reads them."""
        with self._arrival:
            assert self._arrival.wait_for(lambda: len(self.received) >= count, timeout=60)


@contextmanager
def local_server(*answers: Answer) -> Iterator[LocalServer]:
    """Serve on a free port until the block ends."""
    state = LocalServer(url="", answers=list(answers))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            state.connections += 1
            self.number = state.connections
            super().setup()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Received(path=self.path, headers=headers, body=body, connection=self.number)
            answer = state.answer(request)
            if answer.hang:
                state.ended.wait(timeout=30)
            if answer.hang or answer.hang_up:
                self.close_connection = True
                return
            self.send_response(answer.status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *arguments: object) -> None:
            """Log nothing on stderr."""

    with serving(Handler) as state.url:
        try:
            yield state
        finally:
            state.ended.set()
