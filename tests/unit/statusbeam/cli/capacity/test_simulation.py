"""The simulation: nothing gets lost in it, and no quota gives more than it has or throttles for nothing."""

from __future__ import annotations

import math
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statusbeam.cli.capacity.simulation import Bucket, Run, poisson, simulate
from statusbeam.cli.capacity.traffic import Flow

SECONDS = 40
QUOTAS = ("one", "two", "three")
flows = st.builds(
    lambda rates, units, waits: [
        Flow(name=f"flow {at}", per_second=rate, units=dict(zip(QUOTAS, unit, strict=True)), waits=wait)
        for at, (rate, unit, wait) in enumerate(zip(rates, units, waits, strict=False))
    ],
    st.lists(st.floats(0.01, 500), min_size=1, max_size=3),
    st.lists(st.tuples(*[st.sampled_from([0, 0.02, 1, 7])] * 3), min_size=3, max_size=3),
    st.lists(st.booleans(), min_size=3, max_size=3),
)
buckets = st.builds(
    lambda rates, bursts: {
        name: Bucket(rate, burst) for name, rate, burst in zip(QUOTAS, rates, bursts, strict=True)
    },
    st.lists(st.floats(0.5, 1_000), min_size=3, max_size=3),
    st.lists(st.none() | st.floats(1, 3_000), min_size=3, max_size=3),
)


def run(*flows: Flow, **rates: float) -> Run:
    return simulate(flows, {name: Bucket(rate) for name, rate in rates.items()}, seconds=SECONDS)


@settings(max_examples=40)
@given(flows, buckets, st.integers(0, 9))
def test_what_came_was_served_or_waits_or_was_left_out(
    flows: list[Flow], buckets: dict[str, Bucket], seed: int
) -> None:
    result = simulate(flows, buckets, seconds=SECONDS, seed=seed)
    for flow in flows:
        line = result.lines[flow.name]
        assert line.came == pytest.approx(line.served + line.waiting + line.dropped, abs=1e-3)
        assert line.waiting == 0 if not flow.waits else line.dropped == 0


@settings(max_examples=40)
@given(flows, buckets)
def test_no_quota_gives_more_than_its_tokens(flows: list[Flow], buckets: dict[str, Bucket]) -> None:
    most = {
        name: bucket.tokens + bucket.rate * (SECONDS - 1) for name, bucket in buckets.items()
    }  # the run changes the buckets
    result = simulate(flows, buckets, seconds=SECONDS)
    for name, units in most.items():
        used = sum(result.lines[flow.name].served * flow.units[name] for flow in flows)
        assert used <= units * 1.001 + 0.01


@settings(max_examples=40)
@given(flows)
def test_nothing_throttles_where_each_quota_has_room_for_every_second(flows: list[Flow]) -> None:
    def most(flow: Flow) -> float:
        return flow.per_second + 12 * math.sqrt(flow.per_second) + 20

    ample = {name: Bucket(1 + sum(most(flow) * flow.units[name] for flow in flows)) for name in QUOTAS}
    result = simulate(flows, ample, seconds=SECONDS)
    assert result.throttles == []
    assert all(line.served == line.came and line.longest_wait == 0 for line in result.lines.values())


@settings(max_examples=40)
@given(st.floats(1, 200), st.floats(1, 400), st.floats(1, 4))
def test_a_larger_quota_serves_no_less_and_lets_nobody_wait_longer(
    mean: float, rate: float, times: float
) -> None:
    flow = Flow(name="flow", per_second=mean, units={"one": 1})
    small, large = run(flow, one=rate).lines["flow"], run(flow, one=rate * times).lines["flow"]
    assert small.came == large.came
    assert large.served >= small.served - 1e-3
    assert large.longest_wait <= small.longest_wait
    assert large.most_waiting <= small.most_waiting + 1e-3


def test_the_same_seed_gives_the_same_run() -> None:
    flow = Flow(name="flow", per_second=90, units={"one": 1})

    def throttled(seed: int) -> tuple[float, int]:
        result = simulate([flow], {"one": Bucket(90)}, seconds=SECONDS, seed=seed)
        return result.lines["flow"].came, result.throttles[0].since

    assert throttled(1) == throttled(1)
    assert throttled(1) != throttled(2)


def test_only_the_quota_that_holds_a_flow_up_is_named() -> None:
    flow = Flow(name="flow", per_second=100, units={"one": 1, "two": 1})
    result = run(flow, one=20, two=60)
    assert [throttle.quota for throttle in result.throttles] == ["one"]
    assert result.lines["flow"].served == pytest.approx(20 * SECONDS, abs=0.1)


def test_flows_that_share_a_quota_are_throttled_alike() -> None:
    fast, slow = (
        Flow(name=name, per_second=n, units={"one": 1}, waits=False) for name, n in (("f", 900), ("s", 90))
    )
    lines = run(fast, slow, one=495).lines
    assert lines["f"].served / lines["f"].came == pytest.approx(0.5, abs=0.02)
    assert lines["s"].served / lines["s"].came == pytest.approx(0.5, abs=0.02)


def test_the_wait_is_the_age_of_the_oldest_that_waits() -> None:
    flow = Flow(name="flow", per_second=0, units={"one": 1})
    result = simulate(
        [flow], {"one": Bucket(10)}, rate=lambda second, _: 1_000 if second == 5 else 0, seconds=200
    )
    line = result.lines["flow"]
    assert line.longest_wait == pytest.approx(line.came / 10, abs=1)
    assert line.waits_until is not None
    assert line.waits_until == 5 + line.longest_wait - 1


def test_a_burst_is_served_from_saved_tokens() -> None:
    flow = Flow(name="flow", per_second=0, units={"one": 1})

    def throttles(burst: float | None) -> int:
        spike = simulate(
            [flow], {"one": Bucket(10, burst)}, rate=lambda second, _: 400 if second == 0 else 0, seconds=200
        )
        return len(spike.throttles)

    assert (throttles(None), throttles(600)) == (1, 0)


def test_what_grows_grows_only_while_all_of_it_is_taken() -> None:
    bucket = Bucket(10, growth=5, most=30)
    bucket.refill(was_short=False)
    assert bucket.rate == 10
    for _ in range(9):
        bucket.refill(was_short=True)
    assert bucket.rate == 30


def test_what_follows_on_throttled_operations_comes_less_often() -> None:
    cause = Flow(name="cause", per_second=100, units={"one": 1})
    effect = Flow(name="effect", per_second=200, units={"two": 1}, after="cause")
    lines = run(cause, effect, one=25, two=10_000).lines
    assert lines["effect"].came == pytest.approx(50 * SECONDS, rel=0.1)


def test_before_the_load_has_settled_nothing_is_noted() -> None:
    flow = Flow(name="flow", per_second=0, units={"one": 1})

    def spike(second: int, _: Flow) -> float:
        return 500 if second == 3 else 0

    result = simulate([flow], {"one": Bucket(100)}, rate=spike, seconds=SECONDS, settled=20)
    assert (result.throttles, result.lines["flow"].longest_wait) == ([], 0)


@pytest.mark.parametrize("mean", [0, 0.3, 7, 45, 60, 8_000])
def test_arrivals_have_the_mean_and_the_variance_of_poissons_distribution(mean: float) -> None:
    random = Random(7)  # noqa: S311 - no secrets
    counts = [poisson(random, mean) for _ in range(2_000)]
    average = sum(counts) / len(counts)
    assert average == pytest.approx(mean, rel=0.1)
    assert sum((count - average) ** 2 for count in counts) / len(counts) == pytest.approx(mean, rel=0.15)
