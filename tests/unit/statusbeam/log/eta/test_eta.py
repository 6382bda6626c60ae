"""The remaining time: estimates that hold on unseen runs."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

import pytest

from statusbeam.log.eta.critical_path import END, Step, estimate, observations, steps_of
from statusbeam.log.eta.step_correlation import MIN_RUNS, increments
from statusbeam.log.eta.step_history import StepHistory
from statusbeam.log.snapshot.fold import fold
from statusbeam.log.snapshot.job_state import Eta
from statusbeam.model.update import StatusUpdate
from tests.unit.statusbeam.log.snapshot.fold_cases import START_MS, committed, status

START = START_MS / 1000


def seeded(seed: int | str) -> random.Random:
    return random.Random(seed)  # noqa: S311 - simulated runs, not secrets


def history_of(runs: list[float]) -> StepHistory:
    history = StepHistory()
    for run in runs:
        history = history.observed(run)
    return history


# --- estimate ---------------------------------------------------------------------------------------------

TEN = history_of([10.0] * 1_000)
ABOUT_TEN = pytest.approx(10, rel=0.1)


def p50(steps: list[Step], history: Mapping[str, StepHistory] | None = None) -> float:
    found = estimate(steps, history or dict.fromkeys("abcd", TEN))
    assert found is not None
    return found.p50


def test_without_enough_history_of_a_step_that_is_left_nothing_is_known() -> None:
    thin = history_of([10.0] * (MIN_RUNS - 1))
    assert estimate([Step(name="a")], {}) is None
    assert estimate([Step(name="a"), Step(name="b")], {"a": TEN, "b": thin}) is None
    assert estimate([], {"a": TEN}) is None


def test_a_step_that_is_done_needs_no_history() -> None:
    assert p50([Step(name="gone", done=True), Step(name="a", depends_on=("gone",))]) == ABOUT_TEN


def test_without_remaining_steps_there_is_no_remaining_time() -> None:
    assert estimate([Step(name="a", done=True)], {}) == Eta(p50=0.0, p90=0.0)


def test_only_the_longest_path_counts() -> None:
    chain = [
        Step(name="a", elapsed=0.0),
        Step(name="b", depends_on=("a",)),
        Step(name="c", depends_on=("b",)),
    ]
    assert p50(chain) == pytest.approx(30, rel=0.1)
    assert p50([*chain, Step(name="d", elapsed=0.0)]) == p50(chain)


def test_a_running_step_waits_for_nobody() -> None:
    assert p50([Step(name="b", depends_on=("a",), elapsed=0.0), Step(name="a", elapsed=4.0)]) == ABOUT_TEN


def test_a_circle_still_gives_an_estimate() -> None:
    assert p50([Step(name="a", depends_on=("b",)), Step(name="b", depends_on=("a",))]) == pytest.approx(
        20, rel=0.1
    )


def test_equal_input_gives_equal_output_in_any_order_of_steps() -> None:
    steps = [Step(name=name, depends_on=("a",) if name != "a" else ()) for name in "abcd"]
    history = {name: history_of([seeded(name).lognormvariate(2, 0.5) for _ in range(60)]) for name in "abcd"}
    assert estimate(steps, history) == estimate(steps[::-1], history)


# --- held-out runs ----------------------------------------------------------------------------------------

Draw = Callable[[random.Random], float]


def lognormal(mean: float, spread: float) -> Draw:
    return lambda chance: chance.lognormvariate(mean, spread)


def cached(often: float, hit: Draw, miss: Draw) -> Draw:
    return lambda chance: hit(chance) if chance.random() < often else miss(chance)


def retried(fails: float, run: Draw) -> Draw:
    def draw(chance: random.Random) -> float:
        total = run(chance)
        while chance.random() < fails:
            total += run(chance)
        return total

    return draw


Workflow = dict[str, tuple[tuple[str, ...], Draw]]
Pace = Callable[[random.Random], float]

FAN_OUT: Workflow = {
    "load": ((), lognormal(0.5, 0.2)),
    "geo": (("load",), lognormal(2.5, 0.6)),
    "category": (("load",), cached(0.6, lognormal(0.0, 0.3), lognormal(3.0, 0.4))),
    "severity": (("load",), lognormal(2.0, 0.8)),
    "write": (("geo", "category", "severity"), lognormal(1.5, 0.3)),
}
CHAIN: Workflow = {
    "search": ((), retried(0.2, lognormal(2.0, 0.4))),
    "read": (("search",), lognormal(3.0, 0.7)),
    "answer": (("read",), lambda chance: chance.uniform(5, 9)),
}
LONG_CHAIN: Workflow = {f"s{n}": ((f"s{n - 1}",) if n else (), lognormal(2.0, 0.5)) for n in range(8)}
ONE_STEP: Workflow = {"wait": ((), lognormal(4.0, 1.0))}
WORKFLOWS = {"fan-out": FAN_OUT, "chain": CHAIN, "long chain": LONG_CHAIN, "one step": ONE_STEP}

SLOWED = frozenset(("geo", "severity", "write", "read", "answer", "s1", "s3", "s5"))
"""The steps that a run's pace slows where it does not slow all."""
PACES: dict[str, tuple[Pace, bool]] = {
    "each step by itself": (lambda _: 1.0, True),
    "much together": (lambda chance: chance.lognormvariate(0, 0.8), True),
    "some together": (lambda chance: chance.lognormvariate(0, 0.8), False),
}
HELD_OUT = 288
Run = dict[str, tuple[float, float]]


