"""Silence is a status: readers derive it from a lease that was not renewed, and from time alone.

Each status renews the lease of its sender; the library sends heartbeats in between. A reader needs only
`leaseExpiresAt` and a clock:

    now < lease                      live     the work goes on
    lease <= now < lease + LOST      stale    no status for longer than three missed heartbeats
    lease + LOST <= now              lost     presumed dead
    it waits: there is no lease      waiting  for a person, a timer or another job, at any time
    the job or the agent has ended   ended    at any time
"""

from __future__ import annotations

from typing import Literal

from statusbeam.model.limits import LOST_AFTER_SECONDS

from .agent_state import AgentState
from .job_state import Job

Liveness = Literal["live", "stale", "lost", "waiting", "ended"]


def liveness(snapshot: Job, now: float) -> Liveness | None:
    """The liveness of a job at `now` (epoch seconds); None for a job that has no status yet.

    A job lives as long as anything in it reports: for one silent agent of several, see `agent_liveness`.
    """
    head = snapshot.head
    return _of_lease(head.lease_ms, waits=head.waits, ended=head.ended, now=now)


def agent_liveness(snapshot: Job, invocation_id: str, now: float) -> Liveness | None:
    """The liveness of one agent at `now` (epoch seconds); None while it is pending or unknown.

    Nothing runs in a job that has ended, even if an agent's own final status is missing.
    """
    agent = snapshot.agents.get(invocation_id, AgentState(invocation_id=invocation_id, name=""))
    ended = agent.ended or snapshot.head.ended
    return _of_lease(agent.lease_ms, waits=agent.waiting is not None, ended=ended, now=now)


def _of_lease(lease_ms: int | None, *, waits: bool, ended: bool, now: float) -> Liveness | None:
    if ended:
        return "ended"
    if waits:
        return "waiting"
    if lease_ms is None:
        return None
    if now * 1000 < lease_ms:
        return "live"
    if now * 1000 < lease_ms + LOST_AFTER_SECONDS * 1000:
        return "stale"
    return "lost"
