"""Any caller's value as a number. Nothing here raises.

>>> to_number(Decimal("2.50")), to_count("12")
(2.5, 12)
"""

from __future__ import annotations

import math

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from typing import Any, Final

LONGEST_NUMBER: Final = 64
"""Digits of a number that is read, approximately."""


def to_number(value: Any) -> Any:
    """A finite number as int, float or, where a float would change it, Decimal; None for anything else.

    numpy's scalars, Decimals and texts of a number count; whole numbers become integers.
    """
    try:
        if isinstance(value, str):
            number = _number_of_text(value)
        elif type(value) is int or hasattr(value, "__index__"):
            number = None if isinstance(value, bool) else _bounded(value.__index__())
        elif is_decimal(value):
            number = _number_of_decimal(value)
        else:
            number = _whole(float(value)) if hasattr(value, "__float__") else None
    except Exception:  # noqa: BLE001 - the caller's value may raise anything
        return None
    return number


def _bounded(value: int) -> int | None:
    return value if value.bit_length() <= LONGEST_NUMBER * 4 else None


def _number_of_decimal(value: Any) -> Any:
    if not value.is_finite() or abs(value.adjusted()) > LONGEST_NUMBER:
        return None
    whole = int(value)
    return whole if whole == value else _float_if_exact(value)


def _whole(value: float) -> int | float | None:
    if not math.isfinite(value):
        return None
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


def _float_if_exact(value: Any) -> Any:
    from decimal import Decimal  # noqa: PLC0415 - the caller has loaded it

    number = float(value)
    return number if Decimal(repr(number)) == value else value


def _number_of_text(text: str) -> Any:
    text = text.strip()
    if len(text) > LONGEST_NUMBER:
        return None
    return _bounded(int(text)) if text.lstrip("+-").isdecimal() else _whole(float(text))


def is_decimal(value: object) -> bool:
    """Whether it is one of `decimal`'s, which is not loaded for the question."""
    return type(value).__name__ == "Decimal"


def to_count(value: Any) -> int | None:
    """A count as a whole number from 0 on; None for anything else."""
    number = to_number(value)
    return number if isinstance(number, int) and number >= 0 else None
