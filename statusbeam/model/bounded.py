"""A mapping with a limit, for values that a process keeps between calls.

>>> recent = Bounded(2)
>>> recent["a"], recent["b"], recent["c"] = 1, 2, 3
>>> list(recent)
['b', 'c']
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from typing import TypeVar

    K = TypeVar("K")
    V = TypeVar("V")
else:
    K = V = object


class Bounded(MutableMapping[K, V]):
    """At most `limit` items, in the order in which they were last written; one more drops the oldest.

    Write an item again to keep it longer. Not for several threads at once.
    """

    __slots__ = ("_items", "_limit")

    def __init__(self, limit: int) -> None:
        if limit < 1:
            raise ValueError(f"limit must be at least 1, not {limit}")
        self._limit = limit
        self._items: dict[K, V] = {}

    def __getitem__(self, key: K) -> V:
        return self._items[key]

    def __setitem__(self, key: K, value: V) -> None:
        self._items.pop(key, None)  # so that it goes to the end
        self._items[key] = value
        if len(self._items) > self._limit:
            del self._items[next(iter(self._items))]

    def __delitem__(self, key: K) -> None:
        del self._items[key]

    def __iter__(self) -> Iterator[K]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        return f"Bounded({self._limit}, {self._items!r})"
