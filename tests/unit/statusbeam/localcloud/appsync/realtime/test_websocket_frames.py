"""The frame codec, against transcripts and against the `websockets` package as the peer."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from statusbeam.localcloud.appsync.realtime.websocket import (
    Closed,
    Event,
    FrameReader,
    Ping,
    Text,
    Violation,
    accept_value,
    close_frame,
    pong_frame,
    text_frame,
    text_head,
)

LIMIT = 1000


def masked(opcode: int, payload: bytes = b"", *, final: bool = True, rsv: int = 0) -> bytes:
    """A client's frame with the key 1 2 3 4; `rsv` is or-ed into the first byte."""
    key = b"\x01\x02\x03\x04"
    first = (0x80 if final else 0) | rsv | opcode
    if len(payload) < 126:
        head = bytes((first, 0x80 | len(payload)))
    elif len(payload) < 65536:
        head = bytes((first, 0x80 | 126)) + len(payload).to_bytes(2, "big")
    else:
        head = bytes((first, 0x80 | 127)) + len(payload).to_bytes(8, "big")
    return head + key + bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))


def read(*chunks: bytes, limit: int = LIMIT) -> list[Event]:
    reader = FrameReader(limit)
    return [event for chunk in chunks for event in reader.feed(chunk)]


def codes(events: list[Event]) -> list[int]:
    return [event.code for event in events if isinstance(event, Violation)]


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 128, 65535, 65536, 65537])
def test_text_of_every_length_encoding_is_read(size: int) -> None:
    text = "x" * size
    assert read(masked(0x1, text.encode()), limit=100_000) == [Text(text)]


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536, 70000])
def test_text_frames_are_written_as_the_client_expects_them(size: int) -> None:
    payload = b"y" * size
    client = open_client()
    client.receive_data(text_frame(payload))
    assert [bytes(frame.data) for frame in frames_of(client)] == [payload]
    assert text_head(size) + payload == text_frame(payload)


def test_frame_arriving_byte_by_byte_is_read_once_it_is_complete() -> None:
    data = masked(0x1, "grüße".encode()) + masked(0x9, b"hi")
    assert read(*(data[i : i + 1] for i in range(len(data)))) == [Text("grüße"), Ping(b"hi")]


def test_fragments_are_joined_with_control_frames_in_between() -> None:
    events = read(
        masked(0x1, b"a", final=False)
        + masked(0x9, b"ping")
        + masked(0x0, b"b", final=False)
        + masked(0xA, b"pong")
        + masked(0x0, b"c")
    )
    assert events == [Ping(b"ping"), Text("abc")]


def test_character_may_be_split_between_fragments() -> None:
    first, second = "€".encode()[:2], "€".encode()[2:]
    assert read(masked(0x1, first, final=False), masked(0x0, second)) == [Text("€")]


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (masked(0x1, b"a", rsv=0x40), 1002),  # RSV1: compression was not offered
        (masked(0x1, b"a", rsv=0x20), 1002),
        (masked(0x1, b"a", rsv=0x10), 1002),
        (b"\x81\x01a", 1002),  # not masked
        (masked(0x3, b"a"), 1002),  # reserved opcodes
        (masked(0x7, b"a"), 1002),
        (masked(0xB), 1002),
        (masked(0xF), 1002),
        (masked(0x9, b"a", final=False), 1002),  # control frames cannot be fragments
        (masked(0x9, b"a" * 126), 1002),  # nor long
        (masked(0x0, b"a"), 1002),  # nothing to continue
        (masked(0x1, b"a", final=False) + masked(0x1, b"b"), 1002),  # new message before the end of the last
        (masked(0x2, b"a"), 1003),  # binary
        (masked(0x1, b"\xff\xfe"), 1007),
        (masked(0x1, b"\xed\xa0\x80"), 1007),  # half a surrogate pair
        (masked(0x1, b"\xce", final=False) + masked(0x0, b"\xce"), 1007),
        (masked(0x8, b"\x03"), 1002),  # half a close code
        (masked(0x8, (999).to_bytes(2, "big")), 1002),
        (masked(0x8, (1005).to_bytes(2, "big")), 1002),  # means "no code": never on the wire
        (masked(0x8, (1006).to_bytes(2, "big")), 1002),
        (masked(0x8, (1015).to_bytes(2, "big")), 1002),
        (masked(0x8, (2999).to_bytes(2, "big")), 1002),
        (masked(0x8, (5000).to_bytes(2, "big")), 1002),
        (masked(0x8, (1000).to_bytes(2, "big") + b"\xff"), 1007),
        (masked(0x1, b"a" * (LIMIT + 1)), 1009),
        (masked(0x1, b"a" * LIMIT, final=False) + masked(0x0, b"a"), 1009),
        (b"\x81\xff" + (2**63).to_bytes(8, "big"), 1009),  # refused on the header alone
    ],
)
def test_violation_ends_the_reading_with_its_close_code(frame: bytes, code: int) -> None:
    events = read(frame, masked(0x1, b"ignored"))
    assert codes(events) == [code]
    assert isinstance(events[-1], Violation)


