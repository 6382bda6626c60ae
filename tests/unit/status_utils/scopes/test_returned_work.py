"""Functions that return their work instead of doing it: their agents end with the work, never before."""

from __future__ import annotations

import asyncio
import functools
import gc
import inspect
import pickle
import types
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from unittest.mock import MagicMock

import pytest
import trio

from status_utils import JobScope, agent_step, current_scope, in_scope, job, report_progress
from status_utils.testing import Recording, recorded


@pytest.fixture
def recording() -> Iterator[Recording]:
    with recorded() as found:
        yield found


def in_job() -> JobScope:
    return job(job_id="job-1", user_id="ana", tenant_id="city")


def traced(function: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator that is not async-aware, as many are."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


async def look_up(fails: bool = False) -> str:
    await asyncio.sleep(0)
    report_progress(0.5)
    if fails:
        raise RuntimeError("model died")
    return "Elm Street"


class Lookup:
    """An object that can be awaited, and has more to it."""

    street = "Elm Street"

    def __init__(self, fails: bool = False) -> None:
        self.fails = fails

    def __await__(self) -> Generator[Any, Any, str]:
        return look_up(self.fails).__await__()

    def __len__(self) -> int:
        return 7


class LookupCoroutine(Lookup, Coroutine[Any, Any, str]):
    """Like the requests of HTTP clients: a coroutine by its methods, not by its type."""

    def __init__(self, fails: bool = False) -> None:
        super().__init__(fails)
        self._coroutine = look_up(fails)

    def __await__(self) -> Generator[Any, Any, str]:
        return self._coroutine.__await__()

    def send(self, value: Any) -> Any:
        return self._coroutine.send(value)

    def throw(self, *error: Any) -> Any:
        return self._coroutine.throw(*error)

    def close(self) -> None:
        self._coroutine.close()


@types.coroutine
def old_style(fails: bool = False) -> Generator[Any, Any, str]:
    return (yield from look_up(fails).__await__())


class Agent:
    """A class whose methods are agents."""

    async def __call__(self, fails: bool = False) -> str:
        return await look_up(fails)

    @agent_step("Geo Agent")
    @staticmethod
    async def static(fails: bool = False) -> str:
        return await look_up(fails)

    @agent_step("Geo Agent")
    @classmethod
    async def of_class(cls, fails: bool = False) -> str:
        return await look_up(fails)

    @agent_step("Geo Agent")
    @traced
    async def method(self, fails: bool = False) -> str:
        return await look_up(fails)


async def returns_a_coroutine(fails: bool = False) -> Awaitable[str]:
    return look_up(fails)


async def twice(fails: bool = False) -> str:
    return await (await agent_step("Geo Agent")(returns_a_coroutine)(fails))


step: Callable[[Any], Any] = agent_step("Geo Agent")
AWAITED: dict[str, Callable[..., Awaitable[str]]] = {
    "below a decorator": step(traced(look_up)),
    "a lambda": step(lambda fails=False: look_up(fails)),
    "a partial": step(functools.partial(traced(look_up))),
    "a partial of a coroutine function": step(functools.partial(look_up)),
    "a callable object": step(Agent()),
    "a static method": Agent.static,
    "a class method": Agent.of_class,
    "a method": Agent().method,
    "a task": step(lambda fails=False: asyncio.ensure_future(look_up(fails))),
    "an awaitable": step(Lookup),
    "a coroutine by its methods": step(LookupCoroutine),
    "an old-style coroutine": step(old_style),
    "a coroutine that returns a coroutine": twice,
}


@pytest.mark.parametrize("call", AWAITED.values(), ids=list(AWAITED))
async def test_an_agent_whose_function_returns_an_awaitable_is_complete_when_that_is(
    recording: Recording, call: Callable[..., Awaitable[str]]
) -> None:
    async with in_job() as j:
        found = call()
        assert "agent_complete" not in recording.statuses("Geo Agent")
        assert current_scope() is j
        assert await found == "Elm Street"
        await asyncio.sleep(0)  # a task calls back after its awaiter
    assert recording.statuses("Geo Agent") == ["agent_invoking", "progress", "agent_complete"]
    assert recording.statuses()[-1] == "complete"


@pytest.mark.parametrize("call", AWAITED.values(), ids=list(AWAITED))
async def test_an_agent_whose_awaitable_fails_has_failed(
    recording: Recording, call: Callable[..., Awaitable[str]]
) -> None:
    async with in_job():
        with pytest.raises(RuntimeError, match="model died"):
            await call(fails=True)
        await asyncio.sleep(0)
    assert recording.statuses("Geo Agent") == ["agent_invoking", "progress", "agent_error"]
    assert "model died" not in str(list(recording))


async def test_an_awaitable_object_is_still_what_it_was(recording: Recording) -> None:
    async with in_job():
        found: Any = step(Lookup)()
        assert isinstance(found, Lookup)
        assert (found.street, len(found)) == ("Elm Street", 7)
        found.street = "Oak Street"
        assert found.street == "Oak Street"
        assert await found == "Elm Street"


async def test_a_coroutine_by_its_methods_may_become_a_task(recording: Recording) -> None:
    async with in_job():
        assert await asyncio.create_task(step(LookupCoroutine)()) == "Elm Street"
    assert recording.statuses("Geo Agent")[-1] == "agent_complete"


async def test_a_task_is_returned_unchanged_and_may_be_cancelled(recording: Recording) -> None:
    never = asyncio.Event()
    async with in_job():
        task = step(lambda: asyncio.ensure_future(never.wait()))()
        assert isinstance(task, asyncio.Task)
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        await asyncio.sleep(0)
    assert recording.messages("Geo Agent")[-1] == "Geo Agent was cancelled"


def test_a_future_of_a_thread_ends_its_agent_when_it_is_done(recording: Recording) -> None:
    with ThreadPoolExecutor(1) as pool, in_job():
        future = step(lambda: pool.submit(in_scope(report_progress), 0.5))()
        future.result()
    assert recording.statuses("Geo Agent") == ["agent_invoking", "progress", "agent_complete"]


def test_trio_awaits_what_a_step_returns(recording: Recording) -> None:
    async def wait() -> str:
        await trio.lowlevel.checkpoint()
        return "Elm Street"

    async def main() -> None:
        async with in_job():
            assert await step(traced(wait))() == "Elm Street"

    trio.run(main)
    assert recording.statuses("Geo Agent") == ["agent_invoking", "agent_complete"]


# --- streams ------------------------------------------------------------------------------------------------


def pages(fails: bool = False) -> Generator[int, None, str]:
    for page in range(3):
        report_progress(page / 3)
        if fails and page == 2:
            raise RuntimeError("model died")
        yield page
    return "read"


async def pages_soon(fails: bool = False) -> AsyncIterator[int]:
    for page in pages(fails):
        await asyncio.sleep(0)
        yield page


class Stream:
    """An async iterator that is no generator, as the streams of model clients."""

    def __init__(self, fails: bool = False) -> None:
        self._pages = pages(fails)
        self.response = "200 OK"
        self.is_closed = False

    def __aiter__(self) -> Stream:
        return self

    async def __anext__(self) -> int:
        try:
            return next(self._pages)
        except StopIteration:
            raise StopAsyncIteration from None

    async def __aenter__(self) -> Stream:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.is_closed = True


SYNC = {
    "below a decorator": step(traced(pages)),
    "a lambda": step(lambda fails=False: pages(fails)),
    "a partial": step(functools.partial(pages)),
}
ASYNC = {
    "below a decorator": step(traced(pages_soon)),
    "a lambda": step(lambda fails=False: pages_soon(fails)),
    "an async iterator": step(Stream),
}


@pytest.mark.parametrize("call", SYNC.values(), ids=list(SYNC))
def test_an_agent_whose_function_returns_a_generator_ends_with_it(
    recording: Recording, call: Callable[..., Iterator[int]]
) -> None:
    with in_job() as j:
        found = call()
        assert next(found) == 0
        assert current_scope() is j
        assert "agent_complete" not in recording.statuses("Geo Agent")
        assert list(found) == [1, 2]
        with pytest.raises(RuntimeError, match="model died"):
            list(call(fails=True))
    ends = [word for word in recording.statuses("Geo Agent") if word not in ("progress", "agent_invoking")]
    assert ends == ["agent_complete", "agent_error"]


@pytest.mark.parametrize("call", ASYNC.values(), ids=list(ASYNC))
async def test_an_agent_whose_function_returns_an_async_iterator_ends_with_it(
    recording: Recording, call: Callable[..., AsyncIterator[int]]
) -> None:
    async with in_job() as j:
        found = call()
        assert await anext(found) == 0
        assert current_scope() is j
        assert "agent_complete" not in recording.statuses("Geo Agent")
        assert [page async for page in found] == [1, 2]
        with pytest.raises(RuntimeError, match="model died"):
            [page async for page in call(fails=True)]
    ends = [word for word in recording.statuses("Geo Agent") if word not in ("progress", "agent_invoking")]
    assert ends == ["agent_complete", "agent_error"]


async def test_a_stream_is_still_what_it_was_and_may_be_left_by_its_block(recording: Recording) -> None:
    async with in_job():
        async with step(Stream)() as stream:
            assert isinstance(stream, Stream)
            assert stream.response == "200 OK"
            async for _ in stream:
                break
        assert stream.is_closed
    assert recording.statuses("Geo Agent")[-1] == "agent_complete"


async def test_work_that_is_done_in_a_block_ends_with_the_block(recording: Recording) -> None:
    class Request(Lookup):
        async def __aenter__(self) -> str:
            return await self

        async def __aexit__(self, *_: object) -> None: ...

    async with in_job():
        async with step(Request)() as street:
            assert street == "Elm Street"
            assert "agent_complete" not in recording.statuses("Geo Agent")
        with pytest.raises(RuntimeError, match="model died"):
            async with step(Request)(fails=True):
                pass
    ends = [word for word in recording.statuses("Geo Agent") if word not in ("progress", "agent_invoking")]
    assert ends == ["agent_complete", "agent_error"]


async def test_an_agent_whose_function_returns_a_block_ends_with_the_block(recording: Recording) -> None:
    @asynccontextmanager
    async def run_stream(fails: bool = False) -> AsyncIterator[AsyncIterator[int]]:
        report_progress(0.1)
        yield pages_soon(fails)

    run = step(run_stream)
    async with in_job() as j:
        async with run() as stream:
            assert current_scope() is j
            assert [page async for page in stream] == [0, 1, 2]
            assert recording.statuses("Geo Agent") == ["agent_invoking", "progress"]
        with pytest.raises(RuntimeError, match="model died"):
            async with run(fails=True) as stream:
                [page async for page in stream]
    ends = [word for word in recording.statuses("Geo Agent") if word not in ("progress", "agent_invoking")]
    assert ends == ["agent_complete", "agent_error"]


def test_an_agent_whose_function_returns_a_plain_block_ends_with_the_block(recording: Recording) -> None:
    @contextmanager
    def opened() -> Iterator[str]:
        report_progress(0.1)
        yield "open"

    with in_job(), step(opened)() as found:
        assert found == "open"
        assert recording.statuses("Geo Agent") == ["agent_invoking", "progress"]
    assert recording.statuses("Geo Agent")[-1] == "agent_complete"


async def test_a_step_within_a_step_is_below_it_while_its_stream_is_read(recording: Recording) -> None:
    inner = agent_step("Street Agent")(pages_soon)

    @agent_step("Geo Agent")
    async def outer() -> AsyncIterator[int]:
        async for page in inner():
            yield page

    async with in_job():
        assert [page async for page in outer()] == [0, 1, 2]
    parents = {s.get("agentName"): s.get("parentInvocationId") for s in recording}
    ids = {s.get("agentName"): s.get("invocationId") for s in recording}
    assert parents["Street Agent"] == ids["Geo Agent"]


# --- work that nobody does ----------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    "call",
    [AWAITED["below a decorator"], AWAITED["an awaitable"], SYNC["a lambda"], *ASYNC.values()],
)
async def test_work_that_is_thrown_away_is_stopped_and_not_complete(
    recording: Recording, call: Callable[..., object]
) -> None:
    async with in_job():
        call()
        gc.collect()
        assert recording.messages("Geo Agent") == ["Geo Agent started", "Geo Agent was stopped"]
    assert "agent_complete" not in recording.statuses()


