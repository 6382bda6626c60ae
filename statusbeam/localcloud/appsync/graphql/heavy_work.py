"""Runs small work on documents on the event loop, and large work in one thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from .weights import MAX_STEPS, Budget, TooHeavyError

T = TypeVar("T")

LIGHT_STEPS: Final = 1_000
"""The steps that may run on the event loop. They take milliseconds."""


class HeavyWork:
    """Runs work within a budget of steps.

    There is one thread: heavy work waits for other heavy work, and takes no thread of the shared executor.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="graphql-documents")

    async def run(self, work: Callable[[Budget], T], *, is_light: bool = True) -> T:
        """The result of `work`, which runs in the thread if it isn't light, or turns out to take many steps.

        `work` may run twice. Raises TooHeavyError when it takes more than MAX_STEPS.
        """
        if is_light:
            try:
                return work(Budget(LIGHT_STEPS))
            except TooHeavyError:
                pass  # the thread starts the work again, with the full budget
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, work, Budget(MAX_STEPS))
