"""What every publish function takes by keyword beside its own arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ..transports.transport import Transport


class StatusExtras(TypedDict, total=False):
    """What every publish function takes beside its own arguments, by keyword."""

    metadata: Mapping[str, Any] | None
    """Anything that JSON holds, for the client to show."""
    progress: float | None
    """How far the work is, in percent, 0 to 100."""
    eta_seconds: float | None
    """How long it will take yet."""
    invocation_id: str | None
    """One run of the agent; give it when an agent runs several times in a job."""
    parent_invocation_id: str | None
    """The run that started it."""
    attempt: int | None
    """1, 2 … when runs are retried."""
    event_id: str | None
    """Makes sending the same status twice harmless; made up when absent."""
    timestamp: datetime | str | None
    """When it happened, with its offset; now when absent."""
    transport: Transport | None
    """Another way than the publisher that the environment names."""
