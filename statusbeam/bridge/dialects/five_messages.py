"""Five messages over a WebSocket: `agent_status`, `progress`, `complete`, `error`, `heartbeat`.

| what happened | message |
|---|---|
| an agent begins or changes | `agent_status`, with the agent's progress |
| the job's progress or phase changes | `progress` |
| an agent ends | `complete`, or `error`, with `agent`; the job continues (`data.overallStatus`) |
| the job ends | `agent_status` of each open agent, in the state `cancelled`; then the last `complete` or
|  | `error`, with `agent: "orchestrator"` |
| no status for a while | `heartbeat` |

The job's state decides, not the status word: an agent may report `complete`.

A client resumes after a message with its `data.cursor`. A connection may end between two messages of one
status, or of one snapshot. So every cursor but the last one of them also names a part:

| `data.cursor` | the messages after `?after=<cursor>` |
|---|---|
| `19aa3c:7` | the messages after status 7 |
| `19aa3c:7~2` | the messages after status 7, without the first 2 |
| `19aa3c:7~join` | a new snapshot: the client has a part of one |
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import BaseModel, Field

from statusbeam.log.snapshot.agent_state import AgentState, AgentStatus, without_none
from statusbeam.log.snapshot.fold import invocation_of
from statusbeam.log.snapshot.job_state import Job
from statusbeam.log.snapshot.times import time_of
from statusbeam.model.update import StatusUpdate
from statusbeam.model.words import OverallStatus, StatusType

from ..tail.cursor import BadCursorError, Cursor
from ..tail.events import Joined, Step

_PART: Final = "~"
_OF_A_JOIN: Final = "join"
_PART_DIGITS: Final = 6

ORCHESTRATOR: Final = "orchestrator"
"""The `agent` of messages about the job as a whole."""


class Message(BaseModel):
    """The fields of every message."""

    timestamp: str
    """The time of the status, ISO 8601 in UTC."""
    session_id: str
    """The client's name for the session."""


class AgentStatusMessage(Message):
    """An agent begins or changes."""

    type: Literal["agent_status"] = "agent_status"
    agent: str
    status: str
    """Text for people."""
    progress: float = Field(ge=0, le=100)
    data: dict[str, Any] = Field(default_factory=dict)


class ProgressMessage(Message):
    """The progress or the phase of the job changes."""

    type: Literal["progress"] = "progress"
    agent: str = ORCHESTRATOR
    status: str
    """Text for people."""
    progress: float = Field(ge=0, le=100)
    data: dict[str, Any] = Field(default_factory=dict)


class CompleteMessage(Message):
    """An agent completed. From the orchestrator: the job completed."""

    type: Literal["complete"] = "complete"
    agent: str
    status: str
    """Text for people."""
    progress: float = Field(default=100, ge=0, le=100)
    data: dict[str, Any] = Field(default_factory=dict)


class ErrorMessage(Message):
    """An agent failed. From the orchestrator: the job failed."""

    type: Literal["error"] = "error"
    agent: str = ORCHESTRATOR
    error: str
    """The error, for people."""
    details: str | None = None
    """More about the error, for people; never a stack or a secret."""
    data: dict[str, Any] = Field(default_factory=dict)


class HeartbeatMessage(Message):
    """There is no new status, and the connection is alive. A client may answer `pong`."""

    type: Literal["heartbeat"] = "heartbeat"
    message: Literal["ping"] = "ping"


AnyMessage = AgentStatusMessage | ProgressMessage | CompleteMessage | ErrorMessage | HeartbeatMessage


def messages_at_join(joined: Joined, *, session_id: str, now: str) -> list[AnyMessage]:
    """The messages that bring a client to the snapshot; `now` is a time as the wire has it."""
    job = joined.job
    verdict = {"recovered": False, "reason": str(joined.lost)} if joined.lost else {}
    if job.head.sequence == 0 and not verdict:
        return []
    words = _Words(job, session_id=session_id, timestamp=time_of(job.head.updated_ms) or now)
    found: list[AnyMessage] = [
        words.progress(job.head.overall_status, {**verdict, "agents": _agents_of(job)}),
        *(words.agent(agent, agent.activity) for agent in job.shown_agents if _has_begun(agent)),
    ]
    if job.head.ended:
        found.append(words.end(job.head.overall_status))
    for message in found[:-1]:
        _set_cursor(message, f"{Cursor.of(job.head)}{_PART}{_OF_A_JOIN}")
    return found


def messages_of(step: Step, *, session_id: str) -> list[AnyMessage]:
    """The messages of one status."""
    found = _messages_of(step, session_id=session_id)
    for number, message in enumerate(found[:-1], 1):
        _set_cursor(message, f"{Cursor.of(step.before.head)}{_PART}{number}")
    return found


def resume_point(text: str) -> tuple[Cursor | None, int]:
    """The position for a cursor, and the number of messages that the client has of the next status.

    None: the client resumes with a snapshot. Raises BadCursorError.
    """
    position, _, part = text.partition(_PART)
    cursor = Cursor.parse(position)
    if part == _OF_A_JOIN:
        return None, 0
    if part and not (part.isascii() and part.isdigit() and len(part) <= _PART_DIGITS):
        raise BadCursorError("the part of a cursor must be a number, as in 19aa3c:7~2")
    return cursor, int(part or 0)


