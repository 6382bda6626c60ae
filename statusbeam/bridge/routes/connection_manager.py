"""The sockets of the five messages: each follows its session's job, and takes messages of your own.

>>> connections = ConnectionManager()
>>> await connections.serve(websocket, "session-1")        # the whole life of one socket
>>> await connections.send_message("session-1", ProgressMessage(…))
>>> connections.get_connection_count()
1
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from pydantic import BaseModel
from starlette.status import WS_1000_NORMAL_CLOSURE, WS_1001_GOING_AWAY, WS_1013_TRY_AGAIN_LATER
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from statusbeam.model.errors import JournalError, SessionStoreError
from statusbeam.model.validation import json_text, wire_time

from ..access.connections import StreamEndedError
from ..access.viewer import Viewer
from ..dialects.filters import StatusFilter
from ..dialects.five_messages import HeartbeatMessage, messages_at_join, messages_of, resume_point
from ..problems import Problem
from ..service import Bridge
from ..shared_frames import WriteFrames, text_frame, write_frames_of
from ..tail.cursor import BadCursorError, Cursor
from ..tail.events import Joined, Step, WatchEvent
from ..tail.watch import Watch
from .requests import filter_in
from .sockets import CLOSE_CODES, close, refuse

OUTBOX: Final = 64
"""The most queued messages of your own for one slow socket. With one more, the manager closes the socket. A
client that reconnects with `?after=` misses no status of the log."""

FIND_SECONDS: Final = 2.0
"""The first pause before the manager searches a session without a job by its other names. Pauses then
grow."""

_log = logging.getLogger(__name__)


class _Socket:
    """One socket of a session, and its queue of messages of your own."""

    def __init__(
        self,
        websocket: WebSocket,
        session_id: str,
        shown: StatusFilter | None = None,
        received: int = 0,
    ) -> None:
        self.websocket = websocket
        self.received = received
        """The number of messages of the next status that the client already has."""
        self.shown = shown or StatusFilter()
        self.session_id = session_id
        self.overflowed = False
        self.has_left = False
        self.sent_at = 0.0
        self.watch: Watch | None = None
        self.write_frames = write_frames_of(websocket.scope)
        self.rendered_as = f"frames {self.shown!r} {session_id}"
        """Cached, so that sockets with the same text share the bytes."""
        self.tasks: list[asyncio.Task[None]] = []
        self._waiting: list[str] = []
        self._filled = asyncio.Event()

    def end(self) -> None:
        """Cancel its tasks and break reference cycles, because the garbage collector runs rarely."""
        for task in self.tasks:
            task.cancel()
        if self.watch is not None:
            self.watch.write_now = None
            self.watch = None
        self.write_frames = None

    def put(self, text: str) -> None:
        """Send `text` when the socket has room for it."""
        self.overflowed = self.overflowed or len(self._waiting) >= OUTBOX
        self._waiting.append(text)
        self._filled.set()
        if self.watch is not None:
            self.watch.interrupt()

    def take(self) -> list[str]:
        """The queued messages."""
        waiting, self._waiting = self._waiting, []
        return waiting

    async def read(self) -> None:
        """Read until the client disconnects. Messages of clients (`pong`) have no effect."""
        with suppress(WebSocketDisconnect, RuntimeError):
            while self.websocket.client_state is not WebSocketState.DISCONNECTED:
                await self.websocket.receive()
        self.has_left = True
        if self.watch is not None:
            self.watch.interrupt()

    async def send_your_own(self) -> None:
        """Send queued messages until this is cancelled or the client disconnects."""
        with suppress(WebSocketDisconnect):
            while not self.overflowed:
                await self._filled.wait()
                self._filled.clear()
                for text in self.take():
                    await self.websocket.send_text(text)
        await close(self.websocket, WS_1013_TRY_AGAIN_LATER)


class ConnectionManager:
    """All sockets of this process, by session. `bridge` reads their statuses from the log."""

    def __init__(self, bridge: Bridge) -> None:
        self.bridge = bridge
        self._sockets: dict[str, list[_Socket]] = {}

    def get_connection_count(self, session_id: str | None = None) -> int:
        """The number of open sockets, of one session or in total."""
        if session_id is not None:
            return len(self._sockets.get(session_id, ()))
        return sum(map(len, self._sockets.values()))

    async def connect(self, websocket: WebSocket, session_id: str) -> None:
        """Accept and count a socket that follows no job. It gets only messages of your own; see `serve`."""
        socket = _Socket(websocket, session_id)
        await self._register(socket)
        socket.tasks.append(asyncio.create_task(socket.send_your_own()))

    def disconnect(self, websocket: WebSocket, session_id: str) -> None:
        """Remove the socket."""
        sockets = self._sockets.get(session_id, [])
        for socket in [one for one in sockets if one.websocket is websocket]:
            sockets.remove(socket)
            socket.end()
        if not sockets:
            self._sockets.pop(session_id, None)

    async def send_message(self, session_id: str, message: BaseModel | Mapping[str, Any]) -> None:
        """Send a message of your own to every socket of the session. It is not part of the log."""
        _put(self._sockets.get(session_id, ()), message)

    async def broadcast(self, message: BaseModel | Mapping[str, Any]) -> None:
        """Send a message of your own to every socket of every session."""
        _put([one for sockets in self._sockets.values() for one in sockets], message)

    async def serve(self, websocket: WebSocket, session_id: str) -> None:
        """Serve one socket from its handshake to its end: `?after=` resumes, the job's end closes it."""
        try:
            viewer = await self.bridge.viewer(websocket)
            after, received = _resume_point(websocket.query_params.get("after"))
            async with self.bridge.connections.open(viewer, "ws5"):
                try:
                    socket = _Socket(websocket, session_id, filter_in(websocket.query_params), received)
                    code = await self._until_closed(socket, viewer, after)
                finally:
                    self.disconnect(websocket, session_id)
                await close(websocket, code)
        except WebSocketDisconnect:
            return  # the client disconnected during a send
        except StreamEndedError as ended:
            await close(websocket, CLOSE_CODES[ended.reason], ended.reason)
        except Problem as problem:
            await refuse(websocket, problem)
        except (JournalError, SessionStoreError) as error:
            _log.warning("code=<%s> | socket ended: %s", error.code, error.message)
            await refuse(websocket, Problem.unavailable("The log can't be read now."))

    async def _register(self, socket: _Socket) -> None:
        await socket.websocket.accept()
        self._sockets.setdefault(socket.session_id, []).append(socket)

    async def _until_closed(self, socket: _Socket, viewer: Viewer, after: Cursor | None) -> int:
        """Send until the job ends or the client disconnects. Returns the close code."""
        code = None
        while code is None:
            found = await self.bridge.find_job(viewer, socket.session_id)
            key = found or viewer.job(socket.session_id)
            async with self.bridge.tails.watch(key, may_see=viewer.may_see, after=after) as watch:
                first = await watch.next(within=0)  # before the handshake, so that no later status is missed
                socket.watch = watch
                if socket.write_frames is not None:
                    watch.write_now = partial(self._write_now, socket, socket.write_frames)
                if not socket.tasks:
                    await self._register(socket)
                    socket.tasks.append(asyncio.create_task(socket.read()))
                code = await self._follow(socket, viewer, watch, first)
        return code

    async def _follow(
        self, socket: _Socket, viewer: Viewer, watch: Watch, events: Sequence[WatchEvent]
    ) -> int | None:
        """Send the job's statuses. Returns the close code, or None to continue with another job."""
        loop, silence = asyncio.get_running_loop(), self.bridge.heartbeat_seconds
        find_seconds = FIND_SECONDS
        socket.sent_at = loop.time()
        while True:
            texts = [text for event in events for text in self._texts(event, socket)]
            if events:
                texts = texts[self._already_received(socket, events[0]) :]
                socket.received = 0
            texts += socket.take()
            if socket.has_left:
                return WS_1001_GOING_AWAY
            if socket.overflowed:
                return WS_1013_TRY_AGAIN_LATER
            if not texts and loop.time() >= socket.sent_at + silence:
                texts = [self._heartbeat(socket.session_id)]
            for text in texts:
                await socket.websocket.send_text(text)
            if texts:
                socket.sent_at = loop.time()
            if watch.is_over:
                return WS_1000_NORMAL_CLOSURE
            quiet = max(0.0, socket.sent_at + silence - loop.time())
            if watch.job.head.sequence:
                events = await watch.next(within=quiet)
                continue
            events = await watch.next(within=min(quiet, find_seconds))
            if not events and await self.bridge.find_job(viewer, socket.session_id) is not None:
                return None
            find_seconds = min(2 * find_seconds, silence)

    def _already_received(self, socket: _Socket, first: WatchEvent) -> int:
        """The number of messages of the first event that the client got before its connection ended."""
        if not socket.received or isinstance(first, Joined):
            return 0
        return min(socket.received, len(self._texts(first, socket)))

    def _heartbeat(self, session_id: str) -> str:
        return HeartbeatMessage(session_id=session_id, timestamp=self._now()).model_dump_json()

    def _write_now(self, socket: _Socket, write: WriteFrames, steps: Sequence[Step]) -> bool:
        """Write new statuses at once. False: the socket's own task must send them and wait for the client."""
        if socket.received:
            return False
        rendered = (socket.rendered_as, steps[0].sequence)
        try:
            frames = steps[-1].once(rendered, partial(self._frames, steps, socket))
        except Exception:  # noqa: BLE001 - the socket's own task meets the error; the tail goes on
            return False
        if frames:
            if not write(frames):
                return False
            socket.sent_at = asyncio.get_running_loop().time()
        return True

    def _frames(self, steps: Sequence[Step], socket: _Socket) -> bytes:
        return b"".join(text_frame(text) for step in steps for text in self._texts(step, socket))

    def _texts(self, event: WatchEvent, socket: _Socket) -> Sequence[str]:
        session_id = socket.session_id
        if isinstance(event, Joined):
            joined = messages_at_join(event, session_id=session_id, now=self._now())
            return [message.model_dump_json() for message in joined]
        if not socket.shown.shows(event):
            return ()
        return event.once(
            ("ws5", session_id),
            lambda: [message.model_dump_json() for message in messages_of(event, session_id=session_id)],
        )

    def _now(self) -> str:
        return wire_time(datetime.fromtimestamp(self.bridge.clock.now(), UTC))


def _resume_point(text: str | None) -> tuple[Cursor | None, int]:
    try:
        return (None, 0) if text is None else resume_point(text)
    except BadCursorError as error:
        raise Problem.bad_request(f"after: {error}") from error


def _put(sockets: Iterable[_Socket], message: BaseModel | Mapping[str, Any]) -> None:
    text = message.model_dump_json() if isinstance(message, BaseModel) else json_text(message)
    for socket in sockets:
        socket.put(text)
