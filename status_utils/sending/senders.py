"""One sender a transport, as long as there is something to send or a failure to remember.

>>> sender_for(transport) is sender_for(transport)
True
"""

from __future__ import annotations

import threading
import time

from ..defaults import default_transport, replacement
from . import process_hooks
from .sender import FLUSH_SECONDS, Sender

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from ..transports.transport import Transport

EXIT_SECONDS: Final = 2.0
"""How long the end of the process waits, except for a backend that is left alone just now."""


class _Registry:
    """The senders of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._senders: dict[int, Sender] = {}

    def get(self, transport: Transport | None) -> Sender:
        with self._lock:
            sender = self._senders.get(id(transport))  # a sender holds its transport, so ids stay theirs
            if sender is None:
                sender = self._senders[id(transport)] = Sender(transport, on_rest=self._forget)
            return sender

    def _forget(self, sender: Sender) -> None:
        if sender.breaker.trusted:  # a new one would be the same
            with self._lock:
                self._senders.pop(id(sender.transport), None)

    def all(self) -> list[Sender]:
        with self._lock:
            return list(self._senders.values())

    def renew(self) -> None:
        """In a forked process: locks may have been held, and connections are the parent's."""
        self._lock = threading.Lock()
        default_transport.cache_clear()
        for sender in self._senders.values():
            sender.renew()


_REGISTRY = _Registry()


def sender_for(transport: Transport | None) -> Sender:
    """The sender of a transport; None: of the one that the environment names."""
    process_hooks.install(at_exit=_at_exit, at_sigterm=_at_sigterm, in_child=_REGISTRY.renew)
    return _REGISTRY.get(transport or replacement())


def _at_exit() -> None:
    until = time.monotonic() + EXIT_SECONDS
    for sender in _REGISTRY.all():
        sender.flush(until - time.monotonic(), last_chance=True)


def _at_sigterm() -> None:
    for sender in _REGISTRY.all():
        sender.flush(FLUSH_SECONDS, last_chance=True)
