"""The words of statuses. A word implies the status's type, its qualified form, and the state of the job.

    >>> qualified_status("agent_invoking", agent_name="Geo Agent")
    'invoking_geo_agent'
    >>> qualified_status("calling_tool", agent_name="Geo Agent", tool_name="amazon_location")
    'calling_amazon_location'
    >>> read_qualified("invoking_geo_agent")
    ('agent_invoking', 'Geo Agent', None)

The vocabulary is open: a word that isn't listed here is committed and shown like any other.
"""

from __future__ import annotations

import re
from enum import StrEnum

from .limits import QUALIFIED_STATUS_LENGTH, STATUS_LENGTH

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Final


class StatusWord(StrEnum):
    """The words every client knows."""

    LOADING_AGENTS = "loading_agents"  # the orchestrator chooses the job's agents
    VALIDATING = "validating"  # the orchestrator checks the agents' results
    SYNTHESIZING = "synthesizing"  # the orchestrator makes one answer of the results
    COMPLETE = "complete"  # the job completed
    ERROR = "error"  # the job failed
    AGENT_INVOKING = "agent_invoking"  # an agent starts
    AGENT_COMPLETE = "agent_complete"  # an agent completed
    AGENT_ERROR = "agent_error"  # an agent failed; the job may go on
    AGENT_RETRYING = "agent_retrying"  # an agent failed and starts again
    CALLING_TOOL = "calling_tool"  # an agent uses a tool
    TOOL_COMPLETE = "tool_complete"  # the tool gave its answer
    TOOL_ERROR = "tool_error"  # the tool failed; the agent may go on
    PROGRESS = "progress"  # the progress of the job or an agent, in percent
    HEARTBEAT = "heartbeat"  # the job or an agent is live, without news
    REOPENED = "reopened"  # a failed or cancelled job is reopened, e.g. by a redrive
    WAITING = "waiting"  # the job or an agent waits for a person, a timer, another job
    ANSWERED = "answered"  # a person answered the wait of the job or an agent
    CANCELLED = "cancelled"  # the job or an agent was cancelled
    CANCEL_REQUESTED = "cancel_requested"  # a person requested the cancellation of the job


class StatusType(StrEnum):
    """The kind of a status: the `type` on the wire."""

    AGENT_STATUS = "agent_status"  # the job, an agent or a tool starts, acts or ends
    PROGRESS = "progress"  # only the percentage moved
    COMPLETE = "complete"  # the job completed
    ERROR = "error"  # the job failed or was cancelled
    HEARTBEAT = "heartbeat"  # the job or an agent is live


class OverallStatus(StrEnum):
    """The state of a job."""

    INITIALIZING = "initializing"  # the job starts; no agent has reported
    PROCESSING = "processing"  # the job runs
    COMPLETED = "completed"  # the job completed
    FAILED = "failed"  # the job failed
    CANCELLED = "cancelled"  # the job was cancelled


_TYPES: dict[str, StatusType] = {
    StatusWord.COMPLETE: StatusType.COMPLETE,
    StatusWord.ERROR: StatusType.ERROR,
    StatusWord.PROGRESS: StatusType.PROGRESS,
    StatusWord.HEARTBEAT: StatusType.HEARTBEAT,
}

_QUALIFIED_STEMS: dict[str, str] = {StatusWord.AGENT_INVOKING: "invoking"}
"""The statuses whose qualified form has another beginning."""

_TOOL_STEMS: dict[str, str] = {
    StatusWord.CALLING_TOOL: "calling",
    StatusWord.TOOL_COMPLETE: "tool_complete",
    StatusWord.TOOL_ERROR: "tool_error",
}
"""The statuses that are named after their tool, if they have one."""


def status_type(status: str, *, of_job: bool) -> StatusType:
    """The type that a status word implies; `agent_status` for words without an end or a measure.

    `of_job`: the status names no agent and no invocation. Only then `cancelled` ends the job.
    """
    if of_job and status == StatusWord.CANCELLED:
        return StatusType.ERROR
    return _TYPES.get(status, StatusType.AGENT_STATUS)


def qualified_status(status: str, *, agent_name: str | None = None, tool_name: str | None = None) -> str:
    """One token that names the agent or tool as well: `agent_complete_geo_agent`, `calling_amazon_location`.

    Without a name to add, it is the status itself.
    """
    tool = token(tool_name or "")
    agent = token(agent_name or "")
    if status in _TOOL_STEMS and tool:
        qualified = f"{_TOOL_STEMS[status]}_{tool}"
    elif not agent or (status not in _KNOWN and token(status).endswith(agent)):
        qualified = status
    else:
        stem = _QUALIFIED_STEMS.get(status, status)
        qualified = f"{stem}_{agent}"
    return qualified[:QUALIFIED_STATUS_LENGTH]


