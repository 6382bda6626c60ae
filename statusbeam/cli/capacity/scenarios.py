"""What a load meets: how much of each quota it takes, and what throttles first when something happens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from .aws_quotas import ALL, FUNCTION_SCALING, GROWTH, MAPPING_SCALING, WARM_THROUGHPUT
from .simulation import SECONDS, Bucket, Line, Rate, Run, simulate
from .traffic import COMMITS, JOINS, SAMPLES, STARTS, Flow, Traffic, demands, flows, limits

EVENT_AT: Final = 120
"""The second in which something happens; until then, Lambda adapts to the load."""
BURST_SECONDS: Final = 60
BURST_TIMES: Final = 10
STEADY: Final = "steady"
BURST: Final = "burst"
DEPLOY: Final = "deploy"
RECONNECT: Final = "reconnect"
CROWD: Final = "crowd"
SCENARIOS: Final = {
    STEADY: "nothing happens",
    BURST: f"{BURST_TIMES} times as many jobs start, for {BURST_SECONDS} s",
    DEPLOY: "a deployment replaces all environments of the publisher",
    RECONNECT: "all watchers lose their connections, and join again",
    CROWD: "all watchers follow one job, which reports as fast as it may",
}
_LATELY: Final = 60
_BURSTS: Final = {quota.name: quota.burst for quota in ALL}
_FRESH: Final = FUNCTION_SCALING.burst or 0
"""The environments that Lambda makes at once."""
_GROWTH: Final = {quota.name for quota in GROWTH}


@dataclass(frozen=True, slots=True)
class Use:
    """How much of a quota a steady load takes."""

    quota: str
    demand: float
    limit: float

    @property
    def share(self) -> float:
        """The demand, as a share of the limit. Above 1, the quota throttles."""
        return self.demand / self.limit


def uses(traffic: Traffic, granted: Mapping[str, float]) -> list[Use]:
    """The quotas that a steady load takes, the scarcest first."""
    allowed = limits(traffic, granted)
    taken = [
        Use(name, demand, allowed[name]) for name, demand in demands(traffic).items() if name not in _GROWTH
    ]
    return sorted(taken, key=lambda use: (-use.share, use.quota))


def run(scenario: str, traffic: Traffic, granted: Mapping[str, float]) -> Run:
    """Simulate one of SCENARIOS."""
    happening = replace(traffic, crowd=scenario == CROWD)
    return simulate(
        flows(happening),
        _buckets(happening, granted),
        rate=_rate(scenario, happening),
        settled=EVENT_AT,
        restarts={FUNCTION_SCALING.name: _FRESH} if scenario == DEPLOY else {},
    )


def _buckets(traffic: Traffic, granted: Mapping[str, float]) -> dict[str, Bucket]:
    allowed = limits(traffic, granted)
    taken = demands(traffic)
    buckets = {
        name: Bucket(allowed[name], None if name in granted else _BURSTS.get(name))
        for name in taken
        if name not in _GROWTH
    }
    # At the beginning, what grows is as large as the steady load needs.
    begun = taken.get(FUNCTION_SCALING.name, 0)
    buckets[FUNCTION_SCALING.name] = Bucket(_FRESH + begun, growth=allowed[FUNCTION_SCALING.name])
    pollers = max(_BURSTS[MAPPING_SCALING.name] or 0, taken.get(MAPPING_SCALING.name, 0))
    buckets[MAPPING_SCALING.name] = Bucket(pollers, growth=allowed[MAPPING_SCALING.name])
    # On demand, a table takes twice its former peak at once.
    peak = 2 * taken.get(WARM_THROUGHPUT.name, 0)
    buckets[WARM_THROUGHPUT.name] = Bucket(max(allowed[WARM_THROUGHPUT.name], peak))
    return buckets


def _rate(scenario: str, traffic: Traffic) -> Rate:
    if scenario == BURST:
        return lambda second, flow: flow.per_second * _burst(second, flow, 60 * traffic.job.minutes)
    if scenario == RECONNECT:
        return lambda second, flow: (
            flow.per_second + (traffic.watchers if (flow.name, second) == (JOINS, EVENT_AT) else 0)
        )
    return lambda _, flow: flow.per_second


def _burst(second: int, flow: Flow, duration: float) -> float:
    """How many times as many operations as before there are: a job reports for its whole duration."""
    since = second - EVENT_AT
    more = BURST_TIMES - 1
    if flow.name == STARTS:
        return 1 + more * (0 <= since < BURST_SECONDS)
    if flow.name == SAMPLES:
        return 1 + more * (0 <= since - duration < BURST_SECONDS)
    if flow.name == COMMITS:
        begun = min(max(since, 0), BURST_SECONDS)
        over = min(max(since - duration, 0), BURST_SECONDS)
        return 1 + more * (begun - over) / duration
    return 1


def grows(line: Line) -> bool:
    """Whether the waits of a flow still become longer when the simulation ends."""
    return line.waits_until == SECONDS - 1 and line.longest_at >= SECONDS - _LATELY
