"""One invocation in the snapshot.

Times are epoch milliseconds inside and ISO 8601 outside, shares are whole numbers with progress.FULL = 100 %.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from .progress import FULL, WEIGHT, agent_progress
from .times import ms_of, time_of
from .usage import Ledger, usage_view
from .waiting import Waiting


class AgentStatus(StrEnum):
    """The state of one invocation. It only moves down this list, until a newer attempt begins."""

    PENDING = "pending"  # planned
    IN_PROGRESS = "in-progress"  # running
    SUCCESS = "success"  # completed
    ERROR = "error"  # failed
    CANCELLED = "cancelled"  # cancelled; to readers also an agent that its job left open at its end


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentState:
    """One invocation of one agent: the newest attempt, and the tokens of all attempts."""

    invocation_id: str
    name: str
    parent_invocation_id: str | None = None
    attempt: int = 1
    status: AgentStatus = AgentStatus.PENDING
    activity: str | None = None  # its last message
    started_ms: int | None = None
    completed_ms: int | None = None
    execution_ms: int | None = None  # its duration, if it reported one
    reported: int | None = None  # progress, as it reported it
    tools: tuple[tuple[str, int], ...] = ()  # (name, progress) in order of first use
    ledger: Ledger = field(default_factory=Ledger)
    waiting: Waiting | None = None
    lease_ms: int | None = None  # None unless it runs; a waiting agent has none
    run: int = 1  # the job's run in which it was called
    order: int = 0  # place among the agents
    planned: bool = False
    weight: int = WEIGHT
    depends_on: tuple[str, ...] = ()
    tool_weights: tuple[tuple[str, int], ...] = ()
    claimed_by: str | None = None  # the invocation that carries out this step of the plan under its own id

    @property
    def ended(self) -> bool:
        return self.status in (AgentStatus.SUCCESS, AgentStatus.ERROR, AgentStatus.CANCELLED)

    @property
    def progress(self) -> int | None:
        if self.status is AgentStatus.SUCCESS:
            return FULL
        return agent_progress(self.reported, self.tools, self.tool_weights)

    @property
    def counted(self) -> tuple[int, int]:
        """(weight, weight x progress) in the job's. An unplanned nested agent counts through its parent."""
        if self.claimed_by is not None or (self.parent_invocation_id is not None and not self.planned):
            return (0, 0)
        return (self.weight, self.weight * (self.progress or 0))

    @property
    def shown(self) -> bool:
        """False for a step of the plan that another invocation carries out, or that the plan took out."""
        replaced = self.claimed_by is not None or (self.planned and self.weight == 0)
        return not (replaced and self.status is AgentStatus.PENDING)

    def view(self, *, job_ended: bool = False) -> dict[str, Any]:
        """The schema's AgentState, without `liveness`. Agents that a job leaves open at its end are
        cancelled."""
        unfinished = job_ended and self.status is AgentStatus.IN_PROGRESS
        took_ms = self.execution_ms
        if took_ms is None and self.started_ms is not None and self.completed_ms is not None:
            took_ms = max(0, self.completed_ms - self.started_ms)
        return {
            "name": self.name,
            "invocationId": self.invocation_id,
            "parentInvocationId": self.parent_invocation_id,
            "attempt": self.attempt,
            "status": AgentStatus.CANCELLED.value if unfinished else self.status.value,
            "waiting": None if unfinished or self.waiting is None else self.waiting.view(self.invocation_id),
            "activity": self.activity,
            "startedAt": time_of(self.started_ms),
            "completedAt": time_of(self.completed_ms),
            "duration": None if took_ms is None or self.completed_ms is None else took_ms / 1000,
            "progress": percent_of(self.progress),
            "tokenUsage": usage_view(self.ledger.total),
            "dependsOn": list(self.depends_on) or None,
            "tools": [name for name, _ in self.tools] or None,
            "leaseExpiresAt": None if unfinished else time_of(self.lease_ms),
        }

    def to_item(self) -> dict[str, Any]:
        """Plain JSON types without None: the view, its place among the agents, the fold's own state.

        A reader of items leaves out those of another `run` than the head's and those that are `hidden`. It
        sorts the others by `order`, then `invocationId`.
        """
        own = {
            "executionMs": self.execution_ms,
            "reported": self.reported,
            "tools": [progress for _, progress in self.tools] or None,
            "ledger": self.ledger.to_item() or None,
            "planned": self.planned or None,
            "weight": self.weight,
            "toolWeights": [list(pair) for pair in self.tool_weights] or None,
            "claimedBy": self.claimed_by,
            "waiting": self.waiting.to_item() if self.waiting else None,
        }
        place = {"order": self.order, "run": self.run, "hidden": None if self.shown else True}
        view = self.view()
        waiting = without_none(view["waiting"]) if view["waiting"] else None
        return without_none({**view, "waiting": waiting, **place, "fold": without_none(own)})

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        """The agent in an item of `to_item`. Numbers may be Decimals; other attributes are ignored."""
        own = item["fold"]
        shares = (int(share) for share in own.get("tools", ()))
        return cls(
            invocation_id=item["invocationId"],
            name=item["name"],
            parent_invocation_id=item.get("parentInvocationId"),
            attempt=int(item["attempt"]),
            status=_stored_status(item),
            activity=item.get("activity"),
            started_ms=ms_of(item.get("startedAt")),
            completed_ms=ms_of(item.get("completedAt")),
            execution_ms=optional_int(own.get("executionMs")),
            reported=optional_int(own.get("reported")),
            tools=tuple(zip(item.get("tools", ()), shares, strict=True)),
            ledger=Ledger.from_item(own.get("ledger")),
            lease_ms=ms_of(item.get("leaseExpiresAt", own.get("leaseExpiresAt"))),
            order=int(item["order"]),
            planned=own.get("planned", False),
            weight=int(own["weight"]),
            depends_on=tuple(item.get("dependsOn", ())),
            tool_weights=tuple((name, int(weight)) for name, weight in own.get("toolWeights", ())),
            claimed_by=own.get("claimedBy"),
            waiting=Waiting.from_item(own.get("waiting")),
            run=int(item["run"]),
        )


def _stored_status(item: Mapping[str, Any]) -> AgentStatus:
    """The status without the reader's derivation: an agent that is cancelled without an end was only left
    open."""
    status = AgentStatus(item["status"])
    left_open = status is AgentStatus.CANCELLED and item.get("completedAt") is None
    return AgentStatus.IN_PROGRESS if left_open else status


def percent_of(share: int | None) -> float | None:
    return None if share is None else share / 1000


def optional_int(value: Any) -> int | None:
    return None if value is None else int(value)


def without_none(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
