"""The port to the publisher. Each transport beside it is one adapter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class Transport(Protocol):
    """The way from code that reports statuses to the publisher."""

    def send(self, payload: Mapping[str, Any]) -> None:
        """Hand over one payload; returns once it is accepted. Raises TransportError."""
        ...
