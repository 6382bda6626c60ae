"""The overview of a tenant at one moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from statusbeam.log.snapshot.job_state import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The result of one read of a tenant."""

    at: float
    """The time of the read, in epoch seconds."""
    jobs: Sequence[Job] = ()
    """The running and the recently ended jobs."""
    statuses_per_second: float = 0.0
    backlog: int | None = None
    """Payloads that wait for the publisher; None: unknown."""
    failed: bool = False
    """Whether the read failed, so that the jobs are from an earlier read."""
    is_partial: bool = False
    """Whether the tenant has more jobs than the limit."""
