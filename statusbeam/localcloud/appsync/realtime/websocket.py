"""The server's half of RFC 6455's framing, without I/O: bytes in, messages out.

    reader = FrameReader(message_bytes=262_144)
    for event in reader.feed(data): ...

No extension is offered: compression halves the delivery rate and triples a connection's memory.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Final

TEXT: Final = 0x1
BINARY: Final = 0x2
CONTINUATION: Final = 0x0
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA

NORMAL_CLOSURE: Final = 1000
GOING_AWAY: Final = 1001
PROTOCOL_ERROR: Final = 1002
UNSUPPORTED_DATA: Final = 1003
NO_STATUS: Final = 1005  # stands for a close frame without a code; RFC 6455 forbids sending it
INVALID_DATA: Final = 1007
POLICY_VIOLATION: Final = 1008
MESSAGE_TOO_BIG: Final = 1009

_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_MAX_CONTROL_PAYLOAD: Final = 125
_CLOSE_CODES: Final = frozenset({1000, 1001, 1002, 1003, *range(1007, 1015)})


@dataclass(frozen=True, slots=True)
class Text:
    """A whole text message."""

    text: str


@dataclass(frozen=True, slots=True)
class Ping:
    """A ping. The answer is a pong with the same payload."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Closed:
    """The peer's close frame; `code` is 1005 when it carried none. Nothing follows."""

    code: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Violation:
    """The peer broke the protocol; close with `code`. Nothing follows."""

    code: int
    reason: str


Event = Text | Ping | Closed | Violation


