"""Latencies and losses of a probe, by the times of each status at each place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statusbeam.client.doctor.measures import PRODUCED_TO_RECEIVED, Passage, measures_of, percentile


def test_each_stretch_has_the_milliseconds_of_each_status() -> None:
    passages = [
        Passage(
            0.0,
            committed=0.010 * number,
            pushed=0.020 * number,
            received=0.021 * number,
            pushes=1,
            receipts=1,
        )
        for number in range(1, 101)
    ]
    found = measures_of(passages, reconnects=0).latencies
    assert {name: [round(value) for value in values] for name, values in found.items()} == {
        "producedToCommitted": [10 * number for number in range(1, 101)],
        "committedToPushed": [10 * number for number in range(1, 101)],
        "pushedToReceived": list(range(1, 101)),
        PRODUCED_TO_RECEIVED: [21 * number for number in range(1, 101)],
    }


def test_a_push_proves_the_commit_that_no_read_has_shown_yet() -> None:
    found = measures_of(
        [Passage(0.0, committed=0.5, pushed=0.1, received=0.2, pushes=1, receipts=1)], reconnects=0
    )
    (milliseconds,) = found.latencies["producedToCommitted"]
    assert milliseconds == pytest.approx(100)
    assert (found.committed, found.lost) == (1, 0)


def test_losses_duplicates_and_recoveries_are_counted() -> None:
    passages = [
        Passage(0.0, committed=0.1, pushed=0.2, received=0.3, pushes=1, receipts=1),
        Passage(0.0, committed=0.1, pushed=0.2, received=0.3, pushes=3, receipts=1),
        Passage(0.0, committed=0.1, received=0.3, receipts=1),
        Passage(0.0, committed=0.1, pushed=0.4, received=0.3, pushes=1, receipts=1),
        Passage(0.0, committed=0.1, pushed=0.2, pushes=1),
        Passage(0.0, committed=0.1, pushed=0.2, received=0.3, pushes=1, receipts=2),
        Passage(0.0),
    ]
    found = measures_of(passages, reconnects=2)
    assert (found.sent, found.committed, found.pushed, found.received) == (7, 6, 5, 5)
    assert (found.lost, found.duplicates, found.recovered, found.reconnects) == (1, 3, 2, 2)


def test_without_a_status_there_are_no_latencies() -> None:
    assert measures_of([], reconnects=0).latencies == {}


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0, 1))
def test_a_percentile_is_one_of_the_values_and_at_least_so_many_are_not_above_it(
    values: list[float], share: float
) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values)
