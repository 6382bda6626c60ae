"""The difference of this machine's clock to AWS's, by the `Date` of each answer, refusals included."""

from __future__ import annotations

import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import boto3.session

_HALF_SECOND = 0.5
"""`Date` has whole seconds."""


class ServiceClock:
    """`ahead` is by how many seconds this machine's clock is ahead; None before the first answer."""

    def __init__(self, *, now: Callable[[], float] = time.time) -> None:
        self.ahead: float | None = None
        self._now = now

    def listen(self, session: boto3.session.Session) -> None:
        """Read the answers to all clients that the session creates from now on."""
        session.events.register("after-call", self._note)

    def _note(self, parsed: Any, **_: Any) -> None:
        headers = parsed.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        try:
            served = parsedate_to_datetime(headers["date"]).timestamp() + _HALF_SECOND
        except (KeyError, ValueError):
            return
        ahead = self._now() - served
        if self.ahead is None or abs(ahead) < abs(self.ahead):
            self.ahead = ahead
