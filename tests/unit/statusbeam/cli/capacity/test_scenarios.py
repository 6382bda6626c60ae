"""The scenarios of `statusbeam quotas`: what throttles, and for how long."""

from __future__ import annotations

from dataclasses import replace

import pytest

from statusbeam.cli.capacity.scenarios import (
    BURST,
    CROWD,
    DEPLOY,
    EVENT_AT,
    RECONNECT,
    SCENARIOS,
    STEADY,
    grows,
    run,
)
from statusbeam.cli.capacity.simulation import SECONDS
from statusbeam.cli.capacity.traffic import CHECKS, COMMITS, JOINS, PUSHES, SAMPLES, Traffic, demands

SMALL = Traffic(jobs_per_second=1, watchers=100, tenants=5)
MEDIUM = Traffic(jobs_per_second=100, watchers=10_000, tenants=50)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_nothing_throttles_a_small_load(scenario: str) -> None:
    result = run(scenario, SMALL, {})
    assert result.throttles == []
    assert all(line.served == line.came for line in result.lines.values())


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_scenario_is_the_same_each_time(scenario: str) -> None:
    assert run(scenario, MEDIUM, {}) == run(scenario, MEDIUM, {})


def test_watchers_that_reconnect_wait_for_appsyncs_connections() -> None:
    result = run(RECONNECT, MEDIUM, {})
    assert [throttle.quota for throttle in result.throttles] == ["connections"]
    assert result.throttles[0].since == EVENT_AT
    # 10 000 watchers, 2 000 a second
    assert result.lines[JOINS].longest_wait == pytest.approx(5, abs=1)
    faster = run(RECONNECT, MEDIUM, {"connections": 20_000})
    assert [throttle.quota for throttle in faster.throttles] == ["request-tokens"]
    assert faster.lines[JOINS].longest_wait < result.lines[JOINS].longest_wait


def test_a_burst_waits_in_the_queue_until_lambda_has_more_pollers() -> None:
    ample = {"table-writes": 1e9, "warm-throughput": 1e9}
    result = run(BURST, MEDIUM, ample)
    assert [throttle.quota for throttle in result.throttles] == ["mapping-scaling"]
    assert 1 <= result.lines[COMMITS].longest_wait < 30
    assert not grows(result.lines[COMMITS])
    assert run(BURST, MEDIUM, {**ample, "mapping-scaling": 1_000}).lines[COMMITS].longest_wait <= 1


def test_a_burst_beyond_the_table_waits_until_the_table_has_caught_up() -> None:
    result = run(BURST, MEDIUM, {"mapping-scaling": 1_000})
    assert {"warm-throughput", "table-writes"} & {throttle.quota for throttle in result.throttles}
    assert result.lines[COMMITS].longest_wait > 60
    assert not grows(result.lines[COMMITS])


def test_after_a_deployment_a_large_load_waits_for_new_environments() -> None:
    large = Traffic(jobs_per_second=12_500, tenants=10_000)  # 2 000 environments
    ample = dict.fromkeys(demands(large), 1e9)
    ample["function-scaling"] = 100
    result = run(DEPLOY, large, ample)
    assert [throttle.quota for throttle in result.throttles] == ["function-scaling"]
    # 1 000 come at once, then 100 a second. Of 100 000 commits, 50 000 wait after a second, 45 000 more after
    # the next, and so on.
    assert result.lines[COMMITS].most_waiting == pytest.approx(275_000, rel=0.02)
    assert result.lines[COMMITS].longest_wait == 3
    assert not grows(result.lines[COMMITS])
    assert run(STEADY, large, ample).throttles == []


def test_a_load_beyond_the_table_waits_longer_and_longer() -> None:
    result = run(STEADY, replace(MEDIUM, jobs_per_second=1_000), {})
    line = result.lines[COMMITS]
    assert "table-writes" in {throttle.quota for throttle in result.throttles}
    assert grows(line)
    assert line.longest_wait > SECONDS / 2
    # What is pushed is what was committed.
    assert result.lines[PUSHES].came / result.lines[PUSHES].served < 1.01
    assert result.lines[PUSHES].came < 0.5 * 1_000 * 8 * 10_000 / 300_000 * SECONDS


def test_checks_and_samples_are_left_out_and_never_wait() -> None:
    result = run(CROWD, replace(MEDIUM, watchers=100_000), {})
    for flow in (CHECKS, SAMPLES):
        assert result.lines[flow].longest_wait == 0
    assert result.lines[CHECKS].dropped > 0
