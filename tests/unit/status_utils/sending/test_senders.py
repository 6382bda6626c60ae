"""The senders of a process: a sender with queued statuses is registered until it has sent them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from status_utils import MemoryTransport
from status_utils.sending import senders
from status_utils.sending.sender import Sender
from status_utils.sending.senders import _Registry

STATUS = {"jobId": "job-1", "userId": "ana", "tenantId": "city", "status": "validating", "message": "…"}


class Threads:
    """The threads of senders, which run when `run` is called."""

    def __init__(self) -> None:
        self.started: list[Callable[[], None]] = []

    def run(self) -> None:
        while self.started:
            self.started.pop()()


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> Threads:
    found = Threads()
    monkeypatch.setattr("status_utils.sending.sender._in_thread", found.started.append)
    return found


@pytest.fixture
def registry(threads: Threads) -> _Registry:
    return _Registry()


def sent(transport: MemoryTransport) -> int:
    return sum(len(payload["updates"]) for payload in transport.sent)


def test_a_sender_is_forgotten_once_everything_is_sent(registry: _Registry, threads: Threads) -> None:
    transport = MemoryTransport()
    sender = registry.get(transport)
    assert registry.get(transport) is sender
    sender.put(STATUS)
    assert registry.all() == [sender]
    threads.run()
    assert sent(transport) == 1
    assert registry.all() == []


def test_a_scopes_sender_that_was_forgotten_is_known_again_with_its_next_status(
    registry: _Registry, threads: Threads
) -> None:
    transport = MemoryTransport()
    kept = registry.get(transport)
    kept.put(STATUS)
    threads.run()
    other = registry.get(transport)
    assert other is not kept
    kept.put(STATUS)
    assert set(registry.all()) == {kept, other}
    threads.run()
    assert sent(transport) == 2
    assert kept not in registry.all()
    assert registry.get(transport) is other, "another one is the transport's by now"


def test_a_sender_that_began_again_meanwhile_is_not_forgotten(registry: _Registry, threads: Threads) -> None:
    transport = MemoryTransport()
    sender = registry.get(transport)
    sender.put(STATUS)
    registry._forget(sender)
    assert registry.all() == [sender]


def test_a_flush_of_a_transport_is_one_of_all_its_senders(
    registry: _Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[Sender] = []
    monkeypatch.setattr(senders, "_REGISTRY", registry)
    monkeypatch.setattr(Sender, "flush", lambda sender, *_, **__: flushed.append(sender))
    transport, another = MemoryTransport(), MemoryTransport()
    first = registry.get(transport)
    first.put(STATUS)
    registry._senders.clear()
    second = registry.get(transport)
    registry.get(another)
    senders.flush_transport(transport, 1)
    assert flushed == [second, first]
