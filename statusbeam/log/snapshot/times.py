"""Times of the snapshot: epoch milliseconds inside, ISO 8601 on the wire."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from statusbeam.model.validation import wire_time

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_WIRE_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")
FIRST_MS: Final = -62_135_596_800_000
LAST_MS: Final = 253_402_300_799_999
"""The years 1 to 9999: no time is earlier or later than that."""


@lru_cache(maxsize=1_024)  # the fold parses the same time at every step
def ms_of(time: str | None) -> int | None:
    """Epoch milliseconds of a time as the wire has it."""
    if time is None:
        return None
    return (datetime.fromisoformat(time) - _EPOCH) // timedelta(milliseconds=1)


@lru_cache(maxsize=1_024)
def time_of(ms: int | None) -> str | None:
    """A time as the wire has it."""
    return None if ms is None else wire_time(_EPOCH + timedelta(milliseconds=ms))


def ms_in(value: Any) -> int | None:
    """Epoch milliseconds of a value in metadata; None unless it is a time exactly as the wire has it."""
    if not isinstance(value, str) or not _WIRE_TIME.fullmatch(value):
        return None
    try:
        return ms_of(value)
    except ValueError:
        return None