def _set_cursor(message: AnyMessage, cursor: str) -> None:
    if not isinstance(message, HeartbeatMessage):
        message.data["cursor"] = cursor


def _messages_of(step: Step, *, session_id: str) -> list[AnyMessage]:
    before, update, after = step.before, step.update, step.after
    words = _Words(after, session_id=session_id, timestamp=update.timestamp)
    found: list[AnyMessage] = []
    invocation = invocation_of(update)
    agent = after.agents.get(invocation or "")  # None also after a status of an older run
    known = before.agents.get(invocation or "")
    if agent is not None and _has_begun(agent) and _is_change(known, agent, update):
        found.append(words.agent(agent, update.message, update))
    if before.head.ended and after.head.ended:
        return found
    if after.head.ended:
        unfinished = [one for one in after.shown_agents if one.status is AgentStatus.IN_PROGRESS]
        return [*found, *(words.agent(one, None) for one in unfinished), words.end(update.message, update)]
    if invocation is None and update.type is not StatusType.HEARTBEAT:
        agents = {"agents": _agents_of(after)} if after.agents.keys() != before.agents.keys() else {}
        found.append(words.progress(update.message, {**agents, **_data_of(update)}))
    elif after.head.progress != before.head.progress:
        found.append(words.progress(update.message, {}))
    return found


class _Words:
    """Makes messages about a job at one point of its log."""

    def __init__(self, job: Job, *, session_id: str, timestamp: str) -> None:
        self._job = job
        self._head = job.head.view()
        self._common: dict[str, Any] = {"session_id": session_id, "timestamp": timestamp}

    def agent(
        self, agent: AgentState, text: str | None, update: StatusUpdate | None = None
    ) -> AgentStatusMessage | CompleteMessage | ErrorMessage:
        view = _shown(agent, job_ended=self._job.head.ended)
        data = {**self._of_agent(view), **_data_of(update)}
        text = text or str(view["status"])
        if agent.status is AgentStatus.SUCCESS:
            return CompleteMessage(agent=agent.name, status=text, data=data, **self._common)
        if agent.ended:
            return ErrorMessage(agent=agent.name, error=text, data=data, **self._common)
        progress = view["progress"] or 0
        return AgentStatusMessage(agent=agent.name, status=text, progress=progress, data=data, **self._common)

    def progress(self, text: str, data: Mapping[str, Any]) -> ProgressMessage:
        progress = self._head["progress"] or 0
        return ProgressMessage(
            status=text, progress=progress, data={**self._of_job(), **data}, **self._common
        )

    def end(self, text: str, update: StatusUpdate | None = None) -> CompleteMessage | ErrorMessage:
        data = {**self._of_job(), "result": self._job.head.result, **_data_of(update)}
        if self._job.head.overall_status is OverallStatus.COMPLETED:
            return CompleteMessage(agent=ORCHESTRATOR, status=text, data=without_none(data), **self._common)
        failed = [agent.name for agent in self._job.shown_agents if agent.status is AgentStatus.ERROR]
        details = f"Failed: {', '.join(failed)}" if failed else None
        return ErrorMessage(error=text, details=details, data=without_none(data), **self._common)

    def _of_job(self) -> dict[str, Any]:
        names = (
            "jobId",
            "title",
            "run",
            "overallStatus",
            "totalTokenUsage",
            "eta",
            "waiting",
            "cancelRequest",
        )
        return without_none({name: self._head[name] for name in names}) | self._cursor()

    def _of_agent(self, view: Mapping[str, Any]) -> dict[str, Any]:
        named = {"state": view["status"], "overallStatus": self._head["overallStatus"]}
        left_out = ("name", "status", "activity", "progress")
        return without_none({**view, **dict.fromkeys(left_out), **named}) | self._cursor()

    def _cursor(self) -> dict[str, str]:
        return {"cursor": str(Cursor.of(self._job.head))}


def _has_begun(agent: AgentState) -> bool:
    return agent.status is not AgentStatus.PENDING


def _is_change(before: AgentState | None, agent: AgentState, update: StatusUpdate) -> bool:
    """Whether the status is about the agent's current attempt, and from before its end."""
    if _shown(agent) != _shown(before):
        return True
    # no change in the snapshot: a repeated status, or a message that the snapshot truncates
    is_current = update.attempt in (None, agent.attempt) and not agent.ended
    return is_current and update.type is not StatusType.HEARTBEAT


def _shown(agent: AgentState | None, *, job_ended: bool = False) -> dict[str, Any]:
    """The fields of an agent that readers see, without the lease, which each heartbeat renews."""
    return {} if agent is None else {**agent.view(job_ended=job_ended), "leaseExpiresAt": None}


def _agents_of(job: Job) -> list[dict[str, Any]]:
    names = ("name", "invocationId", "status", "progress")
    views = (agent.view(job_ended=job.head.ended) for agent in job.shown_agents)
    return [{name: view[name] for name in names} for view in views]


def _data_of(update: StatusUpdate | None) -> dict[str, Any]:
    """The fields of a status besides its message."""
    if update is None:
        return {}
    said = {
        "word": update.status,
        "toolName": update.tool_name,
        "metadata": dict(update.metadata) if update.metadata else None,
    }
    return without_none(said)
