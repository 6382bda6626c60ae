"""The way of scopes' statuses to the transport."""

from __future__ import annotations

import os
import time
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

from .dead_letter import log_undelivered
from .entry import read_entry
from .fitting import fitted

if TYPE_CHECKING:
    from .ports import Transport
    from .scope_context import Scope


class Sender:
    """Sends what scopes say, one after the other."""

    def __init__(self, transport: Transport | None) -> None:
        self._transport = transport

    def ticks(self) -> float:
        """Seconds that only go forward."""
        return time.monotonic()

    def opened(self, scope: Scope) -> None:
        """A scope began."""

    def closed(self, scope: Scope) -> None:
        """A scope ended."""

    def put(self, entry: Mapping[str, Any], key: Hashable | None) -> None:  # noqa: ARG002
        """Send one status."""
        lost: dict[str, Any] = dict(entry)
        try:
            batch_id = os.urandom(16).hex()
            update = read_entry(fitted(lost), event_id=f"{batch_id}.0", now=time.time())
            lost = {"batchId": batch_id, "updates": [update.to_wire()]}
            if self._transport is None:
                from .transports import default_transport  # noqa: PLC0415

                self._transport = default_transport()
            self._transport.send(lost)
        except Exception as error:  # noqa: BLE001
            log_undelivered(lost, error)

    def flush(self) -> None:
        """Wait until everything is sent."""

    async def flushed(self) -> None:
        """The same for coroutines."""


def sender_for(transport: Transport | None) -> Sender:
    """The sender of a transport."""
    return Sender(transport)
