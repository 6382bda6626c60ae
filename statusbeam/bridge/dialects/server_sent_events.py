"""Server-sent events (WHATWG): each status is an event, its cursor is the event's id.

| event | data | when |
|---|---|---|
| `snapshot` | the job | at a join, and after a verdict |
| `verdict` | `{"recovered": false, "reason": …}` | statuses are missing since the client's `Last-Event-ID` |
| a status's `type` | the status | each status |

A reconnecting client sends the last id, and gets the later statuses. HTTP 204 tells it not to reconnect.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fastapi.sse import format_sse_event

from statusbeam.model.validation import json_text

from ..tail.cursor import Cursor
from ..tail.events import Joined, Step
from .documents import job_document, status_document

RETRY_MS: Final = 2_000
OPENING: Final = format_sse_event(retry=RETRY_MS)
"""The first bytes of a stream."""


def events_at_join(joined: Joined, *, now: float) -> Sequence[bytes]:
    """The events that bring a client to the snapshot."""
    cursor = str(Cursor.of(joined.job.head))
    snapshot = format_sse_event(
        event="snapshot", id=cursor, data_str=json_text(job_document(joined.job, now=now))
    )
    if joined.lost is None:
        return [snapshot]
    verdict = json_text({"recovered": False, "reason": str(joined.lost)})
    return [format_sse_event(event="verdict", data_str=verdict), snapshot]


def events_of(step: Step) -> Sequence[bytes]:
    """The event of one status."""
    return [
        format_sse_event(
            event=str(step.update.type),
            id=str(Cursor.of(step.after.head)),
            data_str=json_text(status_document(step.update)),
        )
    ]


def position_of(step: Step) -> Sequence[bytes]:
    """A frame that moves the client's `Last-Event-ID` past a filtered status, without an event."""
    return [f"id: {Cursor.of(step.after.head)}\n\n".encode()]


def come_back_in(milliseconds: int) -> bytes:
    """A frame that tells the client when to reconnect, because this process ends."""
    return format_sse_event(retry=milliseconds)
