"""The correlation of a run's steps, learnt from runs and used for the next."""

from __future__ import annotations

import random
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statusbeam.log.eta.step_correlation import (
    MIN_RUNS,
    SAMPLES,
    increments,
    loadings,
    normal_cdf,
    normal_score,
    sample_paces,
)
from statusbeam.log.eta.step_history import StepHistory

NAMES = ("a", "b", "c", "d")


def learnt(*, together: float, runs: int = 300, names: tuple[str, ...] = NAMES) -> Mapping[str, StepHistory]:
    """Histories of steps whose logarithms share this part of their variance."""
    chance = random.Random(7)  # noqa: S311 - simulated runs, not secrets
    history: dict[str, StepHistory] = {}
    for _ in range(runs):
        pace = chance.gauss(0, together**0.5)
        took = [(name, 2.718 ** (2 + pace + chance.gauss(0, (1 - together) ** 0.5))) for name in names]
        for name, increment in increments(took, history).items():
            history[name] = history.get(name, StepHistory()).merged(increment)
    return history


@pytest.mark.parametrize("together", [0.0, 0.3, 0.8])
def test_loadings_show_how_far_steps_are_slow_together(together: float) -> None:
    for loading in loadings(learnt(together=together)).values():
        assert loading**2 == pytest.approx(together, abs=0.15)


def test_a_step_by_itself_follows_nobody_it_could_be_compared_with() -> None:
    history = learnt(together=0.5, names=("a",))
    assert history["a"].compared == 0
    assert 0 <= loadings(history)["a"] < 1
    assert loadings({}) == {}


def test_the_first_runs_are_not_compared_because_they_have_no_place_among_others() -> None:
    assert all(step.compared == 0 for step in learnt(together=0.5, runs=MIN_RUNS).values())
    assert all(step.compared == 1 for step in learnt(together=0.5, runs=MIN_RUNS + 1).values())


def test_an_invalid_duration_adds_nothing_to_the_history() -> None:
    assert increments([("a", -1.0), ("b", float("nan"))], {}) == {}


def test_steps_of_one_name_count_each() -> None:
    assert increments([("a", 1.0), ("a", 2.0)], {})["a"].runs == 2


@given(
    st.lists(st.tuples(st.floats(0, 0.97), st.floats(-6, 6)), max_size=8),
    st.lists(st.tuples(st.floats(0, 0.97), st.floats(0, 1 - 1e-9)), max_size=8),
)
def test_paces_are_ascending_and_finite_whatever_has_happened(
    done: list[tuple[float, float]], running: list[tuple[float, float]]
) -> None:
    drawn = sample_paces(done, running)
    assert len(drawn) == SAMPLES
    assert drawn == sorted(drawn)
    assert all(-60 < pace < 60 for pace in drawn)


def middle(drawn: list[float]) -> float:
    return drawn[SAMPLES // 2]


def test_a_slow_step_and_an_overdue_one_both_indicate_a_slow_run() -> None:
    assert middle(sample_paces([(0.8, 2.0)], [])) > 1
    assert middle(sample_paces([], [(0.8, 0.99)])) > 1
    assert middle(sample_paces([(0.8, -2.0)], [])) < -1
    assert middle(sample_paces([(0.0, 2.0)], [(0.0, 0.99)])) == pytest.approx(0, abs=0.02)


def test_a_score_is_a_place_among_the_earlier_runs() -> None:
    history = learnt(together=0.0)["a"]
    assert normal_score(0.0, history) < -2 < 2 < normal_score(1e6, history)
    assert normal_cdf(normal_score(2.718**2, history)) == pytest.approx(0.5, abs=0.1)
