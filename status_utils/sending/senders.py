"""The senders of this process: one a transport, while it has something to send or a failure to remember.

>>> sender_for(transport) is sender_for(transport)
True
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress

from ..defaults import default_transport, transport_override
from . import process_hooks
from .sender import FLUSH_SECONDS, Sender, to_seconds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from ..transports.transport import Transport

EXIT_SECONDS: Final = 2.0
"""The seconds that the end of the process waits. It skips backends whose circuit breaker is open."""


class _Registry:
    """The senders by transport, and those that have statuses to send.

    A scope keeps its sender, also when its transport has another one by now.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()  # a signal handler of the same thread may report, too
        self._senders: dict[int, Sender] = {}  # by the transport's id: a sender holds it, so no other gets it
        self._busy: dict[int, Sender] = {}  # by their own ids

    def get(self, transport: Transport | None) -> Sender:
        with self._lock:
            sender = self._senders.get(id(transport))
            if sender is None:
                sender = Sender(transport, on_busy=self._remember, on_idle=self._forget)
                self._senders[id(transport)] = sender
            return sender

    def _remember(self, sender: Sender) -> None:
        with self._lock:
            self._busy[id(sender)] = sender

    def _forget(self, sender: Sender) -> None:
        with self._lock:
            if sender.is_running or not sender.is_idle():  # it has begun again meanwhile
                return
            self._busy.pop(id(sender), None)
            # A sender without failures may be created again.
            if sender.breaker.responsive and self._senders.get(id(sender.transport)) is sender:
                del self._senders[id(sender.transport)]

    def all(self) -> list[Sender]:
        with self._lock:
            return list({**{id(sender): sender for sender in self._senders.values()}, **self._busy}.values())

    def reset(self) -> None:
        """In a forked process: a thread of the parent may hold a lock, and connections are the parent's."""
        self._lock = threading.RLock()
        default_transport.cache_clear()
        for sender in self.all():
            sender.reset()


_REGISTRY = _Registry()


def sender_for(transport: Transport | None) -> Sender:
    """The sender of a transport; None: of the transport that the environment names."""
    with suppress(Exception):  # an ending interpreter accepts no hooks
        process_hooks.install(at_exit=_at_exit, at_sigterm=_at_sigterm, in_child=_REGISTRY.reset)
    return _REGISTRY.get(transport_override() if transport is None else transport)


def flush_transport(transport: Transport, timeout: float) -> None:
    """Wait until everything is sent that any sender has for the transport, `timeout` seconds at most each."""
    for sender in _REGISTRY.all():
        if sender.transport is transport:
            sender.flush(timeout, force_wait=True)


def flush(timeout: float = EXIT_SECONDS) -> bool:
    """Wait until all statuses of this process are sent, `timeout` seconds at most; log those that are not.

        >>> flush(timeout=2)
        True

    For processes that end in a way that runs no hook, such as `os._exit`. Returns whether all were sent.
    """
    return _flush_all(time.monotonic() + to_seconds(timeout))


def _at_exit() -> None:
    _flush_all(time.monotonic() + EXIT_SECONDS)


def _flush_all(until: float) -> bool:
    sent = [sender.flush(max(0.0, until - time.monotonic()), last_chance=True) for sender in _REGISTRY.all()]
    return all(sent)


def _at_sigterm() -> None:
    for sender in _REGISTRY.all():
        sender.flush(FLUSH_SECONDS, last_chance=True)


process_hooks.install_sigterm(_at_sigterm, "import")
