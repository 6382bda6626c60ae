"""Running a coroutine at once, with a task only if it really has to wait.

Most requests never wait: decisions are cached and resolvers run in this process. A task for each would cost a
turn of the loop. The price is that the first step, up to the first real wait, has no current task:
`asyncio.timeout` and `TaskGroup` may be used after it only.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Coroutine, Generator
from typing import Any, TypeVar

Result = TypeVar("Result")


class Tasks:
    """The coroutines that are waiting for something."""

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        self._loop = loop
        self._seconds = seconds  # how long one may wait
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def begin(
        self,
        coroutine: Coroutine[Any, Any, Result],
        then: Callable[[Result], None],
        *,
        too_late: Callable[[], Result],
    ) -> None:
        """Run `coroutine` until it is done or waits; `then(result)` follows in this call or in a later one.

        One that waits too long is cancelled and `too_late()` is its result. The coroutine must not raise:
        whoever writes it turns failures into results.
        """
        context = contextvars.copy_context()
        try:
            waiting_for = context.run(coroutine.send, None)
        except StopIteration as done:
            then(done.value)
            return
        rest = self._finish(_Rest(coroutine, waiting_for), then, too_late)
        self.keep(self._loop.create_task(rest, context=context))

    def keep(self, task: asyncio.Task[None]) -> None:
        """Hold a task until it is done, so that `drain` finds it."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _finish(self, rest: _Rest, then: Callable[[Any], None], too_late: Callable[[], Any]) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                result = await rest
        except TimeoutError:
            result = too_late()
        then(result)

    async def drain(self, seconds: float) -> None:
        """Wait that long for those under way, then cancel them."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Rest:
    """What is left of a coroutine whose first step has been taken; awaiting it takes the others."""

    __slots__ = ("_coroutine", "_waiting_for")

    def __init__(self, coroutine: Coroutine[Any, Any, Any], waiting_for: Any) -> None:
        self._coroutine = coroutine
        self._waiting_for = waiting_for

    def __await__(self) -> Generator[Any, Any, Any]:
        waiting_for = self._waiting_for
        while True:
            try:
                try:
                    value = yield waiting_for
                except BaseException as error:  # noqa: BLE001 - a cancellation belongs to the coroutine
                    waiting_for = self._coroutine.throw(error)
                else:
                    waiting_for = self._coroutine.send(value)
            except StopIteration as done:
                return done.value
