"""What a job was each time before it was reopened, for readers to whom an end is final.

>>> head.reopenings.count, head.reopenings.ends[-1].state
(1, <OverallStatus.FAILED: 'failed'>)

A newer attempt reopens a job that has failed or was cancelled. A new run reopens a job that has ended, or
whose lease is over: then the state before it is no end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Self

from statusbeam.model.words import OverallStatus

ENDS_KEPT: Final = 32
"""Reopenings that the head remembers, the latest ones."""


class EarlierEnd(NamedTuple):
    """The job as it was right before a reopening."""

    state: OverallStatus
    at_ms: int | None
    """When the job ended, or its lease was over."""
    sequence: int
    session_id: str | None

    @classmethod
    def from_item(cls, values: Any) -> Self:
        """Four values. Numbers may be Decimals."""
        state, at_ms, sequence, session_id = values
        return cls(OverallStatus(state), None if at_ms is None else int(at_ms), int(sequence), session_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopenings:
    """How often a job was reopened, and the latest ends before that."""

    count: int = 0
    ends: tuple[EarlierEnd, ...] = ()

    def after(self, end: EarlierEnd) -> Reopenings:
        """With one more reopening."""
        return Reopenings(count=self.count + 1, ends=(*self.ends, end)[-ENDS_KEPT:])

    def end_of(self, number: int) -> EarlierEnd | None:
        """The end before the reopening of this number, from 1; None if there is none or it is forgotten."""
        place = number - 1 - (self.count - len(self.ends))
        return self.ends[place] if 0 <= place < len(self.ends) else None

    def to_item(self) -> dict[str, Any] | None:
        """Plain JSON types; None for a job that was never reopened."""
        ends = [[end.state.value, end.at_ms, end.sequence, end.session_id] for end in self.ends]
        return {"count": self.count, "ends": ends} if self.count else None

    @classmethod
    def from_item(cls, item: Any) -> Self:
        """The reopenings in an item of `to_item`."""
        if not item:
            return cls()
        return cls(count=int(item["count"]), ends=tuple(map(EarlierEnd.from_item, item["ends"])))