class _ViolationError(Exception):
    """Raised to stop the reader. `violation` becomes its last event."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.violation = Violation(code, reason)


@dataclass(frozen=True, slots=True)
class _Head:
    final: bool
    opcode: int
    start: int  # of the masking key
    length: int  # of the payload

    @property
    def end(self) -> int:
        return self.start + 4 + self.length


def accept_value(key: str) -> str | None:
    """The `Sec-WebSocket-Accept` for a `Sec-WebSocket-Key`; None when the key is not 16 bytes in base64."""
    try:
        raw = base64.b64decode(key.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return None
    if len(raw) != 16:
        return None
    digest = hashlib.sha1(key.encode("ascii") + _GUID, usedforsecurity=False).digest()
    return base64.b64encode(digest).decode("ascii")


def text_head(length: int) -> bytes:
    """The header of an unfragmented text frame with a payload of `length` bytes."""
    return _head(TEXT, length)


def text_frame(payload: bytes) -> bytes:
    """A whole text frame; `payload` is UTF-8."""
    return _head(TEXT, len(payload)) + payload


def pong_frame(payload: bytes) -> bytes:
    """The answer to a ping."""
    return _head(PONG, len(payload)) + payload


def close_frame(code: int, reason: str = "") -> bytes:
    """A close frame; code 1005 stands for none. The reason is cut at 123 bytes."""
    if code == NO_STATUS:
        return _head(CLOSE, 0)
    text = reason.encode()[: _MAX_CONTROL_PAYLOAD - 2].decode(errors="ignore").encode()
    return _head(CLOSE, 2 + len(text)) + code.to_bytes(2, "big") + text


def _head(opcode: int, length: int) -> bytes:
    first = 0x80 | opcode
    if length < 126:
        return bytes((first, length))
    if length < 0x10000:
        return bytes((first, 126)) + length.to_bytes(2, "big")
    return bytes((first, 127)) + length.to_bytes(8, "big")


def _unmask(payload: bytes, key: bytes) -> bytes:
    """XOR with the repeated key, done as one big-integer operation."""
    length = len(payload)
    mask = (key * (length // 4 + 1))[:length]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(mask, "big")).to_bytes(length, "big")


def _close_code_is_valid(code: int) -> bool:
    return code in _CLOSE_CODES or 3000 <= code <= 4999


class FrameReader:
    """Turns the bytes a client sends into events. After Closed or Violation it ignores what follows."""

    __slots__ = ("_buffer", "_done", "_fragments", "_message_bytes", "_needed")

    def __init__(self, message_bytes: int) -> None:
        self._message_bytes = message_bytes  # bound of one message, fragments together
        self._buffer: bytearray | None = None  # start of a frame whose rest has not arrived
        self._needed = 0  # bytes before the buffered frame can be read on
        self._fragments: bytearray | None = None  # payload so far of a fragmented message
        self._done = False

    def feed(self, data: bytes) -> list[Event]:
        """The events completed by `data`, in order."""
        if self._done:
            return []
        if self._buffer is not None:
            self._buffer += data
            if len(self._buffer) < self._needed:
                return []
            data = bytes(self._buffer)
            self._buffer = None
        events: list[Event] = []
        try:
            position = self._read_frames(data, events)
        except _ViolationError as error:
            self._done = True
            self._fragments = None
            events.append(error.violation)
        else:
            if position < len(data):
                self._buffer = bytearray(data[position:])
        return events

    def _read_frames(self, data: bytes, events: list[Event]) -> int:
        """Read whole frames. Returns the position of the first incomplete frame."""
        position = 0
        while position < len(data):
            head = self._read_head(data, position)
            if head is None or len(data) < head.end:
                self._needed = (head.end if head else position + 2) - position
                break
            body = head.start + 4
            payload = _unmask(data[body : head.end], data[head.start : body])
            position = head.end
            event = self._control(head, payload) if head.opcode & 0x8 else self._data(head, payload)
            if event is not None:
                events.append(event)
            if isinstance(event, Closed):
                self._done = True
                return len(data)
        return position

    def _read_head(self, data: bytes, position: int) -> _Head | None:
        """The checked header of the next frame; None while it is incomplete."""
        if len(data) < position + 2:
            return None
        first, second = data[position], data[position + 1]
        opcode, length = first & 0x0F, second & 0x7F
        final = bool(first & 0x80)
        if first & 0x70:
            raise _ViolationError(PROTOCOL_ERROR, "reserved bits are set")
        if not second & 0x80:
            raise _ViolationError(PROTOCOL_ERROR, "client frames must be masked")
        self._check_opcode(opcode, final=final, length=length)
        start = position + 2
        if length > _MAX_CONTROL_PAYLOAD:
            size = 2 if length == 126 else 8
            if len(data) < start + size:
                return None
            length = int.from_bytes(data[start : start + size], "big")
            start += size
        if not opcode & 0x8 and length + len(self._fragments or b"") > self._message_bytes:
            raise _ViolationError(MESSAGE_TOO_BIG, f"messages are limited to {self._message_bytes} bytes")
        return _Head(final, opcode, start, length)

    def _check_opcode(self, opcode: int, *, final: bool, length: int) -> None:
        if opcode in {CLOSE, PING, PONG}:
            if not final or length > _MAX_CONTROL_PAYLOAD:
                raise _ViolationError(PROTOCOL_ERROR, "a control frame is too long or fragmented")
        elif opcode == CONTINUATION:
            if self._fragments is None:
                raise _ViolationError(PROTOCOL_ERROR, "a continuation frame without a fragmented message")
        elif opcode == TEXT:
            if self._fragments is not None:
                raise _ViolationError(PROTOCOL_ERROR, "the previous message is unfinished")
        elif opcode == BINARY:
            raise _ViolationError(UNSUPPORTED_DATA, "graphql-ws is text only")
        else:
            raise _ViolationError(PROTOCOL_ERROR, "unknown opcode")

    def _data(self, head: _Head, payload: bytes) -> Text | None:
        if self._fragments is not None:
            self._fragments += payload
            if not head.final:
                return None
            payload = bytes(self._fragments)
            self._fragments = None
        elif not head.final:
            self._fragments = bytearray(payload)
            return None
        try:
            return Text(payload.decode())
        except UnicodeDecodeError:
            raise _ViolationError(INVALID_DATA, "text is not UTF-8") from None

    def _control(self, head: _Head, payload: bytes) -> Ping | Closed | None:
        if head.opcode == PING:
            return Ping(payload)
        if head.opcode == PONG:
            return None
        if not payload:
            return Closed(NO_STATUS)
        code = int.from_bytes(payload[:2], "big")
        if len(payload) < 2 or not _close_code_is_valid(code):
            raise _ViolationError(PROTOCOL_ERROR, "invalid close code")
        try:
            return Closed(code, payload[2:].decode())
        except UnicodeDecodeError:
            raise _ViolationError(INVALID_DATA, "close reason is not UTF-8") from None
