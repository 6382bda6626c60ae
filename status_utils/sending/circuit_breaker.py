"""Whether a backend is worth a try, and worth a wait.

            accepted
closed  ◄──────────────  open, cool-down over: the next payload is the probe
  │  ▲                        ▲
  │  └── accepted ──┐         │ after 5 s, doubling up to a minute
  │ waited in vain  │         │
  ▼                 │         │
doubtful ───────────┴──► open: nothing is tried
         given up
"""

from __future__ import annotations

from collections.abc import Callable

TYPE_CHECKING = False  # not typing's: loading typing is a tenth of what importing status_utils costs
if TYPE_CHECKING:
    from typing import Final

COOL_DOWN_SECONDS: Final = 5.0
LONGEST_COOL_DOWN_SECONDS: Final = 60.0


class Breaker:
    """A circuit breaker; `ticks` gives seconds that only go forward."""

    def __init__(self, ticks: Callable[[], float]) -> None:
        self._ticks = ticks
        self._trips = 0  # in a row
        self.open_until = 0.0
        """In ticks; 0 when the last payload was accepted."""
        self.trusted = True
        """Whether the last that was heard of the backend makes waiting for it reasonable."""

    @property
    def open(self) -> bool:
        """Whether to leave the backend alone."""
        return self._ticks() < self.open_until

    @property
    def probing(self) -> bool:
        """Whether the next payload decides: it gets one try."""
        return self.open_until > 0 and not self.open

    def accepted(self) -> None:
        """The backend took something."""
        self._trips, self.open_until, self.trusted = 0, 0.0, True

    def doubt(self) -> None:
        """Somebody waited in vain: the next need not."""
        self.trusted = False

    def trip(self) -> None:
        """A payload was given up."""
        cool_down = min(COOL_DOWN_SECONDS * 2**self._trips, LONGEST_COOL_DOWN_SECONDS)
        self._trips = min(self._trips + 1, 10)
        self.open_until = self._ticks() + cool_down
        self.trusted = False
