"""A job's runs: from one opening of its scope to its end; the next opening begins the next run.

    >>> runs = Runs().joined(RunId("p", 1)).ended(RunId("p", 1), opened=2)
    >>> runs.knows(RunId("p", 2)), runs.knows(RunId("p", 3))
    (True, False)
    >>> runs.begun(RunId("p", 3), sequence=9).is_older(RunId("p", 2))
    True

The order is that of each sender's openings, never that of two machines' clocks. All lists have a bound. The
head forgets the oldest senders and openings, and statuses that name them count as the current run's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Self

from statusbeam.model.limits import RUN_ID_LENGTH, WHOLE_NUMBER_MAX
from statusbeam.model.metadata import MetadataKey
from statusbeam.model.numbers import clamped_count
from statusbeam.model.replace import replace
from statusbeam.model.update import StatusUpdate
from statusbeam.model.words import StatusType, StatusWord

from .texts import short_text

RUNS_KEPT: Final = 32
"""Openings of the current run, and senders of it and of older ones, that the head remembers."""

_NUMBER_DIGITS: Final = 9
_DIGITS: Final = frozenset("0123456789")


class RunId(NamedTuple):
    """An opening of a job: the `number`th of its `sender`."""

    sender: str
    number: int


Openings = tuple[RunId, ...]
"""One a sender: its openings up to that number."""


def run_in(update: StatusUpdate) -> RunId | None:
    """The opening that a status names, `<sender>.<n>`. A name without a number is a sender's first."""
    text = short_text((update.metadata or {}).get(MetadataKey.RUN), RUN_ID_LENGTH)
    if text is None:
        return None
    sender, _, digits = text.rpartition(".")
    if sender and 0 < len(digits) <= _NUMBER_DIGITS and _DIGITS.issuperset(digits):
        return RunId(sender, int(digits))
    return RunId(text, 1)


def opens(update: StatusUpdate) -> bool:
    """Whether a status is the opening of the run it names, if that is not known yet."""
    return update.of_job and update.status == StatusWord.LOADING_AGENTS


def opened_in(update: StatusUpdate) -> int | None:
    """The sender's newest opening in a job's final status; None for any other status."""
    if not update.of_job or update.type not in (StatusType.COMPLETE, StatusType.ERROR):
        return None
    return clamped_count((update.metadata or {}).get(MetadataKey.OPENED), WHOLE_NUMBER_MAX) or 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """The current run of a job, and the openings that separate its statuses from older runs'."""

    number: int = 1
    first_sequence: int | None = None  # of the current run
    current: Openings = ()  # the current run's openings
    closed: Openings = ()  # openings before a final status of the current run
    older: Openings = ()  # openings of older runs

    def knows(self, run: RunId) -> bool:
        """Whether an opening is of the current run, or was made before its end."""
        return run in self.current or _covers(self.closed, run)

    def is_older(self, run: RunId) -> bool:
        """Whether an opening is of an older run."""
        return run not in self.current and _covers(self.older, run)

    def joined(self, run: RunId) -> Runs:
        """With one more opening of the current run."""
        return replace(self, current=(*self.current, run)[-RUNS_KEPT:])

    def ended(self, run: RunId, *, opened: int) -> Runs:
        """After a final status that names `run`, and the newest opening of its sender."""
        return replace(self, closed=_noted(self.closed, RunId(run.sender, max(run.number, opened))))

    def begun(self, run: RunId, sequence: int) -> Runs:
        """The next run, which `run` opens with the status at `sequence`."""
        older = self.older
        for opening in (*self.closed, *self.current):
            older = _noted(older, opening)
        return Runs(number=self.number + 1, first_sequence=sequence, current=(run,), older=older)

    def to_item(self) -> dict[str, Any]:
        """Plain JSON types, without what the view has."""
        lists = {"current": self.current, "closed": self.closed, "older": self.older}
        return {name: [list(run) for run in found] for name, found in lists.items() if found}

    @classmethod
    def from_item(cls, item: Any, *, number: int, first_sequence: int | None) -> Self:
        """The runs in an item of `to_item`, and the view's two numbers."""
        lists = (item or {}).items()
        found = {name: tuple(RunId(sender, int(n)) for sender, n in rows) for name, rows in lists}
        return cls(number=number, first_sequence=first_sequence, **found)


def _covers(openings: Openings, run: RunId) -> bool:
    return any(one.sender == run.sender and run.number <= one.number for one in openings)


def _noted(openings: Openings, run: RunId) -> Openings:
    """With `run` as the newest of its sender, which goes to the end; more than RUNS_KEPT drop the first."""
    newest = max((one.number for one in openings if one.sender == run.sender), default=0)
    others = tuple(one for one in openings if one.sender != run.sender)
    return (*others, RunId(run.sender, max(newest, run.number)))[-RUNS_KEPT:]
