"""A message that makes the publisher fail does not harm other jobs."""

from __future__ import annotations

import pytest

from statusbeam.model.settings import MESSAGES_PER_INVOCATION, PUBLISHER_SECONDS
from tests.soak.model import SoakError
from tests.soak.poison import INNOCENT_SECONDS, POISONED, Poison, PoisonTally, poison_run

RUNS = 100


def poisoned(seeds: range, **queue: float) -> PoisonTally:
    tally = PoisonTally()
    for seed in seeds:
        tally.add(poison_run(seed=seed, **queue))  # type: ignore[arg-type]
    return tally


def test_the_innocent_are_delivered_within_seconds_whatever_the_poison_does() -> None:
    tally = poisoned(range(RUNS))
    assert set(tally.poisons) == set(Poison)
    assert tally.poisons.total() == RUNS * POISONED
    assert tally.dead_letters == tally.poisons.total() - tally.poisons[Poison.OVERSIZED]
    assert tally.deaths > RUNS * POISONED
    assert 0 < tally.slowest_innocent < INNOCENT_SECONDS < tally.slowest_behind_poison


def test_a_seed_always_does_the_same() -> None:
    assert poison_run(seed=3) == poison_run(seed=3)


def test_the_model_detects_messages_that_share_an_invocation() -> None:
    with pytest.raises(SoakError, match=r"seed \d+: "):
        poisoned(range(20), batch_size=10 * MESSAGES_PER_INVOCATION)


def test_the_model_detects_a_dead_publisher_that_delays_its_job_for_minutes() -> None:
    with pytest.raises(SoakError, match="waited too long for its own poison"):
        poisoned(range(20), visibility=30 * PUBLISHER_SECONDS)
