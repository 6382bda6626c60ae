"""Functions that take the current scope along to another thread, task or process.

executor.map(in_scope(look_up), streets)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, partial, update_wrapper
from types import MethodType

from ..sending.own_work import warn
from .context_functions import agent_or_job
from .scope import innermost_scope

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from typing import Any, ParamSpec, TypeVar

    from ..transports.transport import Transport
    from .scope import Scope

    P = ParamSpec("P")
    R = TypeVar("R")


def in_scope(function: Callable[P, R]) -> Callable[P, R]:
    """`function` with the scope that is current now, in any thread, task or process that calls it.

        >>> list(executor.map(in_scope(read_page), pages))

    The function may be a coroutine function or a generator, or return work to be awaited or iterated. For a
    pool of processes it must be picklable. There its statuses are sent by the scope's transport if that is
    picklable, else by the one that the environment names.
    """
    from .returned_work import BorrowedScope  # noqa: PLC0415 - loading it costs much, and few call this
    from .wrapped import wrap  # noqa: PLC0415 - as above

    scope = innermost_scope()
    wrapped = wrap(function, lambda *_: BorrowedScope(scope))
    if isinstance(wrapped, staticmethod | classmethod):
        return wrapped
    placed: Callable[P, R] = _Portable(wrapped, pickled_as=lambda: _reduced(function, scope))
    return placed


class _Portable(partial):  # type: ignore[type-arg]  # its argument is for type checkers
    """A function with a scope around its work. Pickle restores it from `pickled_as`.

    `inspect` looks through a `partial` at the function in it.
    """

    _pickled_as: Callable[[], tuple[Any, ...]]

    def __new__(cls, wrapped: Callable[..., Any], *, pickled_as: Callable[[], tuple[Any, ...]]) -> Any:
        self = super().__new__(cls, wrapped)
        update_wrapper(self, wrapped)  # first, because it copies the function's attributes
        self._pickled_as = pickled_as
        return self

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        """Bind it as a method, as functions are."""
        return self if instance is None else MethodType(self, instance)

    def __reduce__(self) -> Any:
        return self._pickled_as()


# --- in another process ---------------------------------------------------------------------------------


def _reduced(function: Callable[..., Any], scope: Scope | None) -> tuple[Any, ...]:
    """Restore the function in another process, with the scope if there is one."""
    from .propagation import context_of  # noqa: PLC0415 - for pools of processes only

    found = agent_or_job(scope)
    if found is None:
        return _without_scope, (function,)
    return carried, (function, context_of(found), _pickled(found.sender.transport))


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


def carried(
    function: Callable[..., Any], context: Mapping[str, str], pickled_transport: bytes | None
) -> Callable[..., Any]:
    """A function in a scope of another process. The end of each call waits until its statuses are sent."""
    from .propagation import scope_of  # noqa: PLC0415 - for pools of processes only
    from .returned_work import Run  # noqa: PLC0415 - as above
    from .wrapped import wrap  # noqa: PLC0415 - as above

    def new_run(*_: object) -> Run:
        transport = None if pickled_transport is None else _transport(pickled_transport)
        return Run([scope_of(context, transport)])

    whole = (function, context, pickled_transport)
    placed: Callable[..., Any] = _Portable(wrap(function, new_run), pickled_as=lambda: (carried, whole))
    return placed
