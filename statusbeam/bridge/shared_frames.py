"""WebSocket frames that many sockets share: encoded once, and written without a task switch a socket.

    uvicorn.Config(app, ws=SharedFramesProtocol)

What a server sends is not masked, so a message has the same bytes for every client. The protocol offers a
function under EXTENSION in the scope, which writes such bytes when nothing else waits to be written. Servers
without it send each message by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Request

EXTENSION: Final = "statusbeam.frames"

WriteFrames = Callable[[bytes], bool]
"""Writes frames now, and whether it did. False: the client is slow or leaves; send messages as usual."""


class SharedFramesProtocol(WebSocketsSansIOProtocol):
    """uvicorn's protocol with that function."""

    def handle_connect(self, event: Request) -> None:
        """Begin the handshake. The application's task runs after this, with the extension in its scope."""
        super().handle_connect(event)
        if not self.close_sent:
            extensions: dict[Any, Any] = self.scope["extensions"]
            extensions[EXTENSION] = {"write": self._write_frames}

    async def send(self, message: Any) -> None:
        """Send a message of the application."""
        await super().send(message)
        if self.close_sent:
            # A refused handshake is complete, too. Otherwise uvicorn logs an error for each one.
            self.handshake_complete = True

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the function: it refers to the protocol, which refers to it."""
        super().connection_lost(exc)
        if self.handshake_initiated and hasattr(self, "scope"):
            self.scope["extensions"].pop(EXTENSION, None)

    def _write_frames(self, frames: bytes) -> bool:
        is_open = self.handshake_complete and not (self.close_sent or self.disconnected)
        if not is_open or not self.writable.is_set() or self.transport.is_closing():
            return False
        self.transport.write(frames)
        return True


def write_frames_of(scope: Mapping[str, Any]) -> WriteFrames | None:
    """The function in a socket's scope; None where the server has none."""
    found: WriteFrames | None = scope.get("extensions", {}).get(EXTENSION, {}).get("write")
    return found


def text_frame(text: str) -> bytes:
    """A text message as a frame."""
    return Frame(Opcode.TEXT, text.encode()).serialize(mask=False)