def test_messages_before_a_violation_are_delivered() -> None:
    assert read(masked(0x1, b"good") + masked(0x3))[0] == Text("good")


@pytest.mark.parametrize(
    ("payload", "closed"),
    [
        (b"", Closed(1005)),
        ((1000).to_bytes(2, "big"), Closed(1000)),
        ((3001).to_bytes(2, "big") + b"failed init", Closed(3001, "failed init")),
        ((4999).to_bytes(2, "big"), Closed(4999)),
    ],
)
def test_close_frame_carries_code_and_reason_and_nothing_follows(payload: bytes, closed: Closed) -> None:
    assert read(masked(0x8, payload) + masked(0x1, b"late"), masked(0x1, b"later")) == [closed]


def test_message_of_exactly_the_limit_is_read() -> None:
    assert read(masked(0x1, b"a" * LIMIT)) == [Text("a" * LIMIT)]


def test_accept_value_is_the_one_of_the_rfc() -> None:
    assert accept_value("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


@pytest.mark.parametrize("key", ["", "short", "dGhlIHNhbXBsZQ==", "dGhlIHNhbXBsZSBub25jZQ", "ä" * 24])
def test_bad_websocket_key_has_no_accept_value(key: str) -> None:
    assert accept_value(key) is None


def test_long_close_reason_is_cut_between_characters() -> None:
    client = open_client()
    client.receive_data(close_frame(1002, "ü" * 100))
    assert client.close_rcvd is not None
    assert (client.close_rcvd.code, client.close_rcvd.reason) == (1002, "ü" * 61)


def test_close_without_a_code_is_an_empty_close_frame() -> None:
    assert close_frame(1005) == b"\x88\x00"


def test_pong_carries_the_payload_of_the_ping() -> None:
    client = open_client()
    client.receive_data(pong_frame(b"same"))
    assert [(frame.opcode, bytes(frame.data)) for frame in frames_of(client)] == [(Opcode.PONG, b"same")]


# Against a real peer.


def open_client() -> ClientProtocol:
    return ClientProtocol(parse_uri("ws://127.0.0.1/"), state=State.OPEN, max_size=None)


def frames_of(client: ClientProtocol) -> list[Frame]:
    return [event for event in client.events_received() if isinstance(event, Frame)]


messages = st.lists(
    st.tuples(st.text(max_size=300), st.lists(st.integers(0, 300), max_size=4), st.binary(max_size=125)),
    max_size=8,
)


@given(messages=messages, data=st.data())
def test_frames_in_any_pieces_are_read_correctly(
    messages: list[tuple[str, list[int], bytes]], data: Any
) -> None:
    client = open_client()
    expected: list[Event] = []
    for text, cuts, ping in messages:
        raw = text.encode()
        bounds = sorted({0, len(raw), *(min(cut, len(raw)) for cut in cuts)})
        pieces = [raw[a:b] for a, b in itertools.pairwise(bounds)] or [b""]
        client.send_text(pieces[0], fin=len(pieces) == 1)
        for position, piece in enumerate(pieces[1:], start=2):
            client.send_ping(ping)
            expected.append(Ping(ping))
            client.send_continuation(piece, fin=position == len(pieces))
        expected.append(Text(text))
    stream = b"".join(client.data_to_send())
    places = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    chunks = [stream[a:b] for a, b in zip([0, *places], [*places, len(stream)], strict=True)]
    assert read(*chunks, limit=10_000) == expected


@given(garbage=st.lists(st.binary(max_size=200), max_size=5))
def test_garbage_never_raises_and_ends_in_at_most_one_last_event(garbage: list[bytes]) -> None:
    events = read(*garbage)
    assert all(isinstance(event, Text | Ping) for event in events[:-1])
