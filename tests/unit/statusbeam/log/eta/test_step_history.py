"""The durations of a step: histories that merge, stay small and give the remaining time."""

from __future__ import annotations

import json
import math
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statusbeam.log.eta.step_history import BIN_COUNT, SHORTEST_SECONDS, StepHistory, bin_of

seconds = st.floats(0, 1e7)


def seeded(seed: int | str) -> random.Random:
    return random.Random(seed)  # noqa: S311 - simulated runs, not secrets


def history_of(runs: list[float]) -> StepHistory:
    history = StepHistory()
    for run in runs:
        history = history.observed(run)
    return history


def remaining(history: StepHistory, elapsed: float, values: int) -> list[float]:
    """Equally likely values of the remaining time after `elapsed` seconds, ascending."""
    curve = history.curve()
    passed = curve.share_below(elapsed)
    shares = ((place + 0.5) / values for place in range(values))
    return [curve.remaining_at(passed + (1.0 - passed) * share, elapsed) for share in shares]


@given(st.lists(seconds), st.lists(seconds), st.lists(seconds))
def test_parts_merge_in_any_order_to_the_whole(a: list[float], b: list[float], c: list[float]) -> None:
    one, two, three = history_of(a), history_of(b), history_of(c)
    whole = history_of(a + b + c)
    assert one.merged(two).merged(three) == three.merged(one.merged(two)) == whole
    assert whole.runs == len(a + b + c)


@given(st.lists(seconds))
def test_a_history_survives_its_store(runs: list[float]) -> None:
    history = history_of(runs)
    assert StepHistory.from_item(json.loads(json.dumps(history.to_item()))) == history


def test_a_table_merges_histories_by_adding_their_numbers() -> None:
    one = history_of([1.0, 9.0]).merged(StepHistory(compared=2, likeness=-150))
    other = history_of([9.0, 70.0]).merged(StepHistory(compared=1, likeness=400))
    added = Counter(one.to_item())
    added.update(other.to_item())
    stored = {**added, "pk": "HISTORY#a#b#c", "sk": "STEP#b", "expiresAt": 7}
    assert StepHistory.from_item(stored) == one.merged(other)


def test_a_history_stays_small_however_many_runs() -> None:
    chance = seeded(7)
    history = history_of([chance.lognormvariate(3, 4) for _ in range(20_000)])
    assert len(history.counts) <= BIN_COUNT
    assert len(json.dumps(history.to_item())) < 4_096


@pytest.mark.parametrize("odd", [-1.0, math.nan, -math.inf])
def test_an_invalid_duration_is_left_out(odd: float) -> None:
    assert history_of([odd]).runs == 0


@pytest.mark.parametrize(("value", "expected"), [(0.0, 0), (SHORTEST_SECONDS, 0), (math.inf, BIN_COUNT - 1)])
def test_durations_beyond_the_bins_count_in_the_outermost(value: float, expected: int) -> None:
    assert bin_of(value) == expected


@given(st.lists(seconds, max_size=30), seconds)
def test_remaining_times_are_ascending_finite_and_not_negative(runs: list[float], elapsed: float) -> None:
    left = remaining(history_of(runs), elapsed, 32)
    assert left == sorted(left)
    assert all(0 <= value < math.inf for value in left)


def test_the_quantiles_of_a_history_are_near_those_of_its_runs() -> None:
    chance = seeded(11)
    runs = sorted(chance.lognormvariate(2, 0.6) for _ in range(2_000))
    left = remaining(history_of(runs), 0.0, 100)
    for share in (10, 50, 90):
        assert left[share] == pytest.approx(runs[share * 20], rel=0.06)


def test_time_passed_shortens_what_is_left_by_as_much_where_all_runs_are_alike() -> None:
    history = history_of([100.0] * 500)
    fresh, later = remaining(history, 0.0, 50), remaining(history, 60.0, 50)
    assert fresh[25] - later[25] == pytest.approx(60, abs=1)


def test_an_overdue_run_is_expected_to_need_longer_the_longer_it_is_overdue() -> None:
    history = history_of([10.0] * 50)
    assert remaining(history, 20.0, 10)[5] < remaining(history, 200.0, 10)[5]
