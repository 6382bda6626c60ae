"""Eager tasks: a coroutine starts at once and becomes an asyncio task only when it has to wait.

Most requests never wait: decisions are cached and resolvers run in this process. A task for each request
would cost a turn of the event loop. The price: before its first real wait, a coroutine has no current task,
so it must not use `asyncio.timeout` or `asyncio.TaskGroup` there.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Coroutine, Generator
from typing import Any, TypeVar

Result = TypeVar("Result")


class EagerTasks:
    """Starts coroutines and holds the tasks of those that wait."""

    def __init__(self, loop: asyncio.AbstractEventLoop, timeout_seconds: float) -> None:
        self._loop = loop
        self._timeout_seconds = timeout_seconds
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def start(
        self,
        coroutine: Coroutine[Any, Any, Result],
        on_result: Callable[[Result], None],
        *,
        on_timeout: Callable[[], Result],
    ) -> None:
        """Run `coroutine` until it ends or waits. `on_result(result)` runs in this call or in a later one.

        A coroutine that exceeds the timeout is cancelled, and `on_timeout()` is its result. The coroutine
        must not raise: it returns its failures.
        """
        context = contextvars.copy_context()
        try:
            awaited = context.run(coroutine.send, None)
        except StopIteration as done:
            on_result(done.value)
            return
        remainder = self._finish(_StartedCoroutine(coroutine, awaited), on_result, on_timeout)
        self.track(self._loop.create_task(remainder, context=context))

    def track(self, task: asyncio.Task[None]) -> None:
        """Hold a task until it ends, so that `drain` waits for it."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _finish(
        self, started: _StartedCoroutine, on_result: Callable[[Any], None], on_timeout: Callable[[], Any]
    ) -> None:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                result = await started
        except TimeoutError:
            result = on_timeout()
        on_result(result)

    async def drain(self, seconds: float) -> None:
        """Wait up to `seconds` for the held tasks, then cancel those that have not ended."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _StartedCoroutine:
    """Awaits a coroutine that has already run up to its first wait."""

    __slots__ = ("_awaited", "_coroutine")

    def __init__(self, coroutine: Coroutine[Any, Any, Any], awaited: Any) -> None:
        self._coroutine = coroutine
        self._awaited = awaited

    def __await__(self) -> Generator[Any, Any, Any]:
        awaited = self._awaited
        while True:
            try:
                try:
                    value = yield awaited
                except BaseException as error:  # noqa: BLE001 - a cancellation belongs to the coroutine
                    awaited = self._coroutine.throw(error)
                else:
                    awaited = self._coroutine.send(value)
            except StopIteration as done:
                return done.value
