"""A snapshot as readers see it: the schema's Job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .agent_state import AgentState, without_none
from .job_state import Head, Job
from .liveness import agent_liveness, liveness


def job_view(job: Job, *, now: float | None = None, expires_at: int | None = None) -> dict[str, Any]:
    """The schema's Job without the store's own fields (`fold`, `sequence` of agents), null for unknown
    values.

    `now` (epoch seconds) decides `liveness`; without it, and before the first status, that is null.
    `expires_at` (epoch seconds) is the store's own.
    """
    return {
        **job.head.view(),
        "agents": [_agent_view(job, agent, now) for agent in job.shown_agents],
        "liveness": None if now is None else liveness(job, now),
        "expiresAt": expires_at,
    }


def job_of_view(view: Mapping[str, Any]) -> Job:
    """The snapshot that getJob answered with, `result` and each `fold` as values, not as their text:
    `apply(job_of_view(answer), log_after_its_sequence)` goes on from there.

    A job that has not begun is an empty snapshot.
    """
    if not view.get("fold"):
        return Job()
    # GraphQL returns null for attributes that an item does not have.
    agents = map(without_none, [*view["agents"], *(view["fold"].get("hidden") or ())])
    head = Head.from_item(without_none(view))
    # The answer has the current run's agents only.
    run = head.runs.number
    items = ({**agent, "order": agent["fold"]["order"], "run": run} for agent in agents)
    return Job(head=head, agents={item["invocationId"]: AgentState.from_item(item) for item in items})


def _agent_view(job: Job, agent: AgentState, now: float | None) -> dict[str, Any]:
    verdict = None if now is None else agent_liveness(job, agent.invocation_id, now)
    return {**agent.view(job_ended=job.head.ended), "liveness": verdict}
