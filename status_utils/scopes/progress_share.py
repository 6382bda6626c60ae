"""Progress from callers: a share from 0 to 1, or a percentage by its own argument.

>>> to_percent(0.4, None), to_percent(None, 40)
(40.0, 40.0)
"""

from __future__ import annotations

from functools import lru_cache

from ..sending.own_work import warn
from .plain_numbers import to_number
from .plain_texts import to_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

_CERTAINLY_NO_SHARE: Final = 2
"""A share a little above 1 is one of a loop that was longer than expected; this and more is a percentage."""


def to_percent(share: Any, percent: Any) -> float | None:
    """The percentage from 0 to 100; None, with a warning, for a value that isn't a finite number."""
    given = share if percent is None else percent
    number = to_number(given)
    if number is None:
        _warn_of_no_number(to_text(given)[:20])
        return None
    found = float(number)
    if percent is None:
        if found > _CERTAINLY_NO_SHARE:
            _warn_of_percentage()
        else:
            found *= 100
    return min(100.0, max(0.0, found))


@lru_cache(maxsize=16)
def _warn_of_no_number(given: str) -> None:
    """Warn once a process and value, not at each call."""
    warn(__name__, "progress=<%s> | ignored: not a finite number", given)


@lru_cache(maxsize=1)
def _warn_of_percentage() -> None:
    """Warn once a process."""
    warn(__name__, "progress | a share is from 0 to 1: more than 2 is taken for a percentage; use percent=40")
