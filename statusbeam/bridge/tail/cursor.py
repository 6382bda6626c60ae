"""A client's position in a job's log: `epoch:sequence`.

>>> Cursor.parse("19aa3c:7")
Cursor(epoch='19aa3c', sequence=7)
>>> str(Cursor("19aa3c", 7))
'19aa3c:7'

A job id can be used again after the job has expired. The epoch distinguishes the two logs.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple, Self

from statusbeam.log.snapshot.job_state import Head

_TEXT: Final = re.compile(r"(?P<epoch>[0-9A-Za-z]{1,32}):(?P<sequence>[0-9]{1,12})")
_NO_EPOCH: Final = "0"
"""The epoch of a job that has no status yet."""


class BadCursorError(ValueError):
    """The text is not a cursor."""


class Cursor(NamedTuple):
    """The last status that a client has. Sequence 0 is the beginning of the log."""

    epoch: str
    sequence: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse the text of a cursor. Raises BadCursorError."""
        found = _TEXT.fullmatch(text)
        if found is None:
            raise BadCursorError("a cursor must be <epoch>:<sequence>, as in 19aa3c:7")
        return cls(found["epoch"], int(found["sequence"]))

    @classmethod
    def of(cls, head: Head) -> Self:
        """The cursor of a client that has the whole log of a job."""
        return cls(head.epoch or _NO_EPOCH, head.sequence)

    @property
    def names_a_log(self) -> bool:
        """Whether the cursor names a log; False for the beginning of any log."""
        return self.epoch != _NO_EPOCH

    def __str__(self) -> str:
        return f"{self.epoch}:{self.sequence}"


BEGINNING: Final = Cursor(_NO_EPOCH, 0)
"""Before the first status, of any epoch."""
