"""Encodes WebSocket frames once for many sockets, and writes them without a task switch for each socket.

    uvicorn.Config(app, ws=SharedFramesProtocol)

Servers do not mask messages, so a message has the same bytes for every client. The protocol provides a
function under EXTENSION in the scope, which writes such bytes if the socket's write buffer is empty. Servers
without it send each message separately.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Request

EXTENSION: Final = "statusbeam.frames"

WriteFrames = Callable[[bytes], bool]
"""Writes frames at once. Returns False for a slow or closing client, which needs ordinary sends."""


class SharedFramesProtocol(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket protocol with the function under EXTENSION."""

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
            # Without this, uvicorn would log an error for each refused handshake.
            self.handshake_complete = True

    def connection_lost(self, exc: Exception | None) -> None:
        """Remove the function, which forms a reference cycle with the protocol."""
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
