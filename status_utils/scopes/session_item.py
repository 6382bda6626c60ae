"""The flat picture of a session: one JSON object, made of its statuses one after the other.

    >>> item = item_after(None, {"status": "agent_invoking", "agentName": "Geo Agent", …}, "session-7")
    >>> item["overallStatus"], item["agents"][0]["status"]
    ('processing', 'in-progress')

For programs that read DynamoDB directly. Other programs call `getJob`, which returns more:
docs/how-to/library.md, "A table of sessions".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from statusbeam.model.limits import DAY_SECONDS
from statusbeam.model.metadata import IDENTITY, MetadataKey
from statusbeam.model.texts import cut
from statusbeam.model.validation import moment_of, wire_time
from statusbeam.model.words import StatusWord

if TYPE_CHECKING:
    from collections.abc import Iterable

RETENTION_DAYS: Final = 90
AGENTS_KEPT: Final = 100
"""The most agents of one item, which may have 400 KB."""
ACTIVITY_LENGTH: Final = 300

_JOB_ENDS: Final = {
    StatusWord.COMPLETE.value: "completed",
    StatusWord.ERROR.value: "failed",
    StatusWord.CANCELLED.value: "cancelled",
}
_AGENT_ENDS: Final = {
    StatusWord.AGENT_COMPLETE.value: "success",
    StatusWord.AGENT_ERROR.value: "error",
    StatusWord.CANCELLED.value: "cancelled",
}
_ENDED: Final = frozenset(_AGENT_ENDS.values())
_PENDING: Final = "pending"
_INITIALIZING: Final = "initializing"
_PROCESSING: Final = "processing"
_COUNTS: Final = ("inputTokens", "outputTokens")


def item_after(item: Mapping[str, Any] | None, status: Mapping[str, Any], session_id: str) -> dict[str, Any]:
    """The item after `status`, a StatusInput as it is sent; `item` is None before the first one.

    A `loading_agents` after the end begins anew, with fresh agents.
    """
    metadata = json.loads(status.get("metadata") or "{}")
    opens = status["status"] == StatusWord.LOADING_AGENTS
    if item is None or (opens and item["overallStatus"] in _JOB_ENDS.values()):
        item = _new(status, session_id)
    agents = _with_plan(item["agents"], metadata.get(MetadataKey.PLAN) if opens else None)
    if status.get("agentName"):
        agents = _with_agent(agents, status, metadata)
    at = status["timestamp"]
    changed = {
        **item,
        **{key: metadata[key] for key in IDENTITY.values() if key in metadata and key not in item},
        "agents": agents,
        "overallStatus": _overall(item, status, agents),
        "lastUpdated": max(at, item["lastUpdated"]),
        "expiresAt": int(moment_of(at).timestamp()) + RETENTION_DAYS * DAY_SECONDS,
    }
    usage = _total(agent.get("tokenUsage") for agent in agents)
    return changed if usage is None else {**changed, "totalTokenUsage": usage}


def _new(status: Mapping[str, Any], session_id: str) -> dict[str, Any]:
    return {
        "sessionId": session_id,
        "jobId": status["jobId"],
        "userId": status["userId"],
        "tenantId": status["tenantId"],
        "overallStatus": _INITIALIZING,
        "agents": [],
        "createdAt": status["timestamp"],
        "lastUpdated": status["timestamp"],
    }


def _overall(item: Mapping[str, Any], status: Mapping[str, Any], agents: list[dict[str, Any]]) -> str:
    before: str = item["overallStatus"]
    if before in _JOB_ENDS.values():
        return before
    if not status.get("agentName") and status["status"] in _JOB_ENDS:
        return _JOB_ENDS[status["status"]]
    begun = any(agent["status"] != _PENDING for agent in agents)
    quiet = status["status"] in (StatusWord.LOADING_AGENTS, _PENDING)
    return _INITIALIZING if before == _INITIALIZING and quiet and not begun else _PROCESSING


def _with_plan(agents: list[dict[str, Any]], plan: Any) -> list[dict[str, Any]]:
    found = [dict(agent) for agent in agents]
    known = {agent["name"] for agent in found}
    for step in plan if isinstance(plan, list) else ():
        name = step.get("name") if isinstance(step, Mapping) else step
        if not isinstance(name, str) or name in known or len(found) == AGENTS_KEPT:
            continue
        known.add(name)
        planned: dict[str, Any] = {"name": name, "status": _PENDING, "attempt": 1}
        if isinstance(step, Mapping) and step.get("dependsOn"):
            planned["dependsOn"] = step["dependsOn"]
        found.append(planned)
    return found


def _with_agent(
    agents: list[dict[str, Any]], status: Mapping[str, Any], metadata: Mapping[str, Any]
) -> list[dict[str, Any]]:
    for place, agent in enumerate(agents):
        if agent["name"] == status["agentName"]:
            return [*agents[:place], _agent_after(agent, status, metadata), *agents[place + 1 :]]
    if len(agents) == AGENTS_KEPT:
        return agents
    new = {"name": status["agentName"], "status": _PENDING, "attempt": status.get("attempt") or 1}
    return [*agents, _agent_after(new, status, metadata)]


def _agent_after(
    agent: dict[str, Any], status: Mapping[str, Any], metadata: Mapping[str, Any]
) -> dict[str, Any]:
    attempt = status.get("attempt") or agent["attempt"]
    if attempt < agent["attempt"]:
        return agent
    if attempt > agent["attempt"]:
        agent = _restarted(agent, attempt)
    agent = _with_usage(agent, metadata.get(MetadataKey.TOKEN_USAGE))
    return agent if agent["status"] in _ENDED else _moved(agent, status)


def _restarted(agent: Mapping[str, Any], attempt: int) -> dict[str, Any]:
    kept = {key: agent[key] for key in ("name", "dependsOn", "tokenUsage") if key in agent}
    earlier = {"earlierTokenUsage": agent["tokenUsage"]} if "tokenUsage" in agent else {}
    return {**kept, **earlier, "status": _PENDING, "attempt": attempt}


def _moved(agent: dict[str, Any], status: Mapping[str, Any]) -> dict[str, Any]:
    word, at = status["status"], status["timestamp"]
    state = _PENDING if word == _PENDING else _AGENT_ENDS.get(word, "in-progress")
    moved = {**agent, "status": state}
    if status["message"]:
        moved["activity"] = cut(status["message"], ACTIVITY_LENGTH)
    if status.get("progress") is not None:
        moved["progress"] = max(status["progress"], agent.get("progress", 0))
    took_ms = status.get("executionTimeMs")
    if state != _PENDING and "startedAt" not in moved:
        moved["startedAt"] = at if took_ms is None else _before(at, took_ms)
    if state in _ENDED:
        moved["completedAt"] = at
        moved["duration"] = _seconds(moved["startedAt"], at) if took_ms is None else took_ms / 1000
    if state == _AGENT_ENDS[StatusWord.AGENT_COMPLETE]:
        moved["progress"] = 100
    return moved


def _with_usage(agent: dict[str, Any], usage: Any) -> dict[str, Any]:
    """With the tokens of all attempts: `usage` is the running total of this one."""
    if not isinstance(usage, Mapping):
        return agent
    total = _total((agent.get("earlierTokenUsage"), usage))
    return agent if total is None else {**agent, "tokenUsage": total}


def _total(usages: Iterable[Any]) -> dict[str, int] | None:
    sums: dict[str, int] = {}
    for usage in usages:
        for name in _COUNTS:
            count = (usage or {}).get(name)
            if isinstance(count, int) and not isinstance(count, bool) and count >= 0:
                sums[name] = sums.get(name, 0) + count
    return {**dict.fromkeys(_COUNTS, 0), **sums, "totalTokens": sum(sums.values())} if sums else None


def _before(at: str, milliseconds: int) -> str:
    return wire_time(moment_of(at) - timedelta(milliseconds=milliseconds))


def _seconds(begin: str, end: str) -> float:
    return max(0.0, (moment_of(end) - moment_of(begin)).total_seconds())
