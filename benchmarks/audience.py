"""The benchmark's client: thousands of subscribers on one epoll loop, which is fast enough not to be the
limit.

The client counts deliveries by a marker in the bytes, without parsing. All servers are measured by the same
code.
"""

from __future__ import annotations

import select
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

from benchmarks.dialects import MARKER, Dialect

HANDSHAKE_SECONDS = 20.0
BUFFER_BYTES = 1 << 18
STALLED_RECEIVE_BYTES = 4096
POLL_SECONDS = 0.05
_HALF = MARKER[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """The result of a run. `cpu_share` is the client's CPU time over wall time (1: the client was the
    limit)."""

    deliveries: int
    published: int
    seconds: float
    cpu_share: float
    latencies_ms: Sequence[float] = ()

    @property
    def rate(self) -> float:
        """Deliveries per second."""
        return self.deliveries / self.seconds


class Audience:
    """Subscribers and publishers of one server. As a context manager, it closes every socket at the end."""

    def __init__(self, dialect: Dialect, port: int) -> None:
        self.dialect = dialect
        self._address = ("127.0.0.1", port)
        self._host = f"127.0.0.1:{port}"
        self._subscribers: dict[int, socket.socket] = {}
        self._stalled: list[socket.socket] = []
        self._publishers: list[socket.socket] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for connection in (*self._subscribers.values(), *self._stalled, *self._publishers):
            connection.close()

    def __len__(self) -> int:
        return len(self._subscribers)

    def join(self, count: int) -> None:
        """Add subscribers, each acknowledged before the next one starts."""
        for _ in range(count):
            connection = self._subscribed(socket.create_connection(self._address, HANDSHAKE_SECONDS))
            connection.setblocking(False)
            self._subscribers[connection.fileno()] = connection

    def connect_only(self, count: int) -> None:
        """Add connections that are acknowledged but subscribe to nothing."""
        for _ in range(count):
            connection = socket.create_connection(self._address, HANDSHAKE_SECONDS)
            self._handshake(connection, self.dialect.subscribe(self._host)[:1])
            connection.setblocking(False)
            self._subscribers[connection.fileno()] = connection

    def join_stalled(self) -> None:
        """Add one subscriber that never reads again."""
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, STALLED_RECEIVE_BYTES)
        connection.settimeout(HANDSHAKE_SECONDS)
        connection.connect(self._address)
        self._stalled.append(self._subscribed(connection))

    def still_open(self) -> int:
        """How many subscribers' connections the server has not closed."""
        return sum(_is_open(connection) for connection in self._subscribers.values())

    def watch(self, *, in_flight: int, seconds: float, most: int, size: int = 0) -> Delivered:
        """Publish for `seconds`, up to `most` statuses. Up to `in_flight` statuses are not yet received by
        all."""
        requests = self._requests(most, size)
        window = Window(requests=requests, audience=len(self._subscribers), in_flight=in_flight)
        return self._run(window, in_flight, seconds, window.may_publish)

    def watch_paced(self, *, per_second: float, most: int, size: int = 0) -> Delivered:
        """Publish `most` statuses at a steady rate. A delivery's time begins with the send of its
        mutation."""
        window = Window(requests=self._requests(most, size), audience=len(self._subscribers), in_flight=most)
        start = time.perf_counter()
        due = lambda: window.sent < (time.perf_counter() - start) * per_second  # noqa: E731 - a pace, named
        return self._run(window, 8, most / per_second + HANDSHAKE_SECONDS, due, timed=True)

    def _run(
        self,
        window: Window,
        publishers: int,
        seconds: float,
        may_publish: Callable[[], bool],
        *,
        timed: bool = False,
    ) -> Delivered:
        poll = select.epoll()
        for fd in self._subscribers:
            poll.register(fd, select.EPOLLIN)
        connections = PublisherConnections(self._publisher_sockets(publishers), poll)
        reader = Reader(self._subscribers, window, timed=timed)
        start, cpu = time.perf_counter(), time.process_time()
        deadline = start + seconds
        while (now := time.perf_counter()) < deadline and not window.complete:
            while window.left and may_publish() and connections.publish(window):
                pass
            for fd, _ in poll.poll(0.001 if timed else POLL_SECONDS):
                if fd in self._subscribers:
                    reader.read(fd)
                else:
                    connections.answer(fd)
        elapsed, burnt = now - start, time.process_time() - cpu
        poll.close()
        for connection in self._publishers:
            connection.close()
        self._publishers.clear()
        self._drain()
        return Delivered(
            deliveries=window.received,
            published=window.sent,
            seconds=elapsed,
            cpu_share=burnt / elapsed,
            latencies_ms=reader.latencies_ms,
        )

    def _requests(self, count: int, size: int) -> list[bytes]:
        return [self.dialect.publish(self._host, number, size) for number in range(count)]

    def _publisher_sockets(self, count: int) -> list[socket.socket]:
        for _ in range(count):
            connection = socket.create_connection(self._address, HANDSHAKE_SECONDS)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._publishers.append(connection)
        return self._publishers

    def _drain(self, quiet_seconds: float = 0.3) -> None:
        """Read pending deliveries, so that a run does not count those of the run before."""
        poll = select.epoll()
        for fd in self._subscribers:
            poll.register(fd, select.EPOLLIN)
        until = time.perf_counter() + HANDSHAKE_SECONDS
        while (events := poll.poll(quiet_seconds)) and time.perf_counter() < until:
            for fd, _ in events:
                if not self._subscribers[fd].recv(BUFFER_BYTES):
                    poll.unregister(fd)
        poll.close()

    def _subscribed(self, connection: socket.socket) -> socket.socket:
        self._handshake(connection, self.dialect.subscribe(self._host))
        return connection

    def _handshake(self, connection: socket.socket, frames: Sequence[tuple[bytes, bytes]]) -> None:
        connection.sendall(self.dialect.upgrade(self._host))
        _read_until(connection, b"\r\n\r\n", refused=b"HTTP/1.1 4")
        for frame, answer in frames:
            connection.sendall(frame)
            _read_until(connection, answer, refused=b"error")


