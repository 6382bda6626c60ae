"""The progress of a loop, reported by the loop itself.

for page in track(pages, "Reading pages"): ...
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from operator import length_hint
from typing import Any, Final, TypeVar, overload

from statusbeam.model.words import StatusWord

from .scope import innermost_scope

T = TypeVar("T")

REPORT_SECONDS: Final = 0.1
"""The seconds between two reports: a loop may be faster than people read."""


@overload
def track(iterable: Iterable[T], message: str = ..., *, total: int | None = ...) -> Iterator[T]: ...


@overload
def track(iterable: AsyncIterable[T], message: str = ..., *, total: int | None = ...) -> AsyncIterator[T]: ...


def track(iterable: Any, message: str = "Working", *, total: int | None = None) -> Any:
    """The items of `iterable`, reporting how many are done as progress of the innermost agent, tool or job.

        >>> for page in track(pages, "Reading pages"): ...      # "Reading pages: 3 of 12", 25 %

    `total` is for iterables that don't know their length. Without one, readers see how many items are done.
    An asynchronous iterable is for `async for`. Outside of a scope it only yields the items.
    """
    loop = _Loop(message, _length(iterable) if total is None else total)
    return _track_async(iterable, loop) if hasattr(iterable, "__aiter__") else _track(iterable, loop)


def _track(iterable: Iterable[T], loop: _Loop) -> Iterator[T]:
    loop.begin()
    for item in iterable:
        yield item
        loop.advance()
    loop.end()


async def _track_async(iterable: AsyncIterable[T], loop: _Loop) -> AsyncIterator[T]:
    loop.begin()
    async for item in iterable:
        yield item
        loop.advance()
    loop.end()


def _length(iterable: Any) -> int | None:
    """None if it is not known."""
    try:
        return length_hint(iterable, 0) or None
    except Exception:  # noqa: BLE001 - the caller's `__len__` may raise anything
        return None


class _Loop:
    """The progress of a loop."""

    def __init__(self, message: str, total: int | None) -> None:
        self._message = message
        self._total = total
        self._done = 0
        self._reported = -1
        self._report_at = 0.0

    def begin(self) -> None:
        """Before the first item: the scope that is current here is the loop's."""
        self._scope = innermost_scope()
        self._report()

    def advance(self) -> None:
        """An item is done."""
        self._done += 1
        if self._scope is not None and time.monotonic() >= self._report_at:
            self._report()

    def end(self) -> None:
        """All items are done."""
        if self._reported != self._done:
            self._report()

    def _report(self) -> None:
        if self._scope is None:
            return
        self._reported = self._done
        self._report_at = time.monotonic() + REPORT_SECONDS
        if self._total:
            text = f"{self._message}: {self._done} of {self._total}"
            self._scope.progress(self._done / self._total, text)
        else:
            self._scope.status(StatusWord.PROGRESS, f"{self._message}: {self._done}")
