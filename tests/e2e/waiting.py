"""The timeouts of tests, and the one function with which they wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

import pytest

T = TypeVar("T")

DEADLINE_SECONDS: Final = 120.0
"""Long enough for a machine that does much else: only a failing test waits so long."""
POLL_SECONDS: Final = 0.1


def wait_for(what: str, seen: Callable[[], T | None], *, cached_seconds: float = 0.0) -> T:
    """What `seen` answers once it answers with something; before, a cache may answer for `cached_seconds`.

    Fails when it does not in time.
    """
    seconds = DEADLINE_SECONDS + cached_seconds
    deadline = time.monotonic() + seconds
    while not (found := seen()):
        if time.monotonic() > deadline:
            pytest.fail(f"{what} not seen in {seconds:.0f} s")
        time.sleep(POLL_SECONDS)
    return found
