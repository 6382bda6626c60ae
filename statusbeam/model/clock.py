"""Time and chance, handed in wherever code waits, so that tests decide both."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """`now` gives epoch seconds, `sleep` waits for seconds, `chance` gives a number from 0 to below 1,
    `ticks` seconds that only go forward, from anywhere."""

    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.Random().random  # noqa: S311 - to spread retries; the module's own is its users'
    ticks: Callable[[], float] = time.monotonic