async def test_a_coroutine_function_that_nobody_awaits_has_not_begun(recording: Recording) -> None:
    async with in_job():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            step(look_up)()
            step(pages)()
            step(pages_soon)()
            gc.collect()
    assert recording.statuses("Geo Agent") == []


async def test_a_stream_that_its_reader_leaves_is_stopped(recording: Recording) -> None:
    async with in_job():
        for call in ASYNC.values():
            found = call()
            await anext(found)
            del found
            gc.collect()
            await asyncio.sleep(0)
    ends = [message for message in recording.messages("Geo Agent") if message.endswith("stopped")]
    assert len(ends) == len(ASYNC)


# --- results that are no work -------------------------------------------------------------------------------


class Strange(type):
    """A class that answers every question about it with an error."""

    def __getattr__(cls, name: str) -> Any:
        raise KeyError(name)


@pytest.mark.parametrize(
    "result", [None, "Elm", [1], MagicMock(), iter([1]), Strange("Odd", (), {})(), print, asyncio]
)
def test_a_result_that_is_no_work_is_the_callers_own(recording: Recording, result: object) -> None:
    with in_job():
        assert step(lambda: result)() is result
        assert recording.statuses("Geo Agent") == ["agent_invoking", "agent_complete"]


class Unhashable(type):
    """A class that can't be a key."""

    __hash__ = None  # type: ignore[assignment]