class Window:
    """The progress of a run: sent and received statuses, and whether the next one may be sent."""

    def __init__(self, *, requests: Sequence[bytes], audience: int, in_flight: int) -> None:
        self.requests = requests
        self.audience = audience
        self.in_flight = in_flight
        self.sent = 0
        self.received = 0
        self.sent_at: list[float] = []

    @property
    def left(self) -> bool:
        """Whether there is a status to send."""
        return self.sent < len(self.requests)

    @property
    def complete(self) -> bool:
        """Whether all subscribers have received all statuses."""
        return not self.left and self.received >= self.sent * self.audience

    def may_publish(self) -> bool:
        """Whether fewer than `in_flight` statuses are pending."""
        return self.received >= (self.sent - self.in_flight + 1) * self.audience

    def next_request(self) -> bytes:
        """The next status's bytes. Starts its clock."""
        request = self.requests[self.sent]
        self.sent += 1
        self.sent_at.append(time.perf_counter())
        return request


class PublisherConnections:
    """Kept HTTP connections; one request at a time on each."""

    def __init__(self, connections: Sequence[socket.socket], poll: select.epoll) -> None:
        self._connections = {connection.fileno(): connection for connection in connections}
        self._idle = deque(connections)
        self._answers = dict.fromkeys(self._connections, b"")
        for fd in self._connections:
            poll.register(fd, select.EPOLLIN)

    def publish(self, window: Window) -> bool:
        """Send the next status if a connection is idle."""
        if not self._idle:
            return False
        self._idle.popleft().sendall(window.next_request())
        return True

    def answer(self, fd: int) -> None:
        """Read a connection. A complete answer frees it. Raises RuntimeError for a refusal."""
        part = self._connections[fd].recv(BUFFER_BYTES)
        if not part:
            raise RuntimeError("the server closed a publisher's connection")
        self._answers[fd] += part
        head, end, body = self._answers[fd].partition(b"\r\n\r\n")
        if not end or len(body) < _content_length(head):
            return
        if not head.startswith(b"HTTP/1.1 200") or b'"errors":' in body:
            raise RuntimeError(f"the server refused a status: {self._answers[fd][-500:].decode()}")
        self._answers[fd] = b""
        self._idle.append(self._connections[fd])


class Reader:
    """Counts the markers that subscribers receive. With `timed`, it also records the time of each.

    The deliveries of a connection are in the order of publishing, so the n-th marker is the n-th status.
    """

    def __init__(self, subscribers: dict[int, socket.socket], window: Window, *, timed: bool) -> None:
        self._subscribers = subscribers
        self._window = window
        self._timed = timed
        self._buffer = bytearray(BUFFER_BYTES)
        self._halves: set[int] = set()
        self._seen = dict.fromkeys(subscribers, 0)
        self.latencies_ms: list[float] = []

    def read(self, fd: int) -> None:
        """Read one subscriber's connection. Raises RuntimeError if the server has closed it."""
        buffer = self._buffer
        length = self._subscribers[fd].recv_into(buffer)
        if not length:
            raise RuntimeError("the server closed a subscriber's connection")
        found = buffer.count(MARKER, 0, length)
        if self._halves and fd in self._halves:
            self._halves.remove(fd)
            found += buffer[0] == _HALF
        if buffer[length - 1] == _HALF and buffer[max(0, length - 2) : length] != MARKER:
            self._halves.add(fd)
        self._window.received += found
        if self._timed:
            self._note(fd, found)

    def _note(self, fd: int, found: int) -> None:
        now, seen = time.perf_counter(), self._seen[fd]
        self._seen[fd] = seen + found
        for number in range(seen, seen + found):
            self.latencies_ms.append((now - self._window.sent_at[number]) * 1000)


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise RuntimeError("an answer without a content-length")


def _read_until(connection: socket.socket, wanted: bytes, *, refused: bytes) -> None:
    received = b""
    while wanted not in received:
        part = connection.recv(65536)
        received += part
        if not part or refused in received:
            raise RuntimeError(f"expected {wanted!r}, got {received[-500:]!r}")


def _is_open(connection: socket.socket) -> bool:
    try:
        return connection.recv(BUFFER_BYTES) != b""
    except BlockingIOError:
        return True
    except ConnectionError:
        return False
