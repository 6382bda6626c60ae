"""Coroutines that run at once, with a task only when they wait."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable

import pytest

from statusbeam.localcloud.appsync.event_loop.eager_tasks import EagerTasks


def never() -> str:
    raise AssertionError("nobody was late")


async def answer(*waits: Callable[[], asyncio.Future[None]]) -> str:
    for wait in waits:
        await wait()
    return "done"


async def test_coroutine_that_does_not_wait_is_done_in_the_call_without_a_task() -> None:
    tasks, results = EagerTasks(asyncio.get_running_loop(), 10), list[str]()
    tasks.start(answer(), results.append, on_timeout=never)
    assert results == ["done"]
    assert len(tasks) == 0


async def test_coroutine_that_waits_is_done_later() -> None:
    loop = asyncio.get_running_loop()
    first, second, results = loop.create_future(), loop.create_future(), list[str]()
    tasks = EagerTasks(loop, 10)
    tasks.start(answer(lambda: first, lambda: second), results.append, on_timeout=never)
    assert results == []
    loop.call_soon(first.set_result, None)
    loop.call_soon(second.set_result, None)
    await tasks.drain(5)
    assert results == ["done"]
    assert len(tasks) == 0


async def test_failure_of_what_is_waited_for_reaches_the_coroutine() -> None:
    async def guarded(future: asyncio.Future[None]) -> str:
        try:
            await future
        except LookupError:
            return "caught"
        return "missed"

    loop = asyncio.get_running_loop()
    future, results = loop.create_future(), list[str]()
    tasks = EagerTasks(loop, 10)
    tasks.start(guarded(future), results.append, on_timeout=never)
    future.set_exception(LookupError())
    await tasks.drain(5)
    assert results == ["caught"]


@pytest.mark.parametrize("pauses", [1, 3])
async def test_plain_yields_to_the_loop_are_carried_on(pauses: int) -> None:
    async def pausing() -> str:
        for _ in range(pauses):
            await asyncio.sleep(0)
        return "done"

    tasks, results = EagerTasks(asyncio.get_running_loop(), 10), list[str]()
    tasks.start(pausing(), results.append, on_timeout=never)
    await tasks.drain(5)
    assert results == ["done"]


async def test_coroutine_that_waits_too_long_is_cancelled_and_answered_for() -> None:
    loop = asyncio.get_running_loop()
    future, results = loop.create_future(), list[str]()
    tasks = EagerTasks(loop, 0)
    tasks.start(answer(lambda: future), results.append, on_timeout=lambda: "too late")
    await tasks.drain(5)
    assert results == ["too late"]
    assert future.cancelled()


async def test_drain_cancels_what_does_not_end() -> None:
    loop = asyncio.get_running_loop()
    future, results = loop.create_future(), list[str]()
    tasks = EagerTasks(loop, 100)
    tasks.start(answer(lambda: future), results.append, on_timeout=never)
    await tasks.drain(0)
    assert results == []
    assert future.cancelled()


async def test_context_variables_of_a_coroutine_are_its_own() -> None:
    variable = contextvars.ContextVar("variable", default="outside")

    async def changing() -> str:
        token = variable.set("inside")
        await asyncio.sleep(0)
        seen = variable.get()
        variable.reset(token)
        return seen

    tasks, results = EagerTasks(asyncio.get_running_loop(), 10), list[str]()
    tasks.start(changing(), results.append, on_timeout=never)
    assert variable.get() == "outside"
    await tasks.drain(5)
    assert results == ["inside"]
