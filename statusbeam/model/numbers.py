"""Numbers in metadata: one out of range is held at the end of its range, never ignored.

>>> clamped(90_000, 86_400), clamped(-3, 100), clamped("12", 100)
(86400, 0, None)
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def clamped(value: Any, highest: int) -> int | float | None:
    """The number, at least 0 and at most `highest`; None for any other value."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return min(max(0, value), highest)


def clamped_count(value: Any, highest: int) -> int | None:
    """The same as a whole number, rounded down."""
    number = clamped(value, highest)
    return None if number is None else int(number)
