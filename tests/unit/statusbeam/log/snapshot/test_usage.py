"""Token usage: valid reports, and the ledger of reports."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statusbeam.log.snapshot.usage import ATTEMPTS_KEPT, Ledger, usage_in, usage_view

REPORTS: list[tuple[str, Any, tuple[int, int] | None]] = [
    ("both", {"inputTokens": 12, "outputTokens": 3}, (12, 3)),
    ("one of both", {"outputTokens": 3}, (0, 3)),
    ("a whole number written as a fraction", {"inputTokens": 12.0}, (12, 0)),
    ("the largest", {"inputTokens": 2**31 - 1}, (2**31 - 1, 0)),
    ("one too large, one good", {"inputTokens": 2**31, "outputTokens": 3}, (2**31 - 1, 3)),
    ("below zero", {"inputTokens": -1}, (0, 0)),
    ("a fraction", {"inputTokens": 1.5}, (1, 0)),
    ("true is no number", {"inputTokens": True}, None),
    ("text", {"inputTokens": "12"}, None),
    ("a list", [12, 3], None),
    ("nothing", None, None),
]


@pytest.mark.parametrize(
    ("report", "expected"), [row[1:] for row in REPORTS], ids=[row[0] for row in REPORTS]
)
def test_a_report_is_read_as_far_as_it_is_a_count(report: Any, expected: tuple[int, int] | None) -> None:
    assert usage_in({"tokenUsage": report}) == expected


def test_metadata_without_a_report_has_none() -> None:
    assert usage_in({}) is None


def ledger_of(*reports: tuple[int, int, int]) -> Ledger:
    ledger = Ledger()
    for attempt, tokens_in, tokens_out in reports:
        ledger = ledger.reported(attempt, (tokens_in, tokens_out))
    return ledger


def test_a_running_total_that_comes_late_does_not_take_back_a_larger_one() -> None:
    assert ledger_of((1, 100, 5), (1, 80, 9), (2, 1, 1)).total == (101, 10)


reports = st.tuples(st.integers(1, ATTEMPTS_KEPT), st.integers(0, 99), st.integers(0, 99))


@given(st.lists(reports), st.data())
def test_the_order_of_reports_does_not_matter(
    given_reports: list[tuple[int, int, int]], data: st.DataObject
) -> None:
    again = data.draw(st.permutations(given_reports + given_reports))
    assert ledger_of(*again) == ledger_of(*given_reports)


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(0, 99), st.integers(0, 99))))
def test_a_ledger_never_shrinks_stays_small_and_survives_its_store(
    all_reports: list[tuple[int, int, int]],
) -> None:
    ledger = Ledger()
    for attempt, tokens_in, tokens_out in all_reports:
        before, ledger = ledger, ledger.reported(attempt, (tokens_in, tokens_out))
        assert before.total[0] <= ledger.total[0]
        assert len(ledger.attempts) <= ATTEMPTS_KEPT
        assert Ledger.from_item(json.loads(json.dumps(ledger.to_item()))) == ledger


def test_readers_see_at_most_the_largest_integer_of_graphql_and_nothing_for_nothing() -> None:
    assert usage_view((2**31 - 1, 5)) == {
        "inputTokens": 2**31 - 1,
        "outputTokens": 5,
        "totalTokens": 2**31 - 1,
    }
    assert usage_view((0, 0)) is None
