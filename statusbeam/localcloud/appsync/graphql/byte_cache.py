"""A cache that is bounded by the memory its values take, approximately."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class ByteCache(Generic[K, V]):
    """Keeps the most recently used values within `limit` bytes. The caller estimates each value's size.

    A value larger than the limit is not kept.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._items: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self.size = 0
        """Bytes of all values."""

    def __len__(self) -> int:
        return len(self._items)

    def get(self, key: K) -> V | None:
        """The value, which counts as used now. None: there is none."""
        found = self._items.get(key)
        if found is None:
            return None
        self._items.move_to_end(key)
        return found[0]

    def put(self, key: K, value: V, size: int) -> None:
        """Keep a value. Values unused for longest make room for it."""
        replaced = self._items.pop(key, None)
        if replaced is not None:
            self.size -= replaced[1]
        if size > self._limit:
            return
        self._items[key] = (value, size)
        self.size += size
        while self.size > self._limit:
            _, (_, dropped) = self._items.popitem(last=False)
            self.size -= dropped
