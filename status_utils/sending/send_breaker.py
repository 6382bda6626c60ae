"""For statuses that are sent one by one while their caller waits: a backend that held somebody up in vain is
left alone for a while, so that it costs a caller of many statuses one wait, not one a status.

>>> Patience(time.monotonic).send(transport, payload)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from statusbeam.model.errors import StatusError, TransportError

from .circuit_breaker import Breaker

TYPE_CHECKING = False  # not typing's: loading typing is a tenth of what importing status_utils costs
if TYPE_CHECKING:
    from typing import Any, Final

    from ..transports.transport import Transport

LONG_SECONDS: Final = 0.1
"""What fails sooner costs its callers little, and is tried again with each status."""


class Patience:
    """Remembers which transports held callers up; `ticks` gives seconds that only go forward."""

    def __init__(self, ticks: Callable[[], float]) -> None:
        self._ticks = ticks
        self._breakers: dict[
            int, tuple[Transport, Breaker]
        ] = {}  # with the transport, so that ids stay theirs

    def send(self, transport: Transport, payload: Mapping[str, Any]) -> None:
        """Send, or raise what the transport raises, or TransportError when it is not worth the wait."""
        _, breaker = self._breakers.get(id(transport), (None, None))
        if breaker is not None and breaker.open:
            raise TransportError("nothing is tried, it took too long", code="breaker_open", retriable=True)
        began_at = self._ticks()
        try:
            transport.send(payload)
        except StatusError:
            if self._ticks() - began_at >= LONG_SECONDS:
                breaker = breaker or Breaker(self._ticks)
                breaker.trip()
                self._breakers[id(transport)] = transport, breaker
            raise
        self._breakers.pop(id(transport), None)


PATIENCE: Final = Patience(time.monotonic)
"""This process's."""