_KNOWN: Final = frozenset(StatusWord)
_WORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]*")
_NOT_ASCII_WORD: Final = re.compile(r"[\x00-/:-@\[-`{-\x7f]+")


def is_word(status: str) -> bool:
    """Whether the text can be a status: letters, digits and `_ . : -`, within the limit."""
    return len(status) <= STATUS_LENGTH and _WORD.fullmatch(status) is not None


def token(name: str) -> str:
    """A name as a part of a qualified status: `Geo Agent` is `geo_agent`."""
    name = name.lower()
    return _NOT_ASCII_WORD.sub("_", name if name.isascii() else _with_marks(name)).strip("_")


# --- the inverse ------------------------------------------------------------------------------------------

_READ_STEMS: Final[dict[str, str]] = {
    "agent_invoking": StatusWord.AGENT_INVOKING,
    "agent_complete": StatusWord.AGENT_COMPLETE,
    "agent_error": StatusWord.AGENT_ERROR,
    "agent_retrying": StatusWord.AGENT_RETRYING,
    "invoking": StatusWord.AGENT_INVOKING,
    "calling_tool": StatusWord.CALLING_TOOL,
    "tool_complete": StatusWord.TOOL_COMPLETE,
    "tool_error": StatusWord.TOOL_ERROR,
    "calling": StatusWord.CALLING_TOOL,
}
"""The stems that a name follows. `validating_address` is more likely a word of the caller's own."""

_OF_AGENTS: Final[dict[str, str]] = {
    StatusWord.COMPLETE: StatusWord.AGENT_COMPLETE,
    StatusWord.ERROR: StatusWord.AGENT_ERROR,
}
"""A word with an agent's name in it ends that agent, never the job."""


def read_qualified(
    status: str, *, agent_name: str | None = None, tool_name: str | None = None, known: Iterable[str] = ()
) -> tuple[str, str | None, str | None] | None:
    """The word, the agent and the tool that a qualified status names: the inverse of `qualified_status`.

    None for a status that is not qualified. `agent_name` and `tool_name` come with the status, if at all. An
    agent that only the status names gets the matching name of `known`, else its words with capital letters. A
    tool that only the status names keeps its name unchanged.
    """
    if status in _KNOWN or "_" not in status:
        return None
    named = tuple(token(name) for name in (agent_name, tool_name) if name)
    may_name = status.endswith(named) or len(status) == QUALIFIED_STATUS_LENGTH
    for word in StatusWord if named and may_name else ():
        if status == qualified_status(word, agent_name=agent_name, tool_name=tool_name):
            return _OF_AGENTS.get(word, word.value), agent_name, tool_name
    for stem, stem_word in _READ_STEMS.items():
        rest = token(status[len(stem) + 1 :]) if status.startswith(f"{stem}_") else ""
        if rest and not any(map(str.isspace, status)):
            return _with_names(stem_word, rest, agent_name, tool_name, known)
    return None


def _with_names(
    word: str, named: str, agent_name: str | None, tool_name: str | None, known: Iterable[str]
) -> tuple[str, str | None, str | None] | None:
    agent = token(agent_name or "")
    if word in _TOOL_STEMS:
        # `calling_geo_agent` from the Geo Agent names no tool.
        return None if named == agent else (word, agent_name, tool_name or named)
    if not agent:
        name = next((name for name in known if token(name) == named), None)
        return word, name or _readable(named), tool_name
    # A status that names one agent and was sent for another one may end neither.
    akin = f"{named}_".startswith(f"{agent}_") or f"{agent}_".startswith(f"{named}_")
    return (word, agent_name, tool_name) if akin else None


def _readable(named: str) -> str:
    return " ".join(_capital(part) for part in named.split("_"))


def _capital(part: str) -> str:
    upper = part[:1].upper()
    return upper + part[1:] if upper.lower() == part[:1] else part  # not for ß, which has no one capital


def _with_marks(name: str) -> str:
    """A name with the vowel signs of its script, which a regular expression takes for no part of a word."""
    from unicodedata import category, normalize  # noqa: PLC0415 - for names beyond ASCII only

    kinds = ((character, category(character)) for character in normalize("NFC", name))
    return "".join(c if c.isalnum() or kind[0] == "M" else "" if kind == "Cf" else "_" for c, kind in kinds)