def spans(workflow: Workflow, pace: tuple[Pace, bool], chance: random.Random) -> Run:
    """One run: (ready, end) of each step. One pace slows all of its steps, or those in SLOWED."""
    draw_pace, slows_all = pace
    slower = draw_pace(chance)
    run: Run = {}
    for name, (depends_on, draw) in workflow.items():
        ready = max((run[other][1] for other in depends_on), default=0.0)
        run[name] = (ready, ready + draw(chance) * (slower if slows_all or name in SLOWED else 1.0))
    return run


def as_seen(workflow: Workflow, run: Run, now: float) -> list[Step]:
    return [
        Step(
            name=name,
            depends_on=depends_on,
            elapsed=now - run[name][0] if run[name][0] <= now else None,
            done=run[name][1] <= now,
            took=run[name][1] - run[name][0] if run[name][1] <= now else None,
        )
        for name, (depends_on, _) in workflow.items()
    ]


def learnt(
    workflow: Workflow, pace: tuple[Pace, bool], runs: int, chance: random.Random
) -> dict[str, StepHistory]:
    history: dict[str, StepHistory] = {}
    for _ in range(runs):
        run = spans(workflow, pace, chance)
        took = [(name, end - at) for name, (at, end) in run.items()]
        for name, increment in increments(took, history).items():
            history[name] = history.get(name, StepHistory()).merged(increment)
    return history


