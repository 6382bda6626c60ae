"""Durable Streams, the read side: a job's log is a JSON stream, its offsets are cursors.

>>> offset_of(Cursor("19aa3c", 7))
'19aa3c_000000000007'

Offsets of one log sort as text. A job that has settled is a closed stream.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, Final

from fastapi.sse import format_sse_event

from statusbeam.model.settings import StatusTable
from statusbeam.model.validation import json_text

from ..tail.cursor import BEGINNING, BadCursorError, Cursor
from ..tail.events import Step
from .documents import status_document

FROM_BEGINNING: Final = "-1"
FROM_NOW: Final = "now"

_INTERVALS_SINCE: Final = 1_728_432_000  # 2024-10-09, the protocol's own epoch
_INTERVAL_SECONDS: Final = 20
_JITTER_INTERVALS: Final = 180


def offset_of(cursor: Cursor) -> str:
    """The cursor as an offset."""
    return f"{cursor.epoch}_{cursor.sequence:0{StatusTable.SEQUENCE_DIGITS}d}"


def cursor_of(offset: str) -> Cursor:
    """The cursor of an offset other than `now`. Raises BadCursorError."""
    if offset == FROM_BEGINNING:
        return BEGINNING
    epoch, separator, digits = offset.partition("_")
    if not separator or len(digits) != StatusTable.SEQUENCE_DIGITS:
        raise BadCursorError("offset must be -1, now, or a Stream-Next-Offset of this stream")
    return Cursor.parse(f"{epoch}:{digits}")


def stream_cursor(client: str | None, *, now: float) -> str:
    """The number of the current interval. It exceeds the client's, so that no cache answers twice."""
    interval = int(now - _INTERVALS_SINCE) // _INTERVAL_SECONDS
    known = int(client) if client and client.isascii() and client.isdigit() and len(client) < 16 else -1
    if known >= interval:
        return str(known + random.randint(1, _JITTER_INTERVALS))  # noqa: S311 - spreads caches
    return str(interval)


def events_of(step: Step, *, now: float) -> Sequence[bytes]:
    """The SSE events of one status: its data, and the next offset."""
    data = json_text([status_document(step.update)])
    return [format_sse_event(event="data", data_str=data), control(Cursor.of(step.after.head), now=now)]


def control(cursor: Cursor, *, now: float, up_to_date: bool = False, closed: bool = False) -> bytes:
    """The SSE event that names the next offset."""
    fields: dict[str, Any] = {
        "streamNextOffset": offset_of(cursor),
        "streamCursor": stream_cursor(None, now=now),
    }
    if up_to_date:
        fields["upToDate"] = True
    if closed:
        fields["streamClosed"] = True
    return format_sse_event(event="control", data_str=json_text(fields))
