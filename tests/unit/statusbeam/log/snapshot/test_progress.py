"""The weighted tree: plans in any form, tools into an agent, agents into a job."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statusbeam.log.snapshot.progress import (
    FULL,
    TOOLS_PER_STEP,
    WEIGHT,
    WEIGHT_MAX,
    PlanStep,
    WeightedProgress,
    agent_progress,
    parse_plan,
)
from statusbeam.model.limits import STEPS_PER_PLAN
from tests.unit.statusbeam.log.snapshot.fold_cases import json_values

GEO = PlanStep(name="Geo", invocation_id="Geo")
WHOLE = {
    "name": "Geo",
    "invocationId": "i1",
    "weight": 2.5,
    "dependsOn": ["Load", "Load", 5],
    "tools": ["map", {"name": "index", "weight": 2}, {"weight": 3}],
}
AS_READ = PlanStep(
    name="Geo",
    invocation_id="i1",
    weight=2_500,
    depends_on=("Load",),
    tool_weights=(("map", WEIGHT), ("index", 2_000)),
)
PLANS: list[tuple[str, Any, tuple[PlanStep, ...]]] = [
    ("names", ["Geo", "Write"], (GEO, PlanStep(name="Write", invocation_id="Write"))),
    ("everything", [WHOLE], (AS_READ,)),
    ("the first of equal invocations", ["Geo", {"name": "Geo", "weight": 2}], (GEO,)),
    ("one agent twice", ["Geo", WHOLE], (GEO, AS_READ)),
    ("a weight of zero", [{"name": "Geo", "weight": 0}], (replace(GEO, weight=0),)),
    ("a weight that is no number", [{"name": "Geo", "weight": "heavy"}], (GEO,)),
    ("a weight below zero", [{"name": "Geo", "weight": -1}], (replace(GEO, weight=1),)),
    ("a very large weight", [{"name": "Geo", "weight": 1e6}], (replace(GEO, weight=WEIGHT_MAX),)),
    ("a weight beyond that", [{"name": "Geo", "weight": 1e7}], (replace(GEO, weight=WEIGHT_MAX),)),
    ("no name", [{"weight": 1}, "", 7, None, "x" * 129], ()),
    ("no list", {"name": "Geo"}, ()),
    ("nothing", None, ()),
]


@pytest.mark.parametrize(("value", "expected"), [row[1:] for row in PLANS], ids=[row[0] for row in PLANS])
def test_a_plan_is_read_as_far_as_it_can_be(value: Any, expected: tuple[PlanStep, ...]) -> None:
    assert parse_plan(value) == expected


def test_a_plan_and_its_parts_are_bounded() -> None:
    wide = [{"name": f"agent-{n}", "tools": [f"tool-{t}" for t in range(40)]} for n in range(100)]
    plan = parse_plan(wide)
    assert (len(plan), len(plan[0].tool_weights)) == (STEPS_PER_PLAN, TOOLS_PER_STEP)


@given(
    st.lists(
        st.dictionaries(st.sampled_from(("name", "weight", "dependsOn", "tools")), json_values) | json_values
    )
)
def test_no_json_makes_reading_a_plan_fail(value: Any) -> None:
    assert len(parse_plan(value)) <= STEPS_PER_PLAN


AGENTS: list[tuple[str, int | None, list[tuple[str, int]], list[tuple[str, int]], int | None]] = [
    ("nothing known", None, [("map", FULL)], [], None),
    ("its own word", 40_000, [("map", FULL)], [], 40_000),
    ("its planned tools", None, [("map", FULL)], [("map", 1_000), ("index", 3_000)], 25_000),
    ("tools outside the plan", None, [("other", FULL)], [("map", 1_000)], 0),
    ("whichever is further", 30_000, [("map", FULL)], [("map", 1_000), ("index", 3_000)], 30_000),
    ("planned tools without weight", None, [("map", FULL)], [("map", 0)], None),
    ("rounded down", None, [("map", FULL)], [("map", 1_000), ("b", 1_000), ("c", 1_000)], 33_333),
]


@pytest.mark.parametrize(
    ("reported", "tools", "weights", "expected"), [row[1:] for row in AGENTS], ids=[row[0] for row in AGENTS]
)
def test_an_agents_progress_comes_from_its_report_and_its_planned_tools(
    reported: int | None, tools: list[tuple[str, int]], weights: list[tuple[str, int]], expected: int | None
) -> None:
    assert agent_progress(reported, tools, weights) == expected


agents = st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, FULL)), min_size=1, max_size=6)


@given(st.lists(agents, min_size=1, max_size=10))
def test_a_bar_never_falls_back_stays_in_bounds_and_ends_full(stages: list[list[tuple[int, int]]]) -> None:
    """Each stage is a whole new state of the agents, however wild; in the last one all are done."""
    bar = WeightedProgress()
    for stage in [*stages, [(weight, FULL) for weight, _ in stages[-1]]]:
        total = sum(weight for weight, _ in stage)
        moved = bar.moved(total - bar.total, sum(w * p for w, p in stage) - bar.done)
        moved = moved.advanced(revised=moved.total != bar.total)
        assert bar.shown <= moved.shown <= FULL
        bar = moved
    assert bar.shown == FULL or bar.total == 0


def test_a_bar_moves_on_right_after_the_total_grew() -> None:
    bar = WeightedProgress().moved(1_000, 80_000_000).advanced(revised=True)
    grown = bar.moved(9_000, 0).advanced(revised=True)
    further = grown.moved(0, 92_000_000).advanced(revised=False)
    assert (bar.shown, grown.shown, grown.share, further.shown) == (80_000, 80_000, 8_000, 82_000)


@given(st.lists(st.integers(0, 10**15), min_size=5, max_size=5))
def test_a_bar_survives_its_store(numbers: list[int]) -> None:
    bar = WeightedProgress.from_item(numbers)
    assert WeightedProgress.from_item(json.loads(json.dumps(bar.to_item()))) == bar
