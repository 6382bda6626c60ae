"""A function with scopes around its work, as a function of the same kind.

Frameworks ask `inspect` whether a function is a coroutine function, a generator function or neither, and
treat it accordingly. So the decorated function has to answer as the function itself does.
"""

from __future__ import annotations

from functools import partial, update_wrapper, wraps
from inspect import CO_ITERABLE_COROUTINE, isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from types import MethodType

from .returned_work import iterate, iterate_async

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator, Mapping
    from typing import Any, ParamSpec, TypeVar

    from .returned_work import Run

    P = ParamSpec("P")
    R = TypeVar("R")

    NewRun = Callable[[tuple[Any, ...], Mapping[str, Any]], Run | None]


def wrap(function: Callable[P, R], new_run: NewRun) -> Callable[P, R]:
    """`function` with the scopes of `new_run`, which gets its arguments; None runs it without any.

    Where a call does nothing yet, as with coroutine functions and generators, the scopes begin with the work.
    """
    work: Any = function
    wrapped: Any
    if isinstance(work, staticmethod | classmethod):
        wrapped = type(work)(wrap(work.__func__, new_run))
    elif _is_kind(iscoroutinefunction, work):
        wrapped = wraps(work)(_coroutine_function(work, new_run))
    elif _is_kind(isgeneratorfunction, work) and not _is_old_coroutine_function(work):
        wrapped = _generator_of_kind(_generator_function, work, new_run, iterate)
    elif _is_kind(isasyncgenfunction, work):
        wrapped = _generator_of_kind(_async_generator_function, work, new_run, iterate_async)
    else:
        wrapped = wraps(work)(_plain_function(work, new_run))
    result: Callable[P, R] = wrapped
    return result


def _is_kind(question: Callable[[Any], bool], function: Any) -> bool:
    """Whether a function, or an object that is called like one, is of that kind."""
    return question(function) or question(getattr(type(function), "__call__", None))  # noqa: B004 - not: is it callable


def _is_old_coroutine_function(function: Any) -> bool:
    """Whether a generator function is to be awaited: `types.coroutine` made it."""
    return bool(getattr(getattr(function, "__code__", None), "co_flags", 0) & CO_ITERABLE_COROUTINE)


def _plain_function(work: Callable[..., Any], new_run: NewRun) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        run = new_run(args, kwargs)
        return work(*args, **kwargs) if run is None else run.call(work, args, kwargs)

    return call


def _coroutine_function(work: Callable[..., Any], new_run: NewRun) -> Callable[..., Any]:
    async def call(*args: Any, **kwargs: Any) -> Any:
        run = new_run(args, kwargs)
        return await (work(*args, **kwargs) if run is None else run.call(work, args, kwargs))

    return call


class _GeneratorFunction(partial):  # type: ignore[type-arg]  # its argument is for type checkers
    """A generator function that finds its scopes when it is called, not at its first value.

    `inspect` looks through a `partial` at the function in it, which is a generator function.
    """

    step: Callable[..., Any]

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        return self.step(*args, **kwargs)

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def __reduce__(self) -> Any:
        """Pickled by its name, as functions are."""
        return vars(self)["__qualname__"]


def _generator_of_kind(
    kind: Callable[..., Any], work: Callable[..., Any], new_run: NewRun, iterate: Callable[[Run, Any], Any]
) -> Callable[..., Any]:
    def step(*args: Any, **kwargs: Any) -> Any:
        run, generator = new_run(args, kwargs), work(*args, **kwargs)
        return generator if run is None else iterate(run, generator)

    function = _GeneratorFunction(kind)
    update_wrapper(function, work)  # first, because it copies the function's attributes
    function.step = step
    return function


def _generator_function() -> Generator[None]:
    yield


async def _async_generator_function() -> AsyncGenerator[None]:
    yield
