"""A sequence in parts: one call of a service has a limit.

>>> [list(part) for part in chunked("abcde", 2)]
[['a', 'b'], ['c', 'd'], ['e']]
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    T = TypeVar("T")


def chunked(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """`items` in their order, in slices of `size`; the last one may be shorter.

    Raises ValueError for a `size` below 1.
    """
    # itertools.batched needs Python 3.12.
    if size < 1:
        raise ValueError(f"size must be at least 1, not {size}")
    return (items[at : at + size] for at in range(0, len(items), size))
