"""One invocation in the snapshot, and the conversions that both parts of the snapshot share.

Times are epoch milliseconds inside and ISO 8601 outside, shares are whole numbers with progress.FULL = 100 %.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, Self

from statusbeam.model.validation import wire_time

from .progress import FULL, WEIGHT, agent_progress
from .usage import Ledger, usage_view

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_MS: Final = -62_135_596_800_000
LAST_MS: Final = 253_402_300_799_999
"""The years 1 to 9999: no time is earlier or later than that."""


class AgentStatus(StrEnum):
    """Where one invocation stands. It only moves down this list, until a newer attempt begins."""

    PENDING = "pending"  # planned
    IN_PROGRESS = "in-progress"  # at work
    SUCCESS = "success"  # ended well
    ERROR = "error"  # ended badly


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentState:
    """One invocation of one agent: the newest attempt, and what all attempts together cost."""

    invocation_id: str
    name: str
    parent_invocation_id: str | None = None
    attempt: int = 1
    status: AgentStatus = AgentStatus.PENDING
    activity: str | None = None  # its last message
    started_ms: int | None = None
    completed_ms: int | None = None
    execution_ms: int | None = None  # how long it took, if it reported that
    reported: int | None = None  # progress, as it reported it
    tools: tuple[tuple[str, int], ...] = ()  # (name, progress) in order of first use
    ledger: Ledger = field(default_factory=Ledger)
    lease_ms: int | None = None  # None unless it is at work
    order: int = 0  # place among the agents
    planned: bool = False
    weight: int = WEIGHT
    depends_on: tuple[str, ...] = ()
    tool_weights: tuple[tuple[str, int], ...] = ()
    claimed_by: str | None = None  # the invocation that carries out this step of the plan under its own id

    @property
    def ended(self) -> bool:
        return self.status in (AgentStatus.SUCCESS, AgentStatus.ERROR)

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
        """False for a step of the plan that another invocation carries out, or that was taken out."""
        replaced = self.claimed_by is not None or (self.planned and self.weight == 0)
        return not (replaced and self.status is AgentStatus.PENDING)

    def view(self) -> dict[str, Any]:
        """The schema's AgentState."""
        took_ms = self.execution_ms
        if took_ms is None and self.started_ms is not None and self.completed_ms is not None:
            took_ms = max(0, self.completed_ms - self.started_ms)
        return {
            "name": self.name,
            "invocationId": self.invocation_id,
            "parentInvocationId": self.parent_invocation_id,
            "attempt": self.attempt,
            "status": self.status.value,
            "activity": self.activity,
            "startedAt": time_of(self.started_ms),
            "completedAt": time_of(self.completed_ms),
            "duration": None if took_ms is None or self.completed_ms is None else took_ms / 1000,
            "progress": percent_of(self.progress),
            "tokenUsage": usage_view(self.ledger.total),
            "dependsOn": list(self.depends_on) or None,
            "tools": [name for name, _ in self.tools] or None,
            "leaseExpiresAt": time_of(self.lease_ms),
        }

    def to_item(self) -> dict[str, Any]:
        """Plain JSON types, nothing that is None: the view, its place among the agents, the fold's own state.

        A reader of items leaves out those that are `hidden` and sorts the others by `order`, then
        `invocationId`.
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
        }
        place = {"order": self.order, "hidden": None if self.shown else True}
        return without_none({**self.view(), **place, "fold": without_none(own)})

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        """What `to_item` wrote. Numbers may come back as Decimal, other attributes are ignored."""
        own = item["fold"]
        shares = (int(share) for share in own.get("tools", ()))
        return cls(
            invocation_id=item["invocationId"],
            name=item["name"],
            parent_invocation_id=item.get("parentInvocationId"),
            attempt=int(item["attempt"]),
            status=AgentStatus(item["status"]),
            activity=item.get("activity"),
            started_ms=ms_of(item.get("startedAt")),
            completed_ms=ms_of(item.get("completedAt")),
            execution_ms=optional_int(own.get("executionMs")),
            reported=optional_int(own.get("reported")),
            tools=tuple(zip(item.get("tools", ()), shares, strict=True)),
            ledger=Ledger.from_item(own.get("ledger")),
            lease_ms=ms_of(item.get("leaseExpiresAt")),
            order=int(item["order"]),
            planned=own.get("planned", False),
            weight=int(own["weight"]),
            depends_on=tuple(item.get("dependsOn", ())),
            tool_weights=tuple((name, int(weight)) for name, weight in own.get("toolWeights", ())),
            claimed_by=own.get("claimedBy"),
        )


@lru_cache(maxsize=1_024)  # one time is asked for at every step of the fold
def ms_of(time: str | None) -> int | None:
    """Epoch milliseconds of a time as the wire has it."""
    if time is None:
        return None
    return (datetime.fromisoformat(time) - _EPOCH) // timedelta(milliseconds=1)


@lru_cache(maxsize=1_024)
def time_of(ms: int | None) -> str | None:
    """A time as the wire has it."""
    return None if ms is None else wire_time(_EPOCH + timedelta(milliseconds=ms))


def percent_of(share: int | None) -> float | None:
    return None if share is None else share / 1000


def optional_int(value: Any) -> int | None:
    return None if value is None else int(value)


def without_none(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