class Closed:
    """A future that takes no callbacks any more."""

    def add_done_callback(self, callback: object) -> None:
        raise RuntimeError("closed")

    done = exception = cancelled = add_done_callback


@pytest.mark.parametrize("result", [Closed(), Unhashable("Odd", (), {"__await__": lambda self: iter(())})()])
def test_work_that_cannot_be_followed_is_the_callers_own(recording: Recording, result: object) -> None:
    with in_job():
        assert step(lambda: result)() is result
    assert recording.statuses()[-1] == "complete"


# --- the kind of a function ---------------------------------------------------------------------------------


@agent_step("Geo Agent")
def read() -> Iterator[int]:
    yield from pages()


KINDS = [inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction]


@pytest.mark.parametrize("function", [look_up, pages, pages_soon, traced(look_up)])
@pytest.mark.parametrize("decorate", [step, in_scope])
def test_a_decorated_function_is_of_the_same_kind(decorate: Any, function: Any) -> None:
    decorated = decorate(function)
    assert [kind(decorated) for kind in KINDS] == [kind(function) for kind in KINDS]
    assert inspect.signature(decorated) == inspect.signature(function)
    assert decorated.__name__ == function.__name__


def test_a_decorated_generator_is_a_method_and_can_be_pickled(recording: Recording) -> None:
    class Reader:
        @agent_step("Geo Agent")
        def read(self) -> Iterator[object]:
            yield self

    with in_job():
        reader = Reader()
        assert list(reader.read()) == [reader]
        assert inspect.isgeneratorfunction(reader.read)
    assert pickle.loads(pickle.dumps(read)) is read  # noqa: S301 - our own


