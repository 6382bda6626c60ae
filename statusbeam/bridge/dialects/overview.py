"""The documents for operators of a tenant: `agent_health` and `system`.

| message | fields | when |
|---|---|---|
| `agent_health` | `agents`: name, health, invocations, jobs in trouble | at first, and when it changes |
| `system` | jobs, rates, backlog, failures, connections | after each read |
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from statusbeam.log.snapshot.job_state import Job

from ..operations.health import agent_health, failures, job_rates, job_states
from ..operations.overview import Overview
from .filters import Family, StatusFilter


def health_document(overview: Overview, shown: StatusFilter) -> dict[str, Any]:
    """The health of agents, for the agents and jobs that match the filter."""
    agents = agent_health(_jobs(overview, shown), now=overview.at)
    if shown.agents:
        agents = [agent for agent in agents if agent["name"] in shown.agents]
    return {"type": "agent_health", "agents": agents}


def system_document(
    overview: Overview, shown: StatusFilter, *, connections: Mapping[str, int], watched: int
) -> dict[str, Any]:
    """The figures of the system, for the jobs that match the filter."""
    jobs = list(_jobs(overview, shown))
    return {
        "type": "system",
        "jobs": job_states(jobs, now=overview.at),
        "jobsArePartial": overview.is_partial,
        "rates": {"statusesPerSecond": overview.statuses_per_second, **job_rates(jobs, now=overview.at)},
        "failures": failures(jobs),
        "backlog": overview.backlog,
        "connections": dict(connections),
        "watchedJobs": watched,
        "unreadable": overview.failed,
    }


def families_of(shown: StatusFilter) -> tuple[bool, bool]:
    """Whether the filter shows health, and figures."""
    if not shown.families:
        return True, True
    return Family.AGENT in shown.families, Family.SYSTEM in shown.families


def _jobs(overview: Overview, shown: StatusFilter) -> Iterable[Job]:
    for job in overview.jobs:
        of_job = not shown.jobs or job.head.job_id in shown.jobs
        if of_job and (not shown.users or job.head.user_id in shown.users):
            yield job
