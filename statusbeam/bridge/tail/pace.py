"""Decides how often a tail reads its job's position: often after new statuses, rarely in a silence."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The pauses between two reads of a position, in seconds.

    A job is hot for `hot_for` seconds after a new status or a hint, and warm for `warm_for` seconds.
    """

    hot: float = 0.05
    warm: float = 0.25
    quiet: float = 1.0
    hot_for: float = 5.0
    warm_for: float = 60.0

    def pause(self, since_change: float) -> float:
        """The pause after a read, `since_change` seconds after the last new status."""
        if since_change < self.hot_for:
            return self.hot
        return self.warm if since_change < self.warm_for else self.quiet
