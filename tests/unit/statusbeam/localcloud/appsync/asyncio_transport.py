"""A transport for tests without a socket, which records everything."""

from __future__ import annotations

import asyncio
from typing import Any


class MemoryTransport(asyncio.Transport):
    """Records written bytes. With `stalled`, they stay unsent, as with a peer that does not read."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()
        self.stalled = False
        self.backlog = 0
        self.closed = False
        self.aborted = False
        self.reading = True
        self.eof_written = False
        self.protocol: asyncio.BaseProtocol | None = None

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        if self.stalled:
            self.backlog += len(data)
        else:
            self.written += data

    def get_write_buffer_size(self) -> int:
        return self.backlog

    def is_closing(self) -> bool:
        return self.closed or self.aborted

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.aborted = True

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.eof_written = True

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol
