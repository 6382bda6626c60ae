"""A circuit breaker: whether to try a backend, and whether to wait for it.

            accepted
closed  ◄──────────────  half open: the next payload is the probe
  │  ▲                        ▲
  │  └── accepted ──┐         │ after 5 s, doubling up to a minute
  │ a wait timed out│         │
  ▼                 │         │
unresponsive ───────┴──► open: nothing is tried
         a payload failed
"""

from __future__ import annotations

from collections.abc import Callable

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from typing import Final

COOL_DOWN_SECONDS: Final = 5.0
LONGEST_COOL_DOWN_SECONDS: Final = 60.0


class CircuitBreaker:
    """The state of one backend; `ticks` gives seconds that only go forward."""

    def __init__(self, ticks: Callable[[], float]) -> None:
        self._ticks = ticks
        self._trips = 0  # in a row
        self.open_until = 0.0
        """In ticks; 0 if the last payload was accepted."""
        self.responsive = True
        """Whether the backend's last answer makes waiting for it reasonable."""

    @property
    def is_open(self) -> bool:
        """Whether to try nothing."""
        return self._ticks() < self.open_until

    @property
    def is_half_open(self) -> bool:
        """Whether the next payload is the probe: it gets one try."""
        return self.open_until > 0 and not self.is_open

    def record_success(self) -> None:
        """The backend accepted a payload."""
        self._trips, self.open_until, self.responsive = 0, 0.0, True

    def record_timeout(self) -> None:
        """A caller's wait timed out, so the next caller does not wait."""
        self.responsive = False

    def trip(self) -> None:
        """A payload failed: open, longer each time."""
        cool_down = min(COOL_DOWN_SECONDS * 2**self._trips, LONGEST_COOL_DOWN_SECONDS)
        self._trips = min(self._trips + 1, 10)
        self.open_until = self._ticks() + cool_down
        self.responsive = False
