"""The senders of this process: one a transport, while it has something to send or a failure to remember.

>>> sender_for(transport) is sender_for(transport)
True
"""

from __future__ import annotations

import threading
import time

from ..defaults import default_transport, transport_override
from . import process_hooks
from .sender import FLUSH_SECONDS, Sender

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from ..transports.transport import Transport

EXIT_SECONDS: Final = 2.0
"""How long the end of the process waits; not at all for a backend whose circuit breaker is open."""


class _Registry:
    """The senders by transport."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._senders: dict[int, Sender] = {}

    def get(self, transport: Transport | None) -> Sender:
        with self._lock:
            sender = self._senders.get(id(transport))  # a sender holds its transport, so no other gets its id
            if sender is None:
                sender = self._senders[id(transport)] = Sender(transport, on_idle=self._forget)
            return sender

    def _forget(self, sender: Sender) -> None:
        if sender.breaker.responsive:  # a new sender would be the same
            with self._lock:
                self._senders.pop(id(sender.transport), None)

    def all(self) -> list[Sender]:
        with self._lock:
            return list(self._senders.values())

    def reset(self) -> None:
        """In a forked process: a thread of the parent may hold a lock, and connections are the parent's."""
        self._lock = threading.Lock()
        default_transport.cache_clear()
        for sender in self._senders.values():
            sender.reset()


_REGISTRY = _Registry()


def sender_for(transport: Transport | None) -> Sender:
    """The sender of a transport; None: of the transport that the environment names."""
    process_hooks.install(at_exit=_at_exit, at_sigterm=_at_sigterm, in_child=_REGISTRY.reset)
    return _REGISTRY.get(transport or transport_override())


def _at_exit() -> None:
    until = time.monotonic() + EXIT_SECONDS
    for sender in _REGISTRY.all():
        sender.flush(until - time.monotonic(), last_chance=True)


def _at_sigterm() -> None:
    for sender in _REGISTRY.all():
        sender.flush(FLUSH_SECONDS, last_chance=True)
