"""Functions that take the current scope along to another thread, task or process.

executor.map(in_scope(look_up), streets)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache, update_wrapper, wraps
from types import MethodType

from ..sending.own_work import warn
from .job import AgentScope, JobScope
from .scope import innermost_scope, set_current_scope

TYPE_CHECKING = False  # not typing's: loading typing is a tenth of what importing status_utils costs
if TYPE_CHECKING:
    from typing import Any, ParamSpec, TypeVar

    from ..transports.transport import Transport
    from .scope import Scope

    P = ParamSpec("P")
    R = TypeVar("R")


def in_scope(function: Callable[P, R]) -> Callable[P, R]:
    """`function` with the scope that is current now, in whichever thread, task or process it is called.

        >>> list(executor.map(in_scope(read_page), pages))

    The function may be a coroutine function. For a pool of processes it must be picklable. There its statuses
    are sent by the scope's transport if that is picklable, else by the one that the environment names.
    """
    from inspect import iscoroutinefunction  # noqa: PLC0415 - loading it costs much, and few call this

    scope = innermost_scope()
    bound: Any
    if iscoroutinefunction(function):
        work: Any = function

        async def bound(*args: Any, **kwargs: Any) -> Any:
            with _inside(scope):
                return await work(*args, **kwargs)

        bound = wraps(function)(bound)
    else:
        bound = _InScope(function, scope)
    wrapped: Callable[P, R] = bound
    return wrapped


class _InScope:
    """A function in a scope of this process. Pickled, it becomes one in the same scope of another process."""

    def __init__(self, function: Callable[..., Any], scope: Scope | None) -> None:
        update_wrapper(self, function)
        self._function = function
        self._scope = scope

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with _inside(self._scope):
            return self._function(*args, **kwargs)

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        """Bind it as a method, as functions are."""
        return self if instance is None else MethodType(self, instance)

    def __reduce__(self) -> tuple[Any, ...]:
        return _reduced(self._function, self._scope)


@contextmanager
def _inside(scope: Scope | None) -> Iterator[None]:
    previous = innermost_scope()
    set_current_scope(scope)
    try:
        yield
    finally:
        set_current_scope(previous)


# --- in another process ---------------------------------------------------------------------------------


def _reduced(function: Callable[..., Any], scope: Scope | None) -> tuple[Any, ...]:
    """How pickle makes the function anew in another process: with the scope, if there is one."""
    from .propagation import context_of  # noqa: PLC0415 - for pools of processes only

    while scope is not None and not isinstance(scope, JobScope | AgentScope):
        scope = scope.parent
    if scope is None:
        return _without_scope, (function,)
    return CarriedFunction, (function, context_of(scope), _pickled(scope.sender.transport))


def _without_scope(function: Callable[..., Any]) -> Callable[..., Any]:
    return function


def _pickled(transport: Transport | None) -> bytes | None:
    import pickle  # noqa: PLC0415 - for pools of processes only

    try:
        return None if transport is None else pickle.dumps(transport)
    except Exception as error:  # noqa: BLE001 - pickle raises many, and the transport its own
        kind = type(transport).__name__
        warn(
            __name__,
            "transport=<%s> | not picklable, the environment's is used: %s",
            kind,
            type(error).__name__,
        )
        return None


@lru_cache(maxsize=8)
def _transport(pickled: bytes) -> Transport:
    """One a process, so that it has one sender."""
    import pickle  # noqa: PLC0415 - as above

    transport: Transport = pickle.loads(pickled)  # noqa: S301 - of the process that gave the function, too
    return transport


class CarriedFunction:
    """A function in a scope of another process. Each call waits until its statuses are sent."""

    def __init__(
        self, function: Callable[..., Any], context: Mapping[str, str], pickled_transport: bytes | None
    ) -> None:
        update_wrapper(self, function)
        self._function = function
        self._context = context
        self._transport = pickled_transport

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        from .propagation import scope_of  # noqa: PLC0415 - for pools of processes only

        transport = None if self._transport is None else _transport(self._transport)
        with scope_of(self._context, transport):
            return self._function(*args, **kwargs)
