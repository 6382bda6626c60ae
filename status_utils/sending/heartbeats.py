"""When each open scope is due for a heartbeat."""

from __future__ import annotations

from collections.abc import Callable

from statusbeam.model.limits import HEARTBEAT_SECONDS

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from .heartbeat_source import HeartbeatSource

_SLACK_SECONDS = 2
"""Heartbeats that are due this soon go together with the one that is due now."""


class Heartbeats:
    """The sources that began and did not end, in the order in which they began. Safe for threads."""

    def __init__(self, ticks: Callable[[], float]) -> None:
        self._ticks = ticks
        self._sources: dict[int, HeartbeatSource] = {}

    def add(self, source: HeartbeatSource) -> None:
        """The source began."""
        source.last_status_at = self._ticks()
        self._sources[id(source)] = source

    def remove(self, source: HeartbeatSource) -> bool:
        """The source ended; whether it was here."""
        return self._sources.pop(id(source), None) is not None

    def sources(self) -> list[HeartbeatSource]:
        """All of them."""
        return list(self._sources.values())

    def send_due(self) -> None:
        """Send a heartbeat for every source that was quiet for long."""
        # Not `ticks - HEARTBEAT_SECONDS`: rounded, that may be before the moment of `next_at`.
        now = self._ticks()
        sources = [source for source in self.sources() if source.is_open]
        if any(source.last_status_at + HEARTBEAT_SECONDS <= now for source in sources):
            # Agents first: their heartbeats renew their job's lease, so that the job needs none.
            for source in sorted(sources, key=lambda source: source.is_job):
                if source.last_status_at + HEARTBEAT_SECONDS <= now + _SLACK_SECONDS:
                    source.send_heartbeat()

    def next_at(self) -> float | None:
        """When the next heartbeat is due, in ticks; None without an open source."""
        times = (source.last_status_at + HEARTBEAT_SECONDS for source in self.sources() if source.is_open)
        return min(times, default=None)
