"""The snapshot: the folded log of one job. `fold.py` computes it; this module defines its fields.

A snapshot is one `Head` and one `AgentState` an invocation, each an item of the status table. Together they
hold all that the fold needs to continue, so a commit reads and writes only the head and the agents it
touches.

    Head.from_item(job.head.to_item()) == job.head

An item carries the schema's fields in the readers' form, so that a resolver can return it unchanged. Its
attribute `fold` holds the fold's own state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from statusbeam.model.job_key import JobKey
from statusbeam.model.metadata import IDENTITY
from statusbeam.model.words import OverallStatus

from .agent_state import AgentState, optional_int, percent_of, without_none
from .progress import FULL, PLAN_MAX, WeightedProgress
from .reopenings import Reopenings
from .runs import Runs
from .times import ms_of, time_of
from .usage import Ledger, usage_view
from .waiting import Waiters, Waiting

_ENDED: Final = (OverallStatus.COMPLETED, OverallStatus.FAILED, OverallStatus.CANCELLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Eta:
    """Seconds left: of runs like this, half need at most `p50` and nine of ten at most `p90`."""

    p50: float
    p90: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRequest:
    """A request to cancel the job."""

    by: str | None
    reason: str | None
    at_ms: int

    def view(self) -> dict[str, Any]:
        """The schema's CancelRequest."""
        return {"by": self.by, "reason": self.reason, "at": time_of(self.at_ms)}

    @classmethod
    def from_item(cls, item: Any) -> Self | None:
        """The request in a view."""
        if not item:
            return None
        return cls(by=item.get("by"), reason=item.get("reason"), at_ms=ms_of(item["at"]) or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The job as a whole: its position, its state, and sums over its agents."""

    job_id: str = ""
    user_id: str | None = None
    tenant_id: str | None = None
    session_id: str | None = None
    correlation_id: str | None = None
    document_id: str | None = None
    source_type: str | None = None
    workflow: str | None = None  # with the version, the key of the estimates' history
    workflow_version: str | None = None
    title: str | None = None
    runs: Runs = field(default_factory=Runs)
    reopenings: Reopenings = field(default_factory=Reopenings)
    overall_status: OverallStatus = OverallStatus.INITIALIZING
    attempt: int = 1
    sequence: int = 0
    epoch: str | None = None  # another one if a job id is used again after the job expired
    created_ms: int | None = None
    started_ms: int | None = None  # when the current run began
    updated_ms: int | None = None
    ended_ms: int | None = None
    lease_ms: int | None = None  # None before the first status, after the end, and while the job waits
    outcome: str | None = None  # the message of the final status
    result: Any = None  # JSON, of the final status
    waiting: Waiting | None = None  # the job's own
    waiters: Waiters = field(default_factory=Waiters)  # its agents that wait
    cancel_request: CancelRequest | None = None
    tokens: tuple[int, int] = (0, 0)  # (input, output): the agents' and its own
    ledger: Ledger = field(default_factory=Ledger)  # its own
    planned: bool = False  # a plan was declared
    weighted: WeightedProgress = field(default_factory=WeightedProgress)
    reported: int | None = None  # progress, as the orchestrator reported it
    eta: tuple[int, int, int] | None = None  # (p50, p90, as of) in milliseconds
    # The limit of a flood: the publisher's own count (shedding.Bucket), no part of the fold.
    rate: tuple[int, int] | None = field(default=None, compare=False)

    @property
    def key(self) -> JobKey:
        """The key of the job among all tenants' jobs."""
        return JobKey(self.tenant_id or "", self.job_id)

    @property
    def ended(self) -> bool:
        return self.overall_status in _ENDED

    @property
    def stage(self) -> tuple[OverallStatus, int, int]:
        """The parts of the job's position that matter to conditions: the state, its attempt and its run."""
        return self.overall_status, self.attempt, self.runs.number

    @property
    def waits(self) -> bool:
        """Whether the job or an agent of it waits. Then silence is expected."""
        return not self.ended and (self.waiting is not None or self.waiters.any)

    @property
    def progress(self) -> int | None:
        """The larger of the orchestrator's own progress and the plan's; None when there is neither."""
        if self.overall_status is OverallStatus.COMPLETED:
            return FULL
        if not self.planned:
            return self.reported
        return max(self.reported or 0, min(self.weighted.shown, PLAN_MAX))

    def view(self) -> dict[str, Any]:
        """The schema's Job, without `agents`, `liveness` and `expiresAt`."""
        return {
            "jobId": self.job_id,
            "userId": self.user_id,
            "tenantId": self.tenant_id,
            "sessionId": self.session_id,
            "correlationId": self.correlation_id,
            "documentId": self.document_id,
            "sourceType": self.source_type,
            "workflow": self.workflow,
            "title": self.title,
            "run": self.runs.number,
            "runFirstSequence": self.runs.first_sequence,
            "overallStatus": self.overall_status.value,
            "totalTokenUsage": usage_view(self.tokens),
            "progress": percent_of(self.progress),
            "eta": self._eta_view(),
            "outcome": self.outcome,
            "result": self.result,
            "waiting": self._waiting_view(),
            "cancelRequest": self.cancel_request.view() if self.cancel_request else None,
            "leaseExpiresAt": time_of(self.lease_ms),
            "sequence": self.sequence,
            "epoch": self.epoch,
            "createdAt": time_of(self.created_ms),
            "startedAt": time_of(self.started_ms),
            "endedAt": time_of(self.ended_ms),
            "lastUpdated": time_of(self.updated_ms),
        }

    def _waiting_view(self) -> dict[str, Any] | None:
        """Its own, else that of the agent that has waited longest."""
        if self.ended:
            return None
        return self.waiting.view() if self.waiting else self.waiters.view()

    def _eta_view(self) -> dict[str, float] | None:
        if self.eta is None:
            return None
        p50, p90, as_of = self.eta
        passed = (self.updated_ms or as_of) - as_of
        return {"p50": max(0, p50 - passed) / 1000, "p90": max(0, p90 - passed) / 1000}

    def to_item(self) -> dict[str, Any]:
        """Plain JSON types without None: the view and the fold's own state."""
        own = {
            "attempt": self.attempt,
            "tokens": list(self.tokens),
            "ledger": self.ledger.to_item() or None,
            "planned": self.planned or None,
            "weighted": self.weighted.to_item(),
            "reported": self.reported,
            "eta": list(self.eta) if self.eta else None,
            "workflowVersion": self.workflow_version,
            "runs": self.runs.to_item() or None,
            "reopenings": self.reopenings.to_item(),
            "waiting": self.waiting.to_item() if self.waiting else None,
            "waiters": self.waiters.to_item(),
        }
        view = self.view()
        nested = {name: without_none(view[name]) for name in ("waiting", "cancelRequest") if view[name]}
        rate = list(self.rate) if self.rate else None
        return without_none({**view, **nested, "rate": rate, "fold": without_none(own)})

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        """The head in an item of `to_item`. Numbers may be Decimals; other attributes are ignored."""
        own = item["fold"]
        tokens_in, tokens_out = (int(count) for count in own["tokens"])
        first_sequence = optional_int(item.get("runFirstSequence"))
        eta, rate = [int(number) for number in own.get("eta", ())], item.get("rate")
        return cls(
            job_id=item["jobId"],
            user_id=item.get("userId"),
            tenant_id=item.get("tenantId"),
            **{name: item.get(wire, own.get(wire)) for name, wire in IDENTITY.items()},
            title=item.get("title"),
            runs=Runs.from_item(own.get("runs"), number=int(item["run"]), first_sequence=first_sequence),
            reopenings=Reopenings.from_item(own.get("reopenings")),
            overall_status=OverallStatus(item["overallStatus"]),
            attempt=int(own["attempt"]),
            sequence=int(item["sequence"]),
            epoch=item.get("epoch"),
            created_ms=ms_of(item.get("createdAt")),
            started_ms=ms_of(item.get("startedAt")),
            updated_ms=ms_of(item.get("lastUpdated")),
            ended_ms=ms_of(item.get("endedAt")),
            lease_ms=ms_of(item.get("leaseExpiresAt")),
            outcome=item.get("outcome"),
            result=item.get("result"),
            waiting=Waiting.from_item(own.get("waiting")),
            waiters=Waiters.from_item(own.get("waiters")),
            cancel_request=CancelRequest.from_item(item.get("cancelRequest")),
            tokens=(tokens_in, tokens_out),
            ledger=Ledger.from_item(own.get("ledger")),
            planned=own.get("planned", False),
            weighted=WeightedProgress.from_item(own["weighted"]),
            reported=optional_int(own.get("reported")),
            eta=(eta[0], eta[1], eta[2]) if eta else None,
            rate=(int(rate[0]), int(rate[1])) if rate else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A snapshot. `agents` by invocation id. The fold needs only the agents that a batch touches."""

    head: Head = field(default_factory=Head)
    agents: Mapping[str, AgentState] = field(default_factory=dict)

    def after(self, part: Job) -> Job:
        """The whole snapshot after a commit that left `part` of it; agents of older runs are dropped."""
        run = part.head.runs.number
        agents = {**self.agents, **part.agents}
        return Job(head=part.head, agents={key: agent for key, agent in agents.items() if agent.run == run})

    @property
    def shown_agents(self) -> list[AgentState]:
        """The agents that readers see, in the order in which they were planned or first reported."""
        run = self.head.runs.number
        agents = (agent for agent in self.agents.values() if agent.shown and agent.run == run)
        return sorted(agents, key=lambda agent: (agent.order, agent.invocation_id))