def test_a_decorated_generator_makes_a_context_manager(recording: Recording) -> None:
    @asynccontextmanager
    @agent_step("Geo Agent")
    async def opened() -> AsyncIterator[str]:
        yield "open"

    async def main() -> None:
        async with in_job(), opened() as found:
            assert found == "open"

    asyncio.run(main())
    assert recording.statuses("Geo Agent") == ["agent_invoking", "agent_complete"]


# --- in_scope -----------------------------------------------------------------------------------------------

CARRIED: dict[str, Callable[..., Any]] = {
    "a generator": pages,
    "a generator below a decorator": traced(pages),
    "a partial": functools.partial(traced(pages), fails=False),
}


@pytest.mark.parametrize("function", CARRIED.values(), ids=list(CARRIED))
def test_a_generator_in_scope_keeps_its_scope_in_another_thread(
    recording: Recording, function: Callable[..., Any]
) -> None:
    with in_job() as j, j.agent("Geo Agent"), ThreadPoolExecutor(1) as pool:
        assert pool.submit(list, in_scope(function)()).result() == [0, 1, 2]
    assert recording.statuses("Geo Agent").count("progress") >= 1
    assert recording.statuses("Geo Agent")[-1] == "agent_complete"


@pytest.mark.parametrize("function", [traced(look_up), Lookup, look_up, functools.partial(look_up)])
def test_an_awaitable_in_scope_keeps_its_scope_in_another_loop(
    recording: Recording, function: Callable[..., Any]
) -> None:
    async def main(work: Callable[..., Any]) -> Any:
        return await work()

    with in_job() as j, j.agent("Geo Agent"), ThreadPoolExecutor(1) as pool:
        assert pool.submit(asyncio.run, main(in_scope(function))).result() == "Elm Street"
    assert recording.statuses("Geo Agent") == ["agent_invoking", "progress", "agent_complete"]
