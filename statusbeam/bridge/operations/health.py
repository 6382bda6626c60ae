"""The health of agents across jobs, and figures of the jobs: pure functions of snapshots and a clock.

| health | when an invocation of the agent |
|---|---|
| `lost` | has sent no status for four minutes after the end of its lease |
| `stale` | has missed its heartbeats |
| `degraded` | failed recently, or is in a later attempt |
| `healthy` | none of these |

The worst health counts. The jobs are the running and the recently ended ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any, Final

from statusbeam.log.snapshot.agent_state import AgentState, AgentStatus
from statusbeam.log.snapshot.job_state import Job
from statusbeam.log.snapshot.liveness import agent_liveness, liveness
from statusbeam.log.snapshot.times import time_of
from statusbeam.model.words import OverallStatus

RECENT_SECONDS: Final = 900
"""How long an ended job counts, in seconds."""

_JOBS_NAMED: Final = 10
_MINUTE: Final = 60


class Health(StrEnum):
    """The health of an agent, the worst last."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    STALE = "stale"
    LOST = "lost"


_IN_ORDER: Final = list(Health)


def agent_health(jobs: Iterable[Job], *, now: float) -> list[dict[str, Any]]:
    """Each agent by name, the worst first."""
    found: dict[str, _Agent] = {}
    for job in jobs:
        for agent in job.shown_agents:
            if agent.status is not AgentStatus.PENDING:
                found.setdefault(agent.name, _Agent(agent.name)).count(job, agent, now)
    views = (agent.view() for agent in found.values())
    return sorted(views, key=lambda view: (-_IN_ORDER.index(view["health"]), view["name"]))


def job_states(jobs: Iterable[Job], *, now: float) -> dict[str, int]:
    """The number of running jobs, and of recently ended ones by their end."""
    counted = Counter(_state_of(job, now) for job in jobs)
    names = ("running", "waiting", "stale", "lost", *(state.value for state in _ENDED))
    return {name: counted[name] for name in names}


_ENDED: Final = (OverallStatus.COMPLETED, OverallStatus.FAILED, OverallStatus.CANCELLED)


def job_rates(jobs: Iterable[Job], *, now: float) -> dict[str, int]:
    """The number of jobs that began and ended in the last minute."""
    begun = ended = 0
    for job in jobs:
        begun += _in_last_minute(job.head.created_ms, now)
        ended += _in_last_minute(job.head.ended_ms, now)
    return {"jobsStartedPerMinute": begun, "jobsEndedPerMinute": ended}


def failures(jobs: Iterable[Job]) -> dict[str, int]:
    """The failed part of the counted jobs and invocations."""
    found = {"jobs": 0, "agents": 0}
    for job in jobs:
        found["jobs"] += job.head.overall_status is OverallStatus.FAILED
        found["agents"] += sum(agent.status is AgentStatus.ERROR for agent in job.shown_agents)
    return found


def _in_last_minute(at_ms: int | None, now: float) -> bool:
    return at_ms is not None and now - at_ms / 1000 < _MINUTE


def _state_of(job: Job, now: float) -> str:
    if job.head.ended:
        return job.head.overall_status.value
    found = liveness(job, now)
    return found if found in ("waiting", "stale", "lost") else "running"


class _Agent:
    """Counts the invocations of one agent."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._counts: Counter[str] = Counter()
        self._worst = Health.HEALTHY
        self._troubled: list[str] = []
        self._reported_ms = 0

    def count(self, job: Job, agent: AgentState, now: float) -> None:
        """Count one invocation."""
        alive = agent_liveness(job, agent.invocation_id, now)
        self._counts[alive if alive in ("waiting", "stale", "lost") else _outcome(agent, alive)] += 1
        self._counts["retried"] += agent.attempt > 1
        self._reported_ms = max(self._reported_ms, agent.completed_ms or agent.started_ms or 0)
        health = _health_of(agent, alive)
        self._worst = max(self._worst, health, key=_IN_ORDER.index)
        if health is not Health.HEALTHY and job.head.job_id not in self._troubled:
            self._troubled.append(job.head.job_id)

    def view(self) -> dict[str, Any]:
        """The agent as a document for operators."""
        names = ("running", "waiting", "stale", "lost", "completed", "failed", "cancelled", "retried")
        return {
            "name": self._name,
            "health": self._worst.value,
            "invocations": {name: self._counts[name] for name in names},
            "troubledJobs": self._troubled[:_JOBS_NAMED],
            "lastChange": time_of(self._reported_ms or None),
        }


def _outcome(agent: AgentState, alive: str | None) -> str:
    if agent.status is AgentStatus.SUCCESS:
        return "completed"
    if agent.status is AgentStatus.ERROR:
        return "failed"
    return "running" if alive == "live" else "cancelled"


def _health_of(agent: AgentState, alive: str | None) -> Health:
    if alive in ("stale", "lost"):
        return Health(alive)
    failed = agent.status is AgentStatus.ERROR
    retried = agent.attempt > 1 and not agent.ended
    return Health.DEGRADED if failed or retried else Health.HEALTHY


def is_recent(job: Job, *, now: float) -> bool:
    """Whether a job still counts."""
    return not job.head.ended or now - (job.head.updated_ms or 0) / 1000 < RECENT_SECONDS


def statuses_between(before: Sequence[Job], after: Sequence[Job]) -> int:
    """The number of statuses committed between two reads of the same jobs. A new job counts as 0."""
    known = {job.head.key: (job.head.epoch, job.head.sequence) for job in before}
    found = 0
    for job in after:
        epoch, sequence = known.get(job.head.key, (None, 0))
        if epoch == job.head.epoch:
            found += job.head.sequence - sequence
        elif known:
            found += job.head.sequence
    return found
