"""The queue between scopes and the sender's thread."""

from __future__ import annotations

import threading
from collections import deque
from queue import Empty
from typing import Any

import pytest

from status_utils.sending import outbox as module
from status_utils.sending.draft import Draft
from status_utils.sending.outbox import Outbox


class HandingOver:
    """A queue as Python 3.13 made it: an item goes straight to a thread that waits, and is in no queue then.

    Here, that thread goes on only once `may_go_on` is set.
    """

    waits = threading.Event()
    may_go_on = threading.Event()

    def __init__(self) -> None:
        self._items: deque[Any] = deque()
        self._handed: deque[Any] = deque()
        self._handing = threading.Semaphore(0)
        self._is_awaited = False

    def put(self, item: Any) -> None:
        if self._is_awaited:
            self._is_awaited = False
            self._handed.append(item)
            self._handing.release()
        else:
            self._items.append(item)

    def get(self, timeout: float | None = None) -> Any:
        if self._items:
            return self._items.popleft()
        self._is_awaited = True
        self.waits.set()
        assert self._handing.acquire(timeout=timeout)
        assert self.may_go_on.wait(30)
        return self._handed.popleft()

    def get_nowait(self) -> Any:
        if not self._items:
            raise Empty
        return self._items.popleft()

    def qsize(self) -> int:
        return len(self._items)

    def empty(self) -> bool:
        return not self._items


def test_the_outbox_is_not_empty_while_the_thread_that_a_status_woke_up_has_not_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "SimpleQueue", HandingOver)
    outbox = Outbox()
    thread = threading.Thread(target=outbox.wait, args=(30,))
    thread.start()
    assert HandingOver.waits.wait(30)
    outbox.put(Draft({"status": "validating"}, 0.0, None))
    try:
        assert not outbox.is_empty()
        assert len(list(outbox.unlogged_batches(include_progress=True))) + len(outbox.take_rejected()) == 1
    finally:
        HandingOver.may_go_on.set()
    thread.join(30)
    assert not thread.is_alive()
