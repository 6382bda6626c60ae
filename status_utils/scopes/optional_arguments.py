"""The keyword arguments that all publish functions have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ..transports.transport import Transport


class OptionalArguments(TypedDict, total=False):
    """The keyword arguments that all publish functions have in common."""

    metadata: Mapping[str, Any] | None
    """A JSON object for the client to show."""
    progress: float | None
    """The progress as a share from 0 to 1."""
    percent: float | None
    """The progress in percent, instead."""
    eta_seconds: float | None
    """The remaining time."""
    invocation_id: str | None
    """The agent's invocation. Give it if an agent runs several times in a job."""
    parent_invocation_id: str | None
    """The invocation that started it."""
    attempt: int | None
    """The attempt, from 1 on, if the invocation is retried."""
    event_id: str | None
    """Makes sending the same status twice harmless; random if absent."""
    timestamp: datetime | str | None
    """When it happened, with its UTC offset; now if absent."""
    transport: Transport | None
    """Used instead of the transport that the environment names."""
