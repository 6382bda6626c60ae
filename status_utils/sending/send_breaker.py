"""Circuit breakers for statuses that are sent one by one while their caller waits.

A backend that was slow to fail is not tried for a while. A caller of many statuses then waits once, not once
a status.

>>> SendBreaker(time.monotonic).send(transport, payload)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from statusbeam.model.errors import TransportError
from statusbeam.model.parse import stamped

from .circuit_breaker import CircuitBreaker
from .own_work import OwnWork

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from typing import Any, Final

    from ..transports.transport import Transport

SLOW_SECONDS: Final = 0.1
"""A failure that is quicker costs its caller little; the next status tries again."""


class SendBreaker:
    """A circuit breaker for each backend that failed slowly; `ticks` is a monotonic clock in seconds."""

    def __init__(self, ticks: Callable[[], float]) -> None:
        self._ticks = ticks
        # By the backend's id. The value holds the backend, so that no other one gets its id.
        self._breakers: dict[int, tuple[object, CircuitBreaker]] = {}

    def send(self, transport: Transport, payload: Mapping[str, Any]) -> None:
        """Send. Raises what the transport raises, or TransportError while the transport's breaker is open."""
        self.call(transport, lambda: transport.send(stamped(payload, now=time.time())))

    def call(self, backend: object, function: Callable[[], None]) -> None:
        """`send` for any call of a backend."""
        _, breaker = self._breakers.get(id(backend), (None, None))
        if breaker is not None and breaker.is_open:
            problem = "not tried: the last tries failed slowly"
            raise TransportError(problem, code="breaker_open", retriable=True)
        began_at = self._ticks()
        try:
            with OwnWork():
                function()
        except Exception:
            if self._ticks() - began_at >= SLOW_SECONDS:
                breaker = breaker or CircuitBreaker(self._ticks)
                breaker.trip()
                self._breakers[id(backend)] = backend, breaker
            raise
        self._breakers.pop(id(backend), None)


SEND_BREAKER: Final = SendBreaker(time.monotonic)
"""This process's."""
