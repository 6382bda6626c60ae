"""A stand-in for an object that can be awaited or iterated asynchronously: the scopes of a call end with it.

Such objects are more than their work: callers read their attributes, and enter them as context managers. So
the stand-in forwards every attribute, and answers `isinstance` like the object itself.
"""

from __future__ import annotations

from functools import lru_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Generator
    from typing import Any, Final, Protocol

    class Following(Protocol):
        """The ways in which the work may be done, each inside the scopes and up to their end."""

        def awaited(self, stand_in: object = None) -> Coroutine[Any, Any, Any]: ...

        def iterated(self) -> AsyncIterator[Any]: ...

        def entered(self, enter: Callable[[], Any]) -> Any: ...

        async def entered_async(self, enter: Callable[[], Any]) -> Any: ...

        def left(self, leave: Callable[[], Any], error: BaseException | None) -> Any: ...

        async def left_async(self, leave: Callable[[], Any], error: BaseException | None) -> Any: ...


_WORK: Final = "_statusbeam_work"
_FOLLOWING: Final = "_statusbeam_following"
_STARTED: Final = "_statusbeam_started"

_PASSED_ON: Final = (
    "__bool__",
    "__call__",
    "__contains__",
    "__delitem__",
    "__eq__",
    "__format__",
    "__getitem__",
    "__hash__",
    "__iter__",
    "__len__",
    "__ne__",
    "__next__",
    "__repr__",
    "__setitem__",
    "__str__",
)
"""Python looks these up in the class, where `__getattr__` does not count."""


def proxy(work: Any, following: Following) -> Any:
    """The stand-in for `work`."""
    kind: Any = type(work)
    return _proxy_class(kind)(work, following)


class _Proxy:
    """The base of all stand-ins."""

    def __init__(self, work: Any, following: Following) -> None:
        for name, value in ((_WORK, work), (_FOLLOWING, following), (_STARTED, None)):
            object.__setattr__(self, name, value)

    @property  # type: ignore[misc]  # for `isinstance`
    def __class__(self) -> type:
        return type(_work_of(self))

    def __getattr__(self, name: str) -> Any:
        return getattr(_work_of(self), name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(_work_of(self), name, value)


def _work_of(stand_in: _Proxy) -> Any:
    return object.__getattribute__(stand_in, _WORK)


def _following_of(stand_in: _Proxy) -> Following:
    following: Following = object.__getattribute__(stand_in, _FOLLOWING)
    return following


def _started(stand_in: _Proxy, start: Callable[[], Any]) -> Any:
    """The one coroutine or iterator of work that is done step by step."""
    started = object.__getattribute__(stand_in, _STARTED)
    if started is None:
        started = start()
        object.__setattr__(stand_in, _STARTED, started)
    return started


def _await(stand_in: _Proxy) -> Generator[Any, Any, Any]:
    return _following_of(stand_in).awaited(stand_in).__await__()


def _send(stand_in: _Proxy, value: Any) -> Any:
    return _started(stand_in, _following_of(stand_in).awaited).send(value)


def _throw(stand_in: _Proxy, *error: Any) -> Any:
    return _started(stand_in, _following_of(stand_in).awaited).throw(*error)


def _close(stand_in: _Proxy) -> None:
    _started(stand_in, _following_of(stand_in).awaited).close()
    _work_of(stand_in).close()


def _aiter(stand_in: _Proxy) -> _Proxy:
    return stand_in


def _anext(stand_in: _Proxy) -> Any:
    return _started(stand_in, _following_of(stand_in).iterated).__anext__()


def _enter(stand_in: _Proxy) -> Any:
    work = _work_of(stand_in)
    entered = _following_of(stand_in).entered(work.__enter__)
    return stand_in if entered is work else entered


def _exit(stand_in: _Proxy, kind: Any, error: Any, trace: Any) -> Any:
    work = _work_of(stand_in)
    return _following_of(stand_in).left(lambda: work.__exit__(kind, error, trace), error)


async def _aenter(stand_in: _Proxy) -> Any:
    work = _work_of(stand_in)
    entered = await _following_of(stand_in).entered_async(work.__aenter__)
    return stand_in if entered is work else entered


async def _aexit(stand_in: _Proxy, kind: Any, error: Any, trace: Any) -> Any:
    work = _work_of(stand_in)
    return await _following_of(stand_in).left_async(lambda: work.__aexit__(kind, error, trace), error)


_OWN: Final[dict[str, Any]] = {
    "__aenter__": _aenter,
    "__aexit__": _aexit,
    "__aiter__": _aiter,
    "__anext__": _anext,
    "__await__": _await,
    "__enter__": _enter,
    "__exit__": _exit,
}
_OF_COROUTINES: Final[dict[str, Any]] = {"send": _send, "throw": _throw, "close": _close}


@lru_cache(maxsize=256)
def _proxy_class(kind: type) -> type[_Proxy]:
    """The class of stand-ins for objects of a class."""
    methods = {name: _passed_on(name) for name in _PASSED_ON if hasattr(kind, name)}
    methods |= {name: method for name, method in _OWN.items() if hasattr(kind, name)}
    if hasattr(kind, "__await__") and all(hasattr(kind, name) for name in _OF_COROUTINES):
        methods |= _OF_COROUTINES
    return type(kind.__name__, (_Proxy,), methods)


def _passed_on(name: str) -> Callable[..., Any]:
    def method(stand_in: _Proxy, /, *args: Any, **kwargs: Any) -> Any:
        return getattr(_work_of(stand_in), name)(*args, **kwargs)

    return method
