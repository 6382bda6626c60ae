"""The port to the sources of heartbeats; the scopes of agents and jobs are its adapters."""

from __future__ import annotations

from typing import Protocol


class HeartbeatSource(Protocol):
    """Work that has begun and not ended. While it is quiet, heartbeats keep it from looking stale."""

    last_status_at: float  # in the sender's ticks

    @property
    def is_open(self) -> bool:
        """Whether its end is still to be reported."""
        ...

    @property
    def is_job(self) -> bool:
        """Whether it is a job, whose lease the heartbeats of its agents renew as well."""
        ...

    def send_heartbeat(self) -> None:
        """Report a heartbeat."""
        ...
