"""A tenant at one moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from statusbeam.log.snapshot.job_state import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What one look at a tenant found."""

    at: float
    """When, in epoch seconds."""
    jobs: Sequence[Job] = ()
    """Those that run, and those that ended lately."""
    statuses_per_second: float = 0.0
    backlog: int | None = None
    """Payloads that wait for the publisher; None where that is not known."""
    failed: bool = False
    """Whether the jobs could not be read: they are of before."""
    is_partial: bool = False
    """Whether the tenant has more jobs than are looked at."""
