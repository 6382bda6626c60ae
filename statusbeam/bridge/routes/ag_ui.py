"""`POST /ag-ui`: a job as an AG-UI run. The thread's id is the session's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from fastapi import APIRouter, Response
from fastapi.sse import format_sse_event
from pydantic import BaseModel, ConfigDict, Field

from statusbeam.log.snapshot.job_state import Job
from statusbeam.model.validation import json_text

from ..dialects import ag_ui
from ..tail.events import Joined, WatchEvent
from .event_stream import EventStream, StreamDialect
from .requests import READING, Caller, TheBridge, problems

router = APIRouter()


class RunAgentInput(BaseModel):
    """What an AG-UI client sends. Everything but the thread's id is the client's own business."""

    model_config = ConfigDict(extra="allow")

    thread_id: str = Field(alias="threadId", description="A job's id, sessionId or correlationId.")
    run_id: str = Field(alias="runId")


@router.post(
    "/ag-ui",
    response_class=Response,
    responses={
        200: {"content": {"text/event-stream": {}}, "description": "The run."},
        **READING,
        **problems(429),
    },
)
async def run_agent(request: RunAgentInput, caller: Caller, bridge: TheBridge) -> Response:
    """Follow a job as a run, from its current snapshot to its end."""
    found = await bridge.find_job(caller, request.thread_id)
    key = found or caller.job(request.thread_id)
    run = ag_ui.Run(thread_id=request.thread_id, job_id=key.job_id)
    dialect = StreamDialect(
        name="ag-ui",
        render=partial(_render, run),
        at_end=partial(_at_end, run),
        is_last=ag_ui.is_last,
    )
    return EventStream(bridge, caller, key, dialect, after=None)


def _render(run: ag_ui.Run, event: WatchEvent) -> Sequence[bytes]:
    if isinstance(event, Joined):
        return _frames(run.events_at_join(event))
    return event.once(("ag-ui", run), lambda: _frames(run.events_of(event)))


def _at_end(run: ag_ui.Run, job: Job) -> Sequence[bytes]:
    return _frames(run.events_at_end(job))


def _frames(events: Iterable[ag_ui.Event]) -> Sequence[bytes]:
    return [format_sse_event(data_str=json_text(event)) for event in events]
