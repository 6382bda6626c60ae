"""Changed copies of frozen dataclasses: the fold makes a dozen for each status.

>>> replace(head, sequence=7) == dataclasses.replace(head, sequence=7)
True
"""

from __future__ import annotations

from collections import deque
from dataclasses import fields
from itertools import repeat
from operator import attrgetter, call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    T = TypeVar("T")
    _Slots = tuple[Callable[[Any], Any], tuple[Callable[..., None], ...], dict[str, Any]]


def replace(one: T, **changes: Any) -> T:
    """`one` with these fields changed; for classes with slots, and values that need no check.

    Takes a third of the time of dataclasses.replace, which calls the constructor. Raises KeyError for an
    unknown field.
    """
    kind: type[Any] = type(one)
    read, write, setters = _SLOTS.get(kind) or _slots(kind)
    copy: T = object.__new__(kind)
    deque(map(call, write, repeat(copy), read(one)), 0)  # a loop of C's: this is a quarter of a commit
    for name, value in changes.items():
        setters[name](copy, value)
    return copy


_SLOTS: dict[type[Any], _Slots] = {}


def _slots(kind: type[Any]) -> _Slots:
    names = [field.name for field in fields(kind)]
    setters = {name: getattr(kind, name).__set__ for name in names}
    _SLOTS[kind] = found = (attrgetter(*names), tuple(setters.values()), setters)
    return found
