"""Work that a function returns instead of doing it. Its scopes end with the work, not with the call.

    run = Run([agent])
    return run.call(look_up, args, kwargs)

The caller gets the function's own result. If that is work to be done later, the scopes end with the work.
Such work is a coroutine or another awaitable, a generator, an async generator or iterator, a future, or a
block made of a generator. Work that is never done ends as stopped when Python collects it.
"""

from __future__ import annotations

import weakref
from collections.abc import AsyncGenerator, Generator
from contextlib import _AsyncGeneratorContextManager, _GeneratorContextManager, suppress
from inspect import CO_ITERABLE_COROUTINE
from types import AsyncGeneratorType, CoroutineType, GeneratorType

from .failures import log_not_reported
from .scope import Scope, innermost_scope, reset_current_scope, set_current_scope
from .work_proxy import proxy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
    from contextvars import Token
    from typing import Any, Self, TypeVar

    T = TypeVar("T")

    Follow = Callable[["Run", Any], Any]

_VALUES = frozenset((type(None), bool, int, float, str, bytes, list, dict, tuple, set))
"""Types of most results, none of which is work."""


class Run:
    """The scopes of one call, from the outermost to the innermost. They begin and end with the call's work.

    As a `with` block, it makes the innermost one the current scope, and afterwards the caller's again.
    """

    def __init__(
        self, scopes: Sequence[Scope], *, on_end: Callable[[BaseException | None], None] | None = None
    ) -> None:
        self._scopes = scopes
        self._on_end = on_end
        self._inner: Scope | None = scopes[-1] if scopes else None  # current while the work runs
        self._token: Token[Scope | None] | None = None
        self._is_open = False
        self._watch: weakref.finalize[..., Any] | None = None

    def call(self, work: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Call the function inside the scopes; returns its result, or the work in its place."""
        self.begin()
        try:
            with self:
                result = work(*args, **kwargs)
        except BaseException as error:
            self.finish(error)
            raise
        return self.follow(result)

    def follow(self, result: Any) -> Any:
        """The result of a plain function. If it is work, the scopes end with it; else they end here."""
        work = self._followed(result)
        if work is None:
            self.finish(None)
            return result
        return work

    async def follow_async(self, result: Any) -> Any:
        """`follow` for coroutines."""
        work = self._followed(result)
        if work is None:
            await self.finish_async(None)
            return result
        return work

    def _followed(self, result: Any) -> Any:
        """The work in a result, which ends the scopes; None for a result that is no work."""
        try:
            follow = _how_to_follow(result)
            return None if follow is None else follow(self, result)
        except Exception as error:  # noqa: BLE001 - a class or a future of somebody's own may raise anything
            log_not_reported("following of returned work", {}, error)
            return None

    def begin(self) -> None:
        """The work begins."""
        self._is_open = True
        for scope in self._scopes:
            scope.start()

    def finish(self, error: BaseException | None) -> None:
        """The work ended: completed, or failed with `error`."""
        if self._end(error):
            for scope in reversed(self._scopes):
                scope.end(error)

    async def finish_async(self, error: BaseException | None) -> None:
        """`finish` for coroutines: the event loop runs while a job's statuses are sent."""
        for scope in reversed(self._scopes if self._end(error) else ()):
            await scope.end_async(error)

    def abandon(self) -> None:
        """The work was thrown away. Nothing is flushed: Python may hold any lock here."""
        error = GeneratorExit()
        for scope in reversed(self._scopes if self._end(error) else ()):
            scope.end_unflushed(error)

    def _end(self, error: BaseException | None) -> bool:
        """Whether the work had begun, and this is its end."""
        was_open, self._is_open = self._is_open, False
        self._watch_nothing()
        if was_open and self._on_end is not None:
            self._on_end(error)
        return was_open

    def watch(self, work: Any) -> None:
        """End at the latest when Python collects the work, instead of the work that was watched before."""
        self._watch_nothing()
        if self._scopes:
            with suppress(TypeError):  # of a class without weak references
                self._watch = weakref.finalize(work, self.abandon)

    def _watch_nothing(self) -> None:
        if self._watch is not None:
            self._watch.detach()
            self._watch = None

    def __enter__(self) -> Self:
        previous = innermost_scope()
        self._token = set_current_scope(self._inner)
        for scope in self._scopes:
            scope.entered_from(previous)
            previous = scope
        return self

    def __exit__(self, *_: object) -> None:
        inner = innermost_scope()
        if self._token is not None and reset_current_scope(self._token):
            self._inner = inner  # the scopes that the work entered and did not leave yet
        for scope in self._scopes:
            scope.left()


class BorrowedScope(Run):
    """A scope that work takes along, and that neither begins nor ends with it."""

    def __init__(self, scope: Scope | None) -> None:
        super().__init__(())
        self._inner = scope


def is_work(result: Any) -> bool:
    """Whether a result is work to be done later."""
    with suppress(Exception):  # a class of the caller's own may raise anything
        return _how_to_follow(result) is not None
    return False


def _how_to_follow(result: Any) -> Follow | None:
    """How the work in a result is followed; None for a result that is no work."""
    kind = type(result)
    if kind in _VALUES:
        return None
    return next((follow for is_kind, follow in _KINDS if is_kind(kind, result)), None)


def _is_coroutine(kind: type, result: Any) -> bool:
    if issubclass(kind, GeneratorType):
        return bool(result.gi_code.co_flags & CO_ITERABLE_COROUTINE)  # made by `types.coroutine`
    return issubclass(kind, CoroutineType)


def _is_generator(kind: type, _: Any) -> bool:
    return issubclass(kind, GeneratorType) or all(
        hasattr(kind, name) for name in ("__iter__", "__next__", "send", "throw", "close")
    )


def _is_future(kind: type, _: Any) -> bool:
    return all(hasattr(kind, name) for name in ("add_done_callback", "done", "exception", "cancelled"))


def _is_awaitable(kind: type, _: Any) -> bool:
    return hasattr(kind, "__await__")


def _is_async_iterator(kind: type, _: Any) -> bool:
    # Each MagicMock has every special method; the tests of our callers use them as values.
    return hasattr(kind, "__anext__") and hasattr(kind, "__aiter__") and kind.__module__ != "unittest.mock"


def _is_block(kind: type, _: Any) -> bool:
    return issubclass(kind, _GeneratorContextManager | _AsyncGeneratorContextManager)


# --- following --------------------------------------------------------------------------------------------


def await_work(run: Run, work: Awaitable[Any]) -> Any:
    """A coroutine that awaits the work inside the scopes."""
    following: Any = _await_work(run, work)
    name = getattr(work, "__qualname__", None)
    if isinstance(name, str):  # for Python's warning about a coroutine that is never awaited
        following.__qualname__ = name
    return _watched(run, following)


async def _await_work(run: Run, work: Awaitable[Any], _stand_in: object = None) -> Any:
    """The stand-in lives as long as it is awaited: `await` itself keeps only what `__await__` returns."""
    try:
        with run:
            result = await work
    except BaseException as error:
        await run.finish_async(error)
        raise
    return await run.follow_async(result)


def iterate(run: Run, work: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
    """A generator that runs the work inside the scopes: between two values, its caller has its own scope."""
    return _watched(run, _iterate(run, work))


def _iterate(run: Run, work: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
    resume: Callable[[], Any] = work.__next__
    run.begin()
    try:
        while True:
            with run:
                try:
                    value = resume()
                except StopIteration as done:
                    run.finish(None)
                    return done.value
            try:
                given = yield value
            except GeneratorExit:
                with run:
                    work.close()
                raise
            except BaseException as error:  # noqa: BLE001 - the generator gets it
                resume = _call(work.throw, error)
            else:
                resume = work.__next__ if given is None else _call(work.send, given)
    except BaseException as error:
        run.finish(error)
        raise


def iterate_async(run: Run, work: AsyncGenerator[Any, Any]) -> AsyncGenerator[Any, Any]:
    """`iterate` for async generators."""
    return _watched(run, _iterate_async(run, work))


async def _iterate_async(run: Run, work: AsyncGenerator[Any, Any]) -> AsyncGenerator[Any, Any]:
    resume: Callable[[], Any] = work.__anext__
    run.begin()
    try:
        while True:
            with run:
                try:
                    value = await resume()
                except StopAsyncIteration:
                    break
            try:
                given = yield value
            except GeneratorExit:
                with run:
                    await work.aclose()
                raise
            except BaseException as error:  # noqa: BLE001 - the generator gets it
                resume = _call(work.athrow, error)
            else:
                resume = work.__anext__ if given is None else _call(work.asend, given)
    except BaseException as error:
        await run.finish_async(error)
        raise
    await run.finish_async(None)


def _call(function: Callable[[Any], Any], value: Any) -> Callable[[], Any]:
    return lambda: function(value)


def _watch_future(run: Run, future: Any) -> Any:
    """The future itself: its scopes end when it is done."""
    future.add_done_callback(lambda done: run.finish(_outcome(done)))
    return _watched(run, future)


def _outcome(future: Any) -> BaseException | None:
    """Without `exception()`: asyncio would no longer log an exception that no code retrieved."""
    if future.cancelled():
        from asyncio import CancelledError  # noqa: PLC0415 - for cancelled futures only

        return CancelledError()
    with suppress(Exception):  # a future of the caller's own
        error = future._exception if hasattr(future, "_exception") else future.exception()
        return error if isinstance(error, BaseException) else None
    return None


class _Following:
    """The ways of using an object that can be awaited, iterated or entered; see work_proxy."""

    def __init__(self, run: Run, work: Any) -> None:
        self._run = run
        self._work = work

    def awaited(self, stand_in: object = None) -> Coroutine[Any, Any, Any]:
        return _await_work(self._run, self._work, stand_in)

    def iterated(self) -> AsyncGenerator[Any, Any]:
        return _iterate_async(self._run, _generator_of(self._work))

    def entered(self, enter: Callable[[], Any]) -> Any:
        try:
            with self._run:
                return enter()
        except BaseException as error:
            self._run.finish(error)
            raise

    async def entered_async(self, enter: Callable[[], Any]) -> Any:
        try:
            with self._run:
                return await enter()
        except BaseException as error:
            await self._run.finish_async(error)
            raise

    def left(self, leave: Callable[[], Any], error: BaseException | None) -> Any:
        try:
            with self._run:
                return leave()
        finally:
            self._run.finish(error)

    async def left_async(self, leave: Callable[[], Any], error: BaseException | None) -> Any:
        try:
            with self._run:
                return await leave()
        finally:
            await self._run.finish_async(error)


def _stand_in(run: Run, work: Any) -> Any:
    return _watched(run, proxy(work, _Following(run, work)))


async def _generator_of(work: AsyncIterator[Any]) -> AsyncGenerator[Any, Any]:
    async for value in work:
        yield value


def _watched(run: Run, work: T) -> T:
    run.watch(work)
    return work


_KINDS: tuple[tuple[Callable[[type, Any], bool], Follow], ...] = (
    (_is_coroutine, await_work),
    (_is_generator, iterate),
    (lambda kind, _: issubclass(kind, AsyncGeneratorType), iterate_async),
    (_is_future, _watch_future),
    (_is_awaitable, _stand_in),
    (_is_async_iterator, _stand_in),
    (_is_block, _stand_in),
)
