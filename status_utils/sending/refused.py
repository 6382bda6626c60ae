"""The refused statuses, for tests of code that reports statuses.

>>> with collect_refused() as refused:
...     publish_orchestrator_status("job-1", "ana", "city", "validating", "…")
>>> refused[0].error.code
'bad_characters'
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from typing import Any


class Refused:
    """A status that is not in the job's log, and why."""

    __slots__ = ("error", "status")

    def __init__(self, status: Mapping[str, Any], error: Exception) -> None:
        """`status`: by the schema's names, as far as it got."""
        self.status = status
        self.error = error

    def __repr__(self) -> str:
        return f"Refused({self.status!r}, {self.error!r})"


_collecting: list[list[Refused]] = []


@contextmanager
def collect_refused() -> Iterator[list[Refused]]:
    """Collect the refused statuses of all threads while the block runs."""
    found: list[Refused] = []
    _collecting.append(found)
    try:
        yield found
    finally:
        _collecting[:] = [other for other in _collecting if other is not found]


def note_refused(payload: Mapping[str, Any], error: Exception) -> None:
    """A payload, or the only status of one, was refused."""
    for found in _collecting:
        updates = payload.get("updates", [payload])
        found.extend(Refused(update, error) for update in updates)
