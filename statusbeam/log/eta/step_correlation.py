"""The correlation of the durations in one run: a long input or a busy model slows all steps down.

A step's duration counts as its normal score: its rank among the earlier runs of the step, as a point of the
normal distribution. One common factor, the run's pace, is behind the scores of all steps. A step's loading
(0 to below 1) is the strength of that factor; the rest of its score is the step's own chance.

    increments(observations, history)            the sums that a completed run adds, by step
    loadings(history)                            how strongly each step follows the pace, by step
    sample_paces(done, running)                  equally likely paces of a run, given how it went so far
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from statistics import NormalDist
from typing import Final

from .step_history import StepHistory

MIN_RUNS: Final = 5
"""With fewer runs there is no estimate: a p90 would be a guess, and so would a rank among them."""

SAMPLES: Final = 128
SEED: Final = "statusbeam-eta-1"

_LIKENESS_BEFORE: Final = 300
_RUNS_BEFORE: Final = 6
"""The prior of a step: its likeness in thousandths, and the number of runs that it counts as."""

_LOADING_MAX: Final = 0.97
_ROUNDS: Final = 30
_SURE: Final = 1e-9

_NORMAL: Final = NormalDist()
normal_quantile: Final = _NORMAL.inv_cdf
"""The point of the normal distribution that a share, between 0 and 1, is below."""


def normal_cdf(point: float) -> float:
    """The share of the normal distribution below a point; never quite 0 or 1."""
    return min(1.0 - _SURE, max(_SURE, 0.5 * math.erfc(-point / math.sqrt(2.0))))


def normal_score(seconds: float, history: StepHistory) -> float:
    """The rank of a run of a step among the earlier ones, as a point of the normal distribution."""
    runs = history.runs
    place = history.curve().share_below(seconds) * (runs + 1)
    return normal_quantile((min(place, runs) + 0.5) / (runs + 1))


def increments(
    observations: Iterable[tuple[str, float]], history: Mapping[str, StepHistory]
) -> dict[str, StepHistory]:
    """The sums that the steps of a completed run (name, seconds) add to `history`, by step.

    Merging them into it gives the history with that run. Any number of publishers may add theirs at once.
    """
    took = [(name, seconds) for name, seconds in observations if seconds >= 0]
    known = [
        (name, normal_score(seconds, history[name])) for name, seconds in took if _is_known(history, name)
    ]
    total = sum(point for _, point in known)
    learnt: dict[str, StepHistory] = {}
    for name, seconds in took:
        learnt[name] = learnt.get(name, StepHistory()).observed(seconds)
    if len(known) > 1:
        for name, point in known:
            others = (total - point) / (len(known) - 1)
            alike = StepHistory(compared=1, likeness=round(1000 * point * others))
            learnt[name] = learnt[name].merged(alike)
    return learnt


def _is_known(history: Mapping[str, StepHistory], name: str) -> bool:
    return name in history and history[name].runs >= MIN_RUNS


def loadings(history: Mapping[str, StepHistory]) -> dict[str, float]:
    """The strength with which each step follows the pace of its run.

    Its likeness to the mean of the other steps is its loading multiplied by the mean of theirs.
    """
    alike = {
        name: max(0.0, _LIKENESS_BEFORE * _RUNS_BEFORE + step.likeness)
        / (1000 * (_RUNS_BEFORE + step.compared))
        for name, step in sorted(history.items())
    }
    if not alike:
        return {}
    start = math.sqrt(sum(alike.values()) / len(alike))
    found = dict.fromkeys(alike, min(_LOADING_MAX, start))
    for _ in range(_ROUNDS if len(alike) > 1 else 0):
        total = sum(found.values())
        for name, one in found.items():
            others = max(0.05, (total - one) / (len(found) - 1))
            # Half of the way each time, because two steps alone would swap their values forever.
            found[name] = min(_LOADING_MAX, (one + alike[name] / others) / 2)
    return found


def sample_paces(done: Iterable[tuple[float, float]], running: Iterable[tuple[float, float]]) -> list[float]:
    """SAMPLES equally likely paces of a run, as normal scores, ascending.

    `done`: (loading, score) of each step that is over; `running`: (loading, share of the runs that would be
    over by now) of each one under way.
    """
    precision, pull = 1.0, 0.0
    for loading, point in done:
        own = 1.0 - loading * loading
        precision += loading * loading / own
        pull += loading * point / own
    spread = 1.0 / math.sqrt(precision)
    drawn = [pull / precision + spread * point for point in even_scores()]
    left = [
        (loading, normal_quantile(passed)) for loading, passed in running if loading > 0 and passed > _SURE
    ]
    if not left:
        return drawn
    # How likely each pace is to have come this far without an end.
    weights = [1.0] * SAMPLES
    for loading, point in left:
        own = math.sqrt(1.0 - loading * loading)
        weights = [w * normal_cdf((loading * z - point) / own) for w, z in zip(weights, drawn, strict=True)]
    return _drawn_anew(drawn, weights)


def _drawn_anew(values: Sequence[float], weights: Sequence[float]) -> list[float]:
    """The same number of values, each repeated by its weight."""
    step = sum(weights) / len(values)
    found: list[float] = []
    upto, at = 0.0, 0.5 * step
    for value, weight in zip(values, weights, strict=True):
        upto += weight
        while at < upto and len(found) < len(values):
            found.append(value)
            at += step
    return found + [values[-1]] * (len(values) - len(found))


@cache
def even_scores() -> tuple[float, ...]:
    """SAMPLES equally likely normal scores, ascending."""
    return tuple(normal_quantile((place + 0.5) / SAMPLES) for place in range(SAMPLES))


@lru_cache(maxsize=256)
def shuffled_scores(name: str) -> tuple[float, ...]:
    """The same in an order that is always the same for `name`, and unlike that of other names."""
    scores = list(even_scores())
    random.Random(f"{SEED}:{name}").shuffle(scores)  # noqa: S311 - sampling, not a secret
    return tuple(scores)
