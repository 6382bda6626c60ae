"""Numbers and times in metadata, as stored in the log."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from statusbeam.log.publishing.metadata_values import settled
from statusbeam.log.snapshot.fold import fold
from statusbeam.log.snapshot.job_view import job_view
from tests.unit.statusbeam.log.snapshot.fold_cases import committed, json_values, status

SETTLED: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("a lease too long", {"leaseSeconds": 1e5}, {"leaseSeconds": 86_400, "clamped": {"leaseSeconds": 1e5}}),
    ("a lease below zero", {"leaseSeconds": -1}, {"leaseSeconds": 0, "clamped": {"leaseSeconds": -1}}),
    ("a lease in range", {"leaseSeconds": 600}, {"leaseSeconds": 600}),
    ("no number", {"leaseSeconds": "long"}, {"leaseSeconds": "long"}),
    (
        "tokens",
        {"tokenUsage": {"inputTokens": 2**31, "outputTokens": 3}},
        {
            "tokenUsage": {"inputTokens": 2**31 - 1, "outputTokens": 3},
            "clamped": {"tokenUsage.inputTokens": 2**31},
        },
    ),
    (
        "an estimate",
        {"eta": {"p50": -1, "p90": 1e9}},
        {"eta": {"p50": 0, "p90": 31_536_000}, "clamped": {"eta.p50": -1, "eta.p90": 1e9}},
    ),
    (
        "weights of steps and tools; a negative one takes no step out of the plan",
        {"plan": ["A", {"name": "B", "weight": -2, "tools": ["t", {"name": "u", "weight": 1e7}]}]},
        {
            "plan": ["A", {"name": "B", "weight": 0.001, "tools": ["t", {"name": "u", "weight": 1_000_000}]}],
            "clamped": {"plan.1.weight": -2, "plan.1.tools.1.weight": 1e7},
        },
    ),
    (
        "keys of a caller's own",
        {"weight": -1, "note": {"leaseSeconds": -1}},
        {"weight": -1, "note": {"leaseSeconds": -1}},
    ),
    (
        "a time that somebody waits until",
        {"waiting": {"for": "approval", "until": "2026-11-20T10:30:00+02:00"}},
        {"waiting": {"for": "approval", "until": "2026-11-20T08:30:00.000Z"}},
    ),
    ("no time", {"waiting": {"until": "tomorrow"}}, {"waiting": {"until": "tomorrow"}}),
    (
        "no offset",
        {"waiting": {"until": "2026-11-20T10:30:00"}},
        {"waiting": {"until": "2026-11-20T10:30:00"}},
    ),
]


@pytest.mark.parametrize(
    ("metadata", "expected"), [row[1:] for row in SETTLED], ids=[row[0] for row in SETTLED]
)
def test_metadata_is_settled(metadata: dict[str, Any], expected: dict[str, Any]) -> None:
    assert settled(metadata) == expected


def test_a_mark_names_ten_numbers_at_most() -> None:
    plan = [{"name": f"step-{n}", "weight": -1} for n in range(40)]
    assert len(settled({"plan": plan})["clamped"]) == 10


@given(json_values, json_values, json_values)
def test_the_fold_comes_to_the_same_of_settled_metadata(plan: object, lease: object, usage: object) -> None:
    said = {
        "plan": [plan, {"name": "A", "weight": lease}],
        "leaseSeconds": lease,
        "tokenUsage": {"inputTokens": usage},
    }

    def seen(metadata: dict[str, Any]) -> dict[str, Any]:
        return job_view(fold(committed([status("loading_agents", metadata=metadata)])))

    assert seen(settled(said)) == seen(said)
