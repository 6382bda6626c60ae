"""The port for sending events."""

from __future__ import annotations

from typing import Protocol

from ..job_event import JobEvent


class Channel(Protocol):
    """Sends events to one receiver."""

    def send(self, event: JobEvent) -> None:
        """Send one event. The same event may be sent again. Raises NotificationError."""
        ...
