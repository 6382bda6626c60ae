"""The port to the publisher. Each `*_transport` module beside it is one adapter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class Transport(Protocol):
    """Carries payloads to the publisher.

    A transport may also have `prepare()`: the sender calls it once before the first send, to load what is
    slow.
    """

    def send(self, payload: Mapping[str, Any]) -> None:
        """Send one payload; returns once the publisher's side accepted it. Raises TransportError."""
        ...
