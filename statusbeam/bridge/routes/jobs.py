"""REST: start a workflow, poll its state, read jobs and their logs."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from statusbeam.log.snapshot.job_state import Job
from statusbeam.model.limits import JOBS_PER_PAGE, JOBS_PER_PAGE_MAX, UPDATES_PER_PAGE
from statusbeam.model.validation import json_text
from statusbeam.model.words import OverallStatus

from ..access.viewer import Viewer
from ..dialects.documents import job_document, status_document
from ..dialects.flat_status import flat_status
from ..problems import Problem
from ..service import Bridge, valid_id
from ..tail.cursor import BEGINNING
from ..tail.events import Lost
from ..workflows import EXECUTION_NAME
from .requests import READING, Caller, Filter, TheBridge, cursor_in, problems

router = APIRouter()

_NO_STORE = {"Cache-Control": "no-store"}


class RunWorkflow(BaseModel):
    """The workflow to start. All other members of the body are the workflow's input, unchanged."""

    model_config = ConfigDict(extra="allow")

    workflow: str | None = Field(default=None, description="A registered workflow; by default the first one.")
    session_id: str | None = Field(
        default=None,
        pattern=EXECUTION_NAME,
        description="The session id; by default a new one.",
    )


class StartedWorkflow(BaseModel):
    """A started workflow. Its first status may arrive later."""

    session_id: str
    workflow: str
    status: str = "pending"


class UpdatesPage(BaseModel):
    """A part of a job's log. If `recovered` is false, statuses are missing: use the current job."""

    updates: list[dict[str, Any]]
    cursor: str
    """The cursor for the next request's `after`."""
    more: bool
    recovered: bool
    reason: Lost | None = None


@router.post("/run-workflow", status_code=202, responses={**READING, **problems(404, 409)})
async def run_workflow(
    request: Annotated[RunWorkflow, Body()], caller: Caller, bridge: TheBridge, response: Response
) -> StartedWorkflow:
    """Start a registered workflow. Its job belongs to the caller. The response has the job's session id."""
    started = await start_workflow(
        bridge, caller, request.workflow, request.session_id, request.model_extra or {}
    )
    response.headers["Location"] = f"/workflow/{started.session_id}/status"
    return started


async def start_workflow(
    bridge: Bridge, caller: Viewer, workflow: str | None, session_id: str | None, document: Mapping[str, Any]
) -> StartedWorkflow:
    """Start a workflow for the caller. None means the default workflow and a new id. Raises Problem."""
    if caller.read_only:
        raise Problem.forbidden("A view token permits reading only.")
    names = bridge.workflows.names
    name = workflow or next(iter(names), "")
    if name not in names:
        raise Problem.not_found("There is no such workflow.")
    job_id = f"job-{uuid.uuid4()}" if session_id is None else valid_id(session_id)
    owner = {"jobId": job_id, "userId": caller.user_id, "tenantId": caller.tenant_id}
    await bridge.workflows.start(name, job_id, {**document, **owner})
    bridge.tails.hint(caller.job(job_id))
    return StartedWorkflow(session_id=job_id, workflow=name)


@router.get(
    "/workflow/{session_id}/status",
    response_model=dict[str, Any],
    responses={304: {"description": "Not changed"}, **READING},
)
async def workflow_status(session_id: str, caller: Caller, bridge: TheBridge, request: Request) -> Response:
    """The state of a session's job, with its agents by camelCase key; an unknown session is pending."""
    key = await bridge.find_job(caller, session_id)
    job = (await bridge.reader.snapshot(key) if key else None) or Job()
    document = flat_status(job, session_id=session_id, now=bridge.clock.now())
    return _with_etag(document, request)


@router.get("/jobs", responses=READING)
async def list_jobs(
    caller: Caller,
    bridge: TheBridge,
    limit: Annotated[int, Query(ge=1, le=JOBS_PER_PAGE_MAX)] = JOBS_PER_PAGE,
    next_token: Annotated[str | None, Query(alias="nextToken", max_length=512)] = None,
    overall_status: Annotated[OverallStatus | None, Query(alias="overallStatus")] = None,
) -> dict[str, Any]:
    """The caller's jobs, newest first, without their agents."""
    page = await bridge.list_jobs(caller, limit=limit, token=next_token)
    shown = [Job(head=head) for head in page.heads if overall_status in (None, head.overall_status)]
    now = bridge.clock.now()
    return {"jobs": [job_document(job, now=now) for job in shown], "nextToken": page.next_token}


@router.get(
    "/jobs/{job_id}",
    response_model=dict[str, Any],
    responses={304: {"description": "Not changed"}, **READING, **problems(404)},
)
async def get_job(job_id: str, caller: Caller, bridge: TheBridge, request: Request) -> Response:
    """The current job, with the fields of `getJob`."""
    job = await bridge.visible_job(caller, job_id)
    return _with_etag(job_document(job, now=bridge.clock.now()), request)


@router.get("/jobs/{job_id}/updates", responses={**READING, **problems(404)})
async def list_updates(
    job_id: str,
    *,
    caller: Caller,
    bridge: TheBridge,
    shown: Filter,
    after: Annotated[str, Query(description="<epoch:sequence>; by default the beginning of the log")] = str(
        BEGINNING
    ),
    limit: Annotated[int, Query(ge=1, le=UPDATES_PER_PAGE)] = UPDATES_PER_PAGE,
) -> UpdatesPage:
    """The statuses after a cursor, or the verdict that some are missing."""
    cursor = cursor_in("after", after) or BEGINNING
    page = await bridge.page(caller, job_id, after=cursor, limit=limit)
    return UpdatesPage(
        updates=[status_document(update) for update in filter(shown.matches, page.updates)],
        cursor=str(page.cursor),
        more=not page.is_up_to_date,
        recovered=page.lost is None,
        reason=page.lost,
    )


def _with_etag(document: dict[str, Any], request: Request) -> Response:
    """The document, or 304 if the client has it."""
    text = json_text(document)
    etag = f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    known = request.headers.get("if-none-match", "")
    if etag in (tag.strip().removeprefix("W/") for tag in known.split(",")):
        return Response(status_code=304, headers=headers)
    return Response(text, media_type="application/json", headers=headers)
