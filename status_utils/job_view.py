"""A snapshot as readers see it: the schema's Job."""

from __future__ import annotations

from typing import Any

from .job_state import Job
from .liveness import liveness


def job_view(job: Job, *, now: float | None = None, expires_at: int | None = None) -> dict[str, Any]:
    """The schema's Job, with every field, null where nothing is known.

    `now` (epoch seconds) decides `liveness`; without it, and before the first status, that is null.
    `expires_at` (epoch seconds) is the store's own.
    """
    return {
        **job.head.view(),
        "agents": [agent.view() for agent in job.shown_agents],
        "liveness": None if now is None else liveness(job, now),
        "expiresAt": expires_at,
    }
