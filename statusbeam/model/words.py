"""The words a status can be, and what follows from each: its type, its qualified form, the state of its job.

    >>> qualified_status("agent_invoking", agent_name="Geo Agent")
    'invoking_geo_agent'
    >>> qualified_status("calling_tool", agent_name="Geo Agent", tool_name="amazon_location")
    'calling_amazon_location'

The vocabulary is open: a word that isn't listed here is committed and shown like any other.
"""

from __future__ import annotations

import re
from enum import StrEnum

from .limits import QUALIFIED_STATUS_LENGTH


class StatusWord(StrEnum):
    """The words every client knows."""

    LOADING_AGENTS = "loading_agents"  # the orchestrator is choosing who works on the job
    VALIDATING = "validating"  # the orchestrator is checking what the agents found
    SYNTHESIZING = "synthesizing"  # the orchestrator is making one answer of it
    COMPLETE = "complete"  # the job ended well
    ERROR = "error"  # the job ended badly
    AGENT_INVOKING = "agent_invoking"  # an agent starts
    AGENT_COMPLETE = "agent_complete"  # an agent ended well
    AGENT_ERROR = "agent_error"  # an agent ended badly; the job may go on
    AGENT_RETRYING = "agent_retrying"  # an agent failed and starts again
    CALLING_TOOL = "calling_tool"  # an agent uses a tool
    TOOL_COMPLETE = "tool_complete"  # the tool gave its answer
    TOOL_ERROR = "tool_error"  # the tool failed; the agent may go on
    PROGRESS = "progress"  # how far something is, in percent
    HEARTBEAT = "heartbeat"  # nothing new, still alive
    REOPENED = "reopened"  # a failed or cancelled job is taken up again, e.g. by a redrive
    WAITING = "waiting"  # the job or an agent waits for a person, a timer, another job
    CANCELLED = "cancelled"  # the job or an agent was stopped on purpose
    CANCEL_REQUESTED = "cancel_requested"  # somebody asks for the job to be stopped


class StatusType(StrEnum):
    """The kind of a status: the `type` on the wire."""

    AGENT_STATUS = "agent_status"  # somebody starts, does or ends something
    PROGRESS = "progress"  # only the percentage moved
    COMPLETE = "complete"  # the job ended well
    ERROR = "error"  # the job ended badly
    HEARTBEAT = "heartbeat"  # a sign of life


class OverallStatus(StrEnum):
    """The state of a job."""

    INITIALIZING = "initializing"  # agents are being loaded, none has reported
    PROCESSING = "processing"  # work is going on
    COMPLETED = "completed"  # ended well, for good
    FAILED = "failed"  # ended badly, for good


_TYPES: dict[str, StatusType] = {
    StatusWord.COMPLETE: StatusType.COMPLETE,
    StatusWord.ERROR: StatusType.ERROR,
    StatusWord.PROGRESS: StatusType.PROGRESS,
    StatusWord.HEARTBEAT: StatusType.HEARTBEAT,
}

_QUALIFIED_STEMS: dict[str, str] = {StatusWord.AGENT_INVOKING: "invoking"}
"""Where the qualified form does not begin with the status itself."""

_TOOL_STEMS: dict[str, str] = {
    StatusWord.CALLING_TOOL: "calling",
    StatusWord.TOOL_COMPLETE: "tool_complete",
    StatusWord.TOOL_ERROR: "tool_error",
}
"""What is named after its tool, where it has one."""


def status_type(status: str) -> StatusType:
    """The type that a status word implies; `agent_status` for all that end nothing and measure nothing."""
    return _TYPES.get(status, StatusType.AGENT_STATUS)


def qualified_status(status: str, *, agent_name: str | None = None, tool_name: str | None = None) -> str:
    """One token that names the agent or tool as well: `agent_complete_geo_agent`, `calling_amazon_location`.

    Without a name to add, it is the status itself.
    """
    tool = _token(tool_name or "")
    agent = _token(agent_name or "")
    if status in _TOOL_STEMS and tool:
        qualified = f"{_TOOL_STEMS[status]}_{tool}"
    elif not agent or (status not in _KNOWN and _token(status).endswith(agent)):
        qualified = status
    else:
        stem = _QUALIFIED_STEMS.get(status, status)
        qualified = f"{stem}_{agent}"
    return qualified[:QUALIFIED_STATUS_LENGTH]


_KNOWN = frozenset(StatusWord)
_NOT_WORD = re.compile(r"[\W_]+")


def _token(name: str) -> str:
    return _NOT_WORD.sub("_", name.lower()).strip("_")
