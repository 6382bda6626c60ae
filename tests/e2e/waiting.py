"""The timeouts of tests, and the one function with which they wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

import pytest

T = TypeVar("T")

DEADLINE_SECONDS: Final = 120.0
"""Long enough for a busy machine. Only a failing test waits this long."""
POLL_SECONDS: Final = 0.1


def wait_for(what: str, seen: Callable[[], T | None], *, cached_seconds: float = 0.0) -> T:
    """Wait for a result of `seen`, and return it. Before, a cache may answer for `cached_seconds`.

    Fails when it does not in time.
    """
    seconds = DEADLINE_SECONDS + cached_seconds
    deadline = time.monotonic() + seconds
    while not (found := seen()):
        if time.monotonic() > deadline:
            pytest.fail(f"{what} not seen in {seconds:.0f} s")
        time.sleep(POLL_SECONDS)
    return found
