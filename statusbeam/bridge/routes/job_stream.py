"""`GET /jobs/{job_id}/stream`: a job's log as a durable stream: catch-up, long-poll and SSE."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from statusbeam.log.snapshot.job_state import Head
from statusbeam.model.limits import UPDATES_PER_PAGE
from statusbeam.model.validation import json_text

from ..access.viewer import Viewer
from ..dialects import durable_streams as streams
from ..dialects.documents import status_document
from ..dialects.filters import StatusFilter
from ..problems import Problem
from ..service import Bridge, LogPage
from ..tail.cursor import BadCursorError, Cursor
from ..tail.events import Joined, Lost, WatchEvent
from .event_stream import EventStream, StreamDialect, has_settled, seconds_to_settle
from .requests import READING, Caller, Filter, TheBridge, problems

router = APIRouter()

LONG_POLL_SECONDS = 20.0


@router.head("/jobs/{job_id}/stream", response_class=Response, responses={**READING, **problems(404)})
async def stream_metadata(job_id: str, caller: Caller, bridge: TheBridge) -> Response:
    """The end of a job's stream, as an offset."""
    job = await bridge.visible_job(caller, job_id)
    return _answer(LogPage(job=job, cursor=Cursor.of(job.head)), bridge, None, body=b"")


@router.get(
    "/jobs/{job_id}/stream",
    response_class=Response,
    responses={
        200: {"content": {"application/json": {}, "text/event-stream": {}}, "description": "Statuses."},
        204: {"description": "No status arrived during the long-poll."},
        304: {"description": "Not changed"},
        **READING,
        **problems(404, 410, 429),
    },
)
async def read_stream(
    job_id: str,
    *,
    caller: Caller,
    bridge: TheBridge,
    request: Request,
    shown: Filter,
    offset: Annotated[
        str, Query(description="`-1`, `now`, or a Stream-Next-Offset.")
    ] = streams.FROM_BEGINNING,
    live: Annotated[Literal["long-poll", "sse"] | None, Query()] = None,
    cursor: Annotated[str | None, Query(description="The last Stream-Cursor.")] = None,
) -> Response:
    """Read a job's log from an offset. If the log no longer has the offset, the response is 410 (Gone)."""
    page = await _page(bridge, caller, job_id, offset)
    if live == "sse":
        after = Cursor(page.cursor.epoch, page.cursor.sequence - len(page.updates))
        resume = await bridge.resume_headers(request, caller)
        return EventStream(
            bridge, caller, caller.job(job_id), _sse(bridge, shown), after=after, headers=resume
        )
    if live == "long-poll" and not page.updates and not _is_closed(page, bridge):
        page = await _wait(bridge, caller, job_id, page)
    if live == "long-poll" and not page.updates:
        return _answer(page, bridge, cursor, status=204, body=b"")
    body = json_text([status_document(update) for update in filter(shown.matches, page.updates)]).encode()
    answer = _answer(page, bridge, cursor, body=body)
    if offset != streams.FROM_NOW and live is None:
        answer.headers["ETag"] = f'"{offset}:{streams.offset_of(page.cursor)}:{_is_closed(page, bridge):d}"'
        if request.headers.get("if-none-match") == answer.headers["ETag"]:
            return Response(status_code=304, headers={"ETag": answer.headers["ETag"]})
    return answer


async def _page(bridge: Bridge, caller: Viewer, job_id: str, offset: str) -> LogPage:
    if offset == streams.FROM_NOW:
        job = await bridge.visible_job(caller, job_id)
        return LogPage(job=job, cursor=Cursor.of(job.head))
    try:
        after = streams.cursor_of(offset)
    except BadCursorError as error:
        raise Problem.bad_request(f"offset: {error}") from error
    page = await bridge.page(caller, job_id, after=after, limit=UPDATES_PER_PAGE)
    if page.lost is Lost.AHEAD_OF_LOG:
        raise Problem.bad_request("offset is beyond the end of the stream.")
    if page.lost is not None:
        raise Problem(410, "gone", "The log no longer has this offset.", members={"reason": page.lost})
    return page


async def _wait(bridge: Bridge, caller: Viewer, job_id: str, page: LogPage) -> LogPage:
    """The page after the next status. Without a status in time, or after the end, the same page."""
    key = caller.job(job_id)
    async with (
        bridge.connections.open(caller, "durable-streams"),
        bridge.tails.watch(key, may_see=caller.may_see, after=page.cursor) as watch,
    ):
        events = await watch.next(within=wait_seconds(page.job.head, now=bridge.clock.now()))
        updates = [event.update for event in events if not isinstance(event, Joined)]
        return LogPage(job=watch.job, updates=updates, cursor=watch.cursor if updates else page.cursor)


def wait_seconds(head: Head, *, now: float) -> float:
    """The longest wait of a long-poll. The stream of an ended job closes when the job has settled."""
    return min(LONG_POLL_SECONDS, seconds_to_settle(head, now=now)) if head.ended else LONG_POLL_SECONDS


def _is_closed(page: LogPage, bridge: Bridge) -> bool:
    return page.is_up_to_date and has_settled(page.job.head, now=bridge.clock.now())


def _answer(page: LogPage, bridge: Bridge, cursor: str | None, *, body: bytes, status: int = 200) -> Response:
    headers = {
        "Cache-Control": "private, no-store",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Stream-Cursor": streams.stream_cursor(cursor, now=bridge.clock.now()),
        "Stream-Next-Offset": streams.offset_of(page.cursor),
        "X-Content-Type-Options": "nosniff",
    }
    if page.is_up_to_date:
        headers["Stream-Up-To-Date"] = "true"
    if _is_closed(page, bridge):
        headers["Stream-Closed"] = "true"
    return Response(body, status, headers, media_type="application/json")


def _sse(bridge: Bridge, shown: StatusFilter) -> StreamDialect:
    def render(event: WatchEvent) -> Sequence[bytes]:
        if isinstance(event, Joined):
            return ()  # the stream ends, and the client's next request gets 410 for its offset
        if not shown.matches(event.update):
            return (streams.control(Cursor.of(event.after.head), now=bridge.clock.now()),)
        return event.once("durable-streams", lambda: streams.events_of(event, now=bridge.clock.now()))

    def at_tail(cursor: Cursor) -> bytes:
        return streams.control(cursor, now=bridge.clock.now(), up_to_date=True)

    return StreamDialect(
        name="durable-streams",
        render=render,
        at_tail=at_tail,
        at_end=lambda job: [
            streams.control(Cursor.of(job.head), now=bridge.clock.now(), up_to_date=True, closed=True)
        ],
        is_last=lambda event: isinstance(event, Joined),
    )
