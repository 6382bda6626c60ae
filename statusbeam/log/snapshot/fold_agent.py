"""Applies one status to its invocation; the rules are in docs/reference/fold.md."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

from statusbeam.model.limits import LEASE_SECONDS, MAX_LEASE_SECONDS, WHOLE_NUMBER_MAX
from statusbeam.model.metadata import MetadataKey
from statusbeam.model.numbers import clamped
from statusbeam.model.replace import replace
from statusbeam.model.update import StatusUpdate
from statusbeam.model.words import StatusType, StatusWord

from .agent_state import AgentState, AgentStatus
from .progress import FULL
from .texts import cut
from .times import FIRST_MS, LAST_MS, ms_of
from .usage import usage_in
from .waiting import waiting_after

SUCCESS_WORDS: Final = frozenset((StatusWord.AGENT_COMPLETE, StatusWord.COMPLETE, "success"))
ERROR_WORDS: Final = frozenset((StatusWord.AGENT_ERROR, StatusWord.ERROR))
CANCELLED_WORDS: Final = frozenset((StatusWord.CANCELLED,))
END_WORDS: Final = SUCCESS_WORDS | ERROR_WORDS | CANCELLED_WORDS
PENDING_WORDS: Final = frozenset(("pending", "agent_pending"))
START_WORDS: Final = frozenset((StatusWord.AGENT_INVOKING, StatusWord.AGENT_RETRYING))
TOOL_END_WORDS: Final = frozenset(("tool_complete", "tool_error"))

TOOLS_KEPT: Final = 32
"""The most tools of one attempt; later ones are in the log only."""

ACTIVITY_LENGTH: Final = 300
"""Characters of a message that the snapshot keeps; the log has all of it."""


class Recency(Enum):
    """The relation of a status to the attempt of its invocation or job."""

    CURRENT = "current"  # of the running attempt, or of a newer one
    LATE = "late"  # of an attempt that has ended; the end does not change
    SUPERSEDED = "superseded"  # of an older attempt


def attempt_of(update: StatusUpdate, *, current: int, ended_ms: int | None, starts: bool) -> int:
    """The attempt that `update` is about: the one it names, else the current one.

    Callers that don't count their attempts still retry. A status that starts work (`starts`) begins the next
    attempt if it was reported after the end at `ended_ms` (None: not ended). A status from before the end
    only arrived late.
    """
    if update.attempt is not None:
        return update.attempt
    if starts and ended_ms is not None and (ms_of(update.timestamp) or 0) > ended_ms:
        return min(current + 1, WHOLE_NUMBER_MAX)
    return current


def agent_after(agent: AgentState, update: StatusUpdate) -> tuple[AgentState, Recency]:
    """The invocation after `update`, which is about it."""
    attempt = attempt_of(
        update,
        current=agent.attempt,
        ended_ms=agent.completed_ms if agent.ended else None,
        starts=update.status in START_WORDS,
    )
    usage = usage_in(update.metadata or {})
    if usage is not None:
        agent = replace(agent, ledger=agent.ledger.reported(attempt, usage))
    if attempt < agent.attempt:
        return agent, Recency.SUPERSEDED
    agent = _named(agent, update)
    if attempt > agent.attempt:
        agent = _restarted(agent, attempt)
    if agent.ended:
        return _with_late_status(agent, update), Recency.LATE
    return _with_current_status(agent, update), Recency.CURRENT


def _named(agent: AgentState, update: StatusUpdate) -> AgentState:
    """With its name and parent, each from the first status that has it."""
    name, parent = agent.name, agent.parent_invocation_id
    if name == agent.invocation_id:
        name = update.agent_name or name
    if parent is None and update.parent_invocation_id != agent.invocation_id:
        parent = update.parent_invocation_id
    if (name, parent) == (agent.name, agent.parent_invocation_id):
        return agent
    return replace(agent, name=name, parent_invocation_id=parent)


def _restarted(agent: AgentState, attempt: int) -> AgentState:
    return replace(
        agent,
        attempt=attempt,
        status=AgentStatus.PENDING,
        activity=None,
        started_ms=None,
        completed_ms=None,
        execution_ms=None,
        reported=None,
        tools=(),
        waiting=None,
        lease_ms=None,
    )


def _with_late_status(agent: AgentState, update: StatusUpdate) -> AgentState:
    """The additions of a late status to an ended attempt: an earlier start, a tool."""
    return replace(agent, started_ms=_started(agent, update), tools=_tools(agent, update, ended=True))


def _with_current_status(agent: AgentState, update: StatusUpdate) -> AgentState:
    at_ms = ms_of(update.timestamp)
    status = _status(agent, update)
    ended = update.status in END_WORDS
    reported = agent.reported
    if update.progress is not None and update.tool_name is None:
        reported = max(reported or 0, share_of(update.progress))
    at_work = status is AgentStatus.IN_PROGRESS
    waiting = waiting_after(agent.waiting, update) if at_work else None
    return replace(
        agent,
        status=status,
        activity=_activity(update) or agent.activity,
        started_ms=_started(agent, update),
        completed_ms=at_ms if ended else None,
        execution_ms=update.execution_time_ms if ended else None,
        reported=reported,
        tools=_tools(agent, update, ended=False),
        waiting=waiting,
        lease_ms=renewed_lease(agent.lease_ms, update) if at_work and waiting is None else None,
    )


def _status(agent: AgentState, update: StatusUpdate) -> AgentStatus:
    if update.status in SUCCESS_WORDS:
        return AgentStatus.SUCCESS
    if update.status in ERROR_WORDS:
        return AgentStatus.ERROR
    if update.status in CANCELLED_WORDS:
        return AgentStatus.CANCELLED
    return agent.status if update.status in PENDING_WORDS else AgentStatus.IN_PROGRESS


def _started(agent: AgentState, update: StatusUpdate) -> int | None:
    at_ms, known = ms_of(update.timestamp), agent.started_ms
    if update.status in PENDING_WORDS or at_ms is None:
        return known
    if update.status in END_WORDS:
        # An end implies a start only if it has the duration.
        took_ms = update.execution_time_ms
        implied = known is None and took_ms is not None and not agent.ended
        return max(FIRST_MS, at_ms - (took_ms or 0)) if implied else known
    return at_ms if known is None else min(known, at_ms)


def _tools(agent: AgentState, update: StatusUpdate, *, ended: bool) -> tuple[tuple[str, int], ...]:
    name, tools = update.tool_name, dict(agent.tools)
    if name is None or (name not in tools and len(tools) >= TOOLS_KEPT):
        return agent.tools
    share = 0
    if not ended:
        share = FULL if update.status in TOOL_END_WORDS else share_of(update.progress or 0.0)
    tools[name] = max(tools.get(name, 0), share)
    return tuple(tools.items())


def _activity(update: StatusUpdate) -> str | None:
    return None if update.type is StatusType.HEARTBEAT else cut(update.message, ACTIVITY_LENGTH)


def share_of(percent: float) -> int:
    """A percentage as the fold counts it, FULL = 100 %."""
    return min(FULL, int(percent * 1000 + 0.5))


def renewed_lease(lease_ms: int | None, update: StatusUpdate) -> int:
    """The lease after a status: it never gets shorter, and a status may ask for a longer one."""
    at_ms = ms_of(update.timestamp) or 0
    asked = number_in(update.metadata or {}, MetadataKey.LEASE_SECONDS, MAX_LEASE_SECONDS)
    seconds = max(LEASE_SECONDS, asked or 0.0)
    return min(LAST_MS, max(lease_ms or at_ms, at_ms + int(seconds * 1000)))


def number_in(metadata: Mapping[str, Any], name: str, highest: int) -> float | None:
    """The number that metadata has under `name`, held between 0 and `highest`; None for anything else."""
    value = clamped(metadata.get(name), highest)
    return None if value is None else float(value)