def coverage(
    workflow: Workflow, pace: tuple[Pace, bool], *, runs: int, after: float, histories: int
) -> tuple[float, float]:
    """Of held-out runs still under way `after` seconds, the shares that ended within p50 and within p90.

    Estimates come from several histories of `runs` runs each, so that no lucky one decides.
    """
    chance = seeded(20_261_120)
    asked, within_p50, within_p90 = 0, 0, 0
    while asked < HELD_OUT:
        history = learnt(workflow, pace, runs, chance)
        for _ in range(HELD_OUT // histories):
            run = spans(workflow, pace, chance)
            left = max(end for _, end in run.values()) - after
            if left > 0:
                found = estimate(as_seen(workflow, run, after), history)
                assert found is not None
                asked += 1
                within_p50 += left <= found.p50
                within_p90 += left <= found.p90
    return within_p50 / asked, within_p90 / asked


@pytest.mark.parametrize("after", [0.0, 20.0])
@pytest.mark.parametrize("pace", PACES)
@pytest.mark.parametrize("name", WORKFLOWS)
def test_nine_of_ten_held_out_runs_end_within_p90_and_about_half_within_p50(
    name: str, pace: str, after: float
) -> None:
    half, most = coverage(WORKFLOWS[name], PACES[pace], runs=200, after=after, histories=12)
    assert 0.85 <= most <= 0.95
    assert 0.40 <= half <= 0.62


@pytest.mark.parametrize("name", WORKFLOWS)
def test_p90_is_no_promise_too_much_when_the_history_is_short(name: str) -> None:
    steps_alone = PACES["each step by itself"]
    _, most = coverage(WORKFLOWS[name], steps_alone, runs=MIN_RUNS, after=0.0, histories=120)
    assert most >= 0.85


# --- jobs -------------------------------------------------------------------------------------------------

PLAN = status(
    "loading_agents",
    metadata={
        "plan": [
            "Load",
            {"name": "Geo", "dependsOn": ["Load"]},
            {"name": "Write", "dependsOn": ["Load", "Geo"]},
        ]
    },
)
LOADED = status("agent_complete", 5, agent="Load")
GEO_TRIES = [
    status("agent_invoking", 6, agent="Geo", invocation="g1"),
    status("agent_error", 9, agent="Geo", invocation="g1"),
    status("agent_invoking", 10, agent="Geo", invocation="g1", attempt=2),
]
REST = [
    status("agent_complete", 15, agent="Geo", invocation="g1"),
    status("agent_complete", 16, agent="Write"),
    status("complete", 18.5),
]


def seen(updates: list[StatusUpdate], at: float) -> list[tuple[str, float | None, bool]]:
    return [(step.name, step.elapsed, step.done) for step in steps_of(fold(committed(updates)), START + at)]


def test_a_jobs_steps_count_from_when_they_were_ready() -> None:
    assert seen([PLAN], 3) == [
        ("Load", 3, False),
        ("Geo", None, False),
        ("Write", None, False),
        (END, None, False),
    ]
    assert seen([PLAN, LOADED, *GEO_TRIES], 12)[:3] == [
        ("Load", 12, True),
        ("Geo", 7, False),
        ("Write", None, False),
    ]
    assert seen([PLAN, LOADED, *GEO_TRIES, *REST[:2]], 17)[2:] == [("Write", 2, True), (END, 1, False)]


def test_a_step_that_began_before_what_it_depends_on_had_ended_counts_from_its_beginning() -> None:
    assert seen([PLAN, status("agent_invoking", 2, agent="Geo")], 3)[1] == ("Geo", 1, False)


def test_a_step_does_not_wait_for_itself() -> None:
    itself = status("loading_agents", metadata={"plan": [{"name": "Geo", "dependsOn": ["Geo"]}]})
    assert seen([itself], 3)[0] == ("Geo", 3, False)


def test_a_job_without_a_plan_has_no_steps_and_no_estimate() -> None:
    job = fold(committed([status("agent_invoking", agent="Geo")]))
    assert (steps_of(job, START), observations(job)) == ([], [])
    assert estimate(steps_of(job, START), {"Geo": TEN}) is None


def test_a_completed_job_has_each_steps_duration_with_retries_and_waiting() -> None:
    job = fold(committed([PLAN, LOADED, *GEO_TRIES, *REST]))
    assert observations(job) == [("Load", 5), ("Geo", 10), ("Write", 1), (END, 2.5)]


def test_a_failed_or_running_job_adds_nothing_to_the_history() -> None:
    assert observations(fold(committed([PLAN, LOADED]))) == []
    assert observations(fold(committed([PLAN, LOADED, status("error", 6)]))) == []


def test_a_planned_job_is_estimated_from_earlier_ones() -> None:
    history: dict[str, StepHistory] = {}
    done = fold(committed([PLAN, LOADED, *GEO_TRIES, *REST]))
    for _ in range(200):
        for name, took in observations(done):
            history[name] = history.get(name, StepHistory()).observed(took)
    found = estimate(steps_of(fold(committed([PLAN])), START), history)
    assert found is not None
    assert found.p50 == pytest.approx(18.5, rel=0.1)
