"""`GET /jobs/{job_id}/events`: a job as server-sent events."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response

from ..dialects import server_sent_events as sse
from ..dialects.filters import StatusFilter
from ..service import Bridge, valid_id
from ..tail.cursor import Cursor
from ..tail.events import Joined, WatchEvent
from .event_stream import EventStream, StreamDialect, has_settled
from .requests import READING, Caller, Filter, TheBridge, cursor_in, problems

router = APIRouter()


@router.get(
    "/jobs/{job_id}/events",
    response_class=Response,
    responses={
        200: {"content": {"text/event-stream": {}}, "description": "The job's statuses, until its end."},
        204: {"description": "The job has ended, and the client has all of its statuses."},
        **READING,
        **problems(429),
    },
)
async def job_events(
    job_id: str,
    *,
    caller: Caller,
    bridge: TheBridge,
    request: Request,
    shown: Filter,
    last_event_id: Annotated[str | None, Header()] = None,
    after: Annotated[
        str | None, Query(description="The same as Last-Event-ID, for clients that cannot set that header.")
    ] = None,
) -> Response:
    """Follow a job. A reconnecting client gets the missed statuses, or a verdict that statuses are lost.

    `?agent=…&type=…&word=…&family=…`, each as often as you like, shows only some statuses, and always the
    job's end.
    """
    # A reconnecting EventSource repeats its address. Its Last-Event-ID is newer than `after`.
    cursor = cursor_in("Last-Event-ID", last_event_id or None) or cursor_in("after", after)
    key = caller.job(valid_id(job_id))
    if cursor is not None:
        for head in await bridge.reader.heads([key]):
            if (
                caller.may_see(head)
                and Cursor.of(head) == cursor
                and has_settled(head, now=bridge.clock.now())
            ):
                return Response(status_code=204)
    resume = await bridge.resume_headers(request, caller)
    return EventStream(bridge, caller, key, _dialect(bridge, shown), after=cursor, headers=resume)


def _dialect(bridge: Bridge, shown: StatusFilter) -> StreamDialect:
    return StreamDialect(
        name="sse",
        render=partial(_render, bridge, shown),
        opening=sse.OPENING,
        come_back_in=sse.come_back_in,
    )


def _render(bridge: Bridge, shown: StatusFilter, event: WatchEvent) -> Sequence[bytes]:
    if isinstance(event, Joined):
        return sse.events_at_join(event, now=bridge.clock.now())
    if not shown.shows(event):
        return sse.position_of(event)
    return event.once("sse", lambda: sse.events_of(event))
