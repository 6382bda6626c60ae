"""A response that streams a watch, in any dialect of server-sent events."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fastapi.sse import format_sse_event
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from statusbeam.log.snapshot.job_state import Head, Job
from statusbeam.model.errors import JournalError
from statusbeam.model.job_key import JobKey

from ..access.connections import EndReason, StreamEndedError
from ..access.viewer import Viewer
from ..service import Bridge
from ..tail.cursor import Cursor
from ..tail.events import WatchEvent
from ..tail.watch import Watch

COMMENT: Final = format_sse_event(comment="")
"""A comment that keeps a silent stream open."""

STREAM_HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

COMMENT_SECONDS: Final = 15.0
"""The longest silence of a stream, in seconds."""

SETTLE_SECONDS: Final = 2.0
"""How long a stream stays open after the job's end, for late final statuses of its agents."""

_COME_BACK_MS: Final = (500, 5_000)
"""The range of reconnect delays, so that clients of an ending process do not reconnect together."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamDialect:
    """The format of a stream."""

    name: str
    render: Callable[[WatchEvent], Sequence[bytes]]
    opening: bytes = b""
    at_end: Callable[[Job], Sequence[bytes]] = lambda _: ()
    """The last part, after the job has ended and settled."""
    at_tail: Callable[[Cursor], bytes] = lambda _: b""
    """The part that tells the client that it has every status up to this cursor."""
    is_last: Callable[[WatchEvent], bool] = lambda _: False
    """Whether the stream ends with this event."""
    come_back_in: Callable[[int], bytes] = lambda _: b""
    """The part that tells the client how many milliseconds to wait before it reconnects."""


class EventStream(Response):
    """Streams a job's statuses, each once, until the job has settled or the client disconnects."""

    media_type = "text/event-stream"

    def __init__(
        self,
        bridge: Bridge,
        viewer: Viewer,
        job: JobKey,
        dialect: StreamDialect,
        *,
        after: Cursor | None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(headers={**STREAM_HEADERS, **(headers or {})})
        del self.headers["content-length"]
        self._bridge = bridge
        self._viewer = viewer
        self._job = job
        self._dialect = dialect
        self._after = after

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's
        """Stream within this task, so that the end of the stream ends its waits."""
        output = Output(send, self.raw_headers)
        last = b""
        try:
            async with self._bridge.connections.open(self._viewer, self._dialect.name):
                await self._stream(receive, output)
        except StreamEndedError as ended:
            if ended.reason is not EndReason.LOGIN_ENDED:
                last = self._dialect.come_back_in(random.randint(*_COME_BACK_MS))  # noqa: S311 - spreads clients
        except JournalError as error:
            if not output.started:
                raise
            _log.warning("code=<%s> | stream ended: %s", error.code, error.message)
        await output.end(last)

    async def _stream(self, receive: Receive, output: Output) -> None:
        tails = self._bridge.tails
        async with tails.watch(self._job, may_see=self._viewer.may_see, after=self._after) as watch:
            first = await watch.next(
                within=0
            )  # before the response begins, so that an error has an HTTP status
            client = _Client(watch)
            leaving = asyncio.create_task(client.read(receive))
            try:
                await output.write(self._dialect.opening)
                await self._follow(watch, client, first, output)
            finally:
                leaving.cancel()

    async def _follow(
        self, watch: Watch, client: _Client, events: Sequence[WatchEvent], output: Output
    ) -> None:
        loop = asyncio.get_running_loop()
        settled_at: float | None = None
        while not client.has_left:
            body = b"".join(part for event in events for part in self._dialect.render(event))
            if watch.cursor == Cursor.of(watch.job.head):
                body += self._dialect.at_tail(watch.cursor)
            if body:
                await output.write(body)
            if any(map(self._dialect.is_last, events)):
                return
            if not watch.is_over:
                settled_at = None
                events = await watch.next(within=COMMENT_SECONDS)
                if not events and not client.has_left:
                    await output.write(COMMENT)
                continue
            settled_at = settled_at or loop.time() + SETTLE_SECONDS
            if loop.time() >= settled_at:
                await output.write(b"".join(self._dialect.at_end(watch.job)))
                return
            events = await watch.next(within=settled_at - loop.time())


def has_settled(head: Head, *, now: float) -> bool:
    """Whether the job ended so long ago that no late final status follows."""
    return head.ended and seconds_to_settle(head, now=now) == 0


def seconds_to_settle(head: Head, *, now: float) -> float:
    """How long the stream still waits for late final statuses, if the job has ended."""
    return max(0.0, (head.updated_ms or 0) / 1000 + SETTLE_SECONDS - now)


class _Client:
    """Whether the client is connected."""

    def __init__(self, watch: Watch) -> None:
        self.has_left = False
        self._watch = watch

    async def read(self, receive: Receive) -> None:
        """Read until the client disconnects."""
        await until_disconnect(receive)
        self.has_left = True
        self._watch.interrupt()


async def until_disconnect(receive: Receive) -> None:
    """Read and ignore the client's messages until it disconnects."""
    while not (await receive())["type"].endswith(".disconnect"):
        continue


class Output:
    """The response. It begins with its first bytes."""

    def __init__(self, send: Send, headers: Sequence[tuple[bytes, bytes]]) -> None:
        self.started = False
        self._send = send
        self._headers = list(headers)

    async def write(self, body: bytes) -> None:
        """Send a part. Waits while the client does not read."""
        if not self.started:
            self.started = True
            await self._send({"type": "http.response.start", "status": 200, "headers": self._headers})
        await self._send({"type": "http.response.body", "body": body, "more_body": True})

    async def end(self, body: bytes) -> None:
        """Send the last part."""
        await self.write(body)
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})
