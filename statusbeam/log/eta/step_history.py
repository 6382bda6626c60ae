"""The durations of a step in earlier runs, in bounded space: a histogram of log-spaced bins, easy to merge.

history = StepHistory().observed(12.1).observed(9.8)        one a (workflow, version, step)
history.curve().at(0.9)                                     the seconds that nine of ten runs stay below

Two more sums show how far the step is slow when the other steps of its run are
(`step_correlation.py`).
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, Final, NamedTuple, Self

SHORTEST_SECONDS: Final = 0.01
BINS_PER_DOUBLING: Final = 8
"""A bin is 9 % wide, finer than the spread of anything worth an estimate."""

BIN_COUNT: Final = 27 * BINS_PER_DOUBLING
"""Up to 15 days; longer counts as that."""

TAIL_SHAPE: Final = 3.0
"""How fast the chance falls that the next run is longer than every run so far (Pareto)."""

TAIL_END: Final = 0.999
"""Where that tail is cut: at ten times the longest run."""

_BIN: Final = "b"
_SUMS: Final = ("compared", "likeness")


class WorkflowKey(NamedTuple):
    """The key of runs that are compared with each other: tenant, workflow and version."""

    tenant_id: str
    workflow: str
    version: str  # empty if the job has none


@dataclass(frozen=True, slots=True, kw_only=True)
class StepHistory:
    """Runs by bin, at most BIN_COUNT numbers however many runs.

    Merging adds bins, so parts kept apart (shards, days, an atomic ADD in a table) come to the same as one.
    """

    counts: Mapping[int, int] = field(default_factory=dict)
    compared: int = 0  # runs in which it was compared with the other steps
    likeness: int = 0  # sum over those, in thousandths: how alike they were (normal scores multiplied)

    @property
    def runs(self) -> int:
        """How many runs were observed."""
        return sum(self.counts.values())

    def observed(self, seconds: float) -> StepHistory:
        """The history with one more run, without invalid durations (negative, NaN)."""
        return self.merged(StepHistory(counts={bin_of(seconds): 1})) if seconds >= 0 else self

    def merged(self, other: StepHistory) -> StepHistory:
        """Both as one; the order of merging doesn't matter."""
        counts = dict(self.counts)
        for index, count in other.counts.items():
            counts[index] = counts.get(index, 0) + count
        return StepHistory(
            counts=counts,
            compared=self.compared + other.compared,
            likeness=self.likeness + other.likeness,
        )

    def to_item(self) -> dict[str, int]:
        """Flat whole numbers, `{"b57": 3, "compared": 2, "likeness": 840}`: a table merges them by adding."""
        bins = {f"{_BIN}{index}": self.counts[index] for index in sorted(self.counts)}
        return bins | {name: value for name in _SUMS if (value := getattr(self, name))}

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        """The history in an item of `to_item`, or in merged items; other attributes are ignored."""
        bins = {name[1:]: count for name, count in item.items() if name[0] == _BIN and name[1:].isdigit()}
        return cls(
            counts={int(index): int(count) for index, count in bins.items()},
            **{name: int(item.get(name, 0)) for name in _SUMS},
        )

    def curve(self) -> Curve:
        """The next run's distribution."""
        return Curve.of(self.counts)


def bin_of(seconds: float) -> int:
    """The bin that a duration falls into."""
    return min(BIN_COUNT - 1, int(_position(seconds)))


@dataclass(frozen=True, slots=True)
class Curve:
    """The next run's distribution.

    One share of n + 1 is kept for "longer than ever before". Among n + 1 runs of one kind, that is the chance
    that the last is the longest. It keeps the p90 of few runs honest, and gives an overdue run a remaining
    time.
    """

    indexes: list[int]  # of the bins that are not empty, ascending
    up_to: list[int]  # runs up to and with each of them
    runs: int

    @classmethod
    def of(cls, counts: Mapping[int, int]) -> Self:
        indexes = sorted(index for index, count in counts.items() if count > 0)
        up_to = list(accumulate(counts[index] for index in indexes))
        return cls(indexes, up_to, up_to[-1] if up_to else 0)

    @property
    def longest(self) -> float:
        return _edge(self.indexes[-1] + 1) if self.indexes else SHORTEST_SECONDS

    def at(self, share: float) -> float:
        """The duration that `share` (0 to 1) of the runs stay below."""
        rank = share * (self.runs + 1)
        if rank >= self.runs:
            return self.longest * _tail(rank - self.runs)
        place = bisect_right(self.up_to, rank)
        before = self.up_to[place - 1] if place else 0
        return _edge(self.indexes[place] + (rank - before) / (self.up_to[place] - before))

    def remaining_at(self, share: float, elapsed: float) -> float:
        """The remaining time after `elapsed` seconds that all but `share` of the runs stay below.

        `share` is at least `share_below(elapsed)`.
        """
        if elapsed < self.longest:
            return max(0.0, self.at(share) - elapsed)
        beyond = self.share_below(elapsed)
        return elapsed * (_tail((share - beyond) / (1.0 - beyond)) - 1.0)

    def share_below(self, seconds: float) -> float:
        """The share of the runs that are over by `seconds`; beyond all of them, all but the one to come."""
        if seconds >= self.longest:
            return self.runs / (self.runs + 1)
        position = _position(seconds)
        place = bisect_right(self.indexes, position) - 1
        if place < 0:
            return 0.0
        before = self.up_to[place - 1] if place else 0
        inside = min(1.0, position - self.indexes[place])
        return (before + inside * (self.up_to[place] - before)) / (self.runs + 1)


def _tail(share: float) -> float:
    """Of the runs beyond some time, `share` (0 to 1) end within this many times that time."""
    return math.pow(1.0 - min(share, TAIL_END), -1.0 / TAIL_SHAPE)


def _position(seconds: float) -> float:
    if seconds <= SHORTEST_SECONDS:
        return 0.0
    return min(float(BIN_COUNT), math.log2(seconds / SHORTEST_SECONDS) * BINS_PER_DOUBLING)


def _edge(position: float) -> float:
    return SHORTEST_SECONDS * math.exp2(position / BINS_PER_DOUBLING)
