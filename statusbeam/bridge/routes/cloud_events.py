"""`GET /jobs/{job_id}/cloudevents`: a job's log as batches of CloudEvents."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from statusbeam.model.limits import UPDATES_PER_PAGE
from statusbeam.model.validation import json_text

from ..dialects.cloud_events import BATCH_MEDIA_TYPE, EVENT_MEDIA_TYPE, cloud_event
from ..problems import Problem
from ..tail.cursor import BEGINNING, Cursor
from .requests import READING, Caller, Filter, TheBridge, cursor_in, problems

router = APIRouter()


@router.get(
    "/jobs/{job_id}/cloudevents",
    response_class=Response,
    responses={
        200: {"content": {BATCH_MEDIA_TYPE: {}}, "description": "A batch."},
        **READING,
        **problems(404, 410),
    },
)
async def list_events(
    job_id: str,
    *,
    caller: Caller,
    bridge: TheBridge,
    request: Request,
    shown: Filter,
    after: Annotated[str, Query(description="<epoch:sequence>")] = str(BEGINNING),
    limit: Annotated[int, Query(ge=1, le=UPDATES_PER_PAGE)] = UPDATES_PER_PAGE,
) -> Response:
    """The statuses after a cursor as a batch. `Link` names the next batch, even if this one is empty."""
    page = await bridge.page(caller, job_id, after=cursor_in("after", after) or BEGINNING, limit=limit)
    if page.lost is not None:
        members = {"reason": page.lost, "cursor": str(page.cursor)}
        raise Problem(410, "gone", "The log is no longer whole after this cursor.", members=members)
    updates = filter(shown.matches, page.updates)
    batch = [cloud_event(update, epoch=page.cursor.epoch) for update in updates]
    address = request.url.remove_query_params("ticket")
    following = address.include_query_params(after=str(page.cursor), limit=limit)
    link = f'<?{following.query}>; rel="next"'
    headers = {"Link": link, "Cache-Control": "private, no-store"}
    return Response(json_text(batch), media_type=BATCH_MEDIA_TYPE, headers=headers)


@router.get(
    "/jobs/{job_id}/cloudevents/{sequence}",
    response_class=Response,
    responses={
        200: {"content": {EVENT_MEDIA_TYPE: {}}, "description": "An event."},
        **READING,
        **problems(404),
    },
)
async def get_event(job_id: str, sequence: int, caller: Caller, bridge: TheBridge) -> Response:
    """One status as a structured event."""
    job = await bridge.visible_job(caller, job_id)
    updates = (
        await bridge.reader.updates(caller.job(job_id), first=sequence, last=sequence) if sequence > 0 else ()
    )
    if not updates:
        raise Problem.not_found("The log has no such status.")
    event = cloud_event(updates[0], epoch=Cursor.of(job.head).epoch)
    return Response(
        json_text(event), media_type=EVENT_MEDIA_TYPE, headers={"Cache-Control": "private, no-store"}
    )
