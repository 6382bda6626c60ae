"""A simulation of a load in steps of one second: token buckets, queues, and what throttles first.

Each second, every flow wants what is new and what waits. A quota that cannot serve all of it throttles.
The same seed gives the same run; no clock is read.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from .traffic import Flow

SECONDS: Final = 1_800
_NORMAL_FROM: Final = 50
"""From this mean on, a normal distribution stands in for Poisson's."""
_NOTHING: Final = 1e-6

Rate = Callable[[int, Flow], float]
"""The mean number of new operations of a flow in a second."""
Takers = Sequence[tuple[str, float]]
"""The flows that take a quota, and what one operation of each takes."""


@dataclass(slots=True)
class Bucket:
    """The tokens of one quota. `growth` more of them come each second while all are taken, up to `most`."""

    rate: float
    burst: float | None = None
    growth: float = 0
    most: float = math.inf
    tokens: float = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.tokens = self._size

    @property
    def _size(self) -> float:
        return max(self.rate, self.burst or 0)

    def take(self, units: float) -> None:
        """Take units, of those that are left."""
        self.tokens = max(_NOTHING, self.tokens - units)

    def restart(self, rate: float) -> None:
        """Start again with another rate, and as many tokens."""
        self.rate = self.tokens = rate

    def refill(self, *, was_short: bool) -> None:
        """Begin the next second."""
        if was_short and self.growth:
            self.rate = min(self.most, self.rate + self.growth)
        self.tokens = min(self._size, self.tokens + self.rate)


@dataclass(slots=True)
class Throttle:
    """A quota that could not serve all that was wanted."""

    quota: str
    since: int
    """The first such second."""
    seconds: int = 0
    """How many such seconds there were."""


@dataclass(slots=True)
class Line:
    """The operations of one flow: what came, what was served, what waits, what was left out."""

    came: float = 0
    served: float = 0
    dropped: float = 0
    waiting: float = 0
    most_waiting: float = 0
    longest_wait: int = 0
    """In seconds, of the oldest that waited."""
    longest_at: int = 0
    """The first second in which one had waited for so long."""
    waits_until: int | None = None
    """The last second in which operations waited."""
    _queue: deque[tuple[int, float]] = field(default_factory=deque)

    def arrive(self, second: int, count: float) -> None:
        """Add new operations."""
        if count > 0:
            self.came += count
            self.waiting += count
            self._queue.append((second, count))

    def serve(self, count: float, *, waits: bool) -> None:
        """Serve the oldest `count`; the rest waits, or is left out."""
        left = count
        while self._queue and self._queue[0][1] <= left + _NOTHING:
            left -= self._queue.popleft()[1]
        if self._queue and left > 0:
            came_at, some = self._queue[0]
            self._queue[0] = (came_at, some - left)
        self.served += count
        self.waiting = max(0.0, self.waiting - count) if self._queue else 0
        if not waits:
            self.dropped += self.waiting
            self.waiting = 0
            self._queue.clear()

    def measure(self, second: int) -> None:
        """Note how many wait, and how long."""
        if self._queue:
            self.most_waiting = max(self.most_waiting, self.waiting)
            self.waits_until = second
            wait = second - self._queue[0][0] + 1
            if wait > self.longest_wait:
                self.longest_wait, self.longest_at = wait, second


@dataclass(frozen=True, slots=True)
class Run:
    """What happened in a simulation. `throttles` has each quota once, in the order of time."""

    lines: Mapping[str, Line]
    throttles: Sequence[Throttle]


def simulate(
    flows: Sequence[Flow],
    buckets: Mapping[str, Bucket],
    *,
    rate: Rate = lambda _, flow: flow.per_second,
    seconds: int = SECONDS,
    settled: int = 0,
    restarts: Mapping[str, float] = {},
    seed: int = 1,
) -> Run:
    """Run `flows` against `buckets`, which it changes. A quota without a bucket has no limit.

    Throttles and waits count from the second `settled` on: until then, what grows may grow. In this second,
    the buckets in `restarts` start again with another rate.
    """
    random = Random(seed)  # noqa: S311 - arrivals, no secrets
    lines = {flow.name: Line() for flow in flows}
    expected = {flow.name: flow.per_second for flow in flows}
    takers = {
        name: [(flow.name, flow.units[name]) for flow in flows if flow.units.get(name)] for name in buckets
    }
    throttles: dict[str, Throttle] = {}
    admitted = dict(expected)
    for second in range(seconds):
        if second == settled:
            for name, tokens in restarts.items():
                buckets[name].restart(tokens)
        for flow in flows:
            # What follows on operations that were throttled comes less often.
            share = min(1.0, admitted[flow.after] / expected[flow.after]) if flow.after else 1.0
            lines[flow.name].arrive(second, poisson(random, share * rate(second, flow)))
        wanted = {name: line.waiting for name, line in lines.items()}
        admitted, short = _admit(wanted, buckets, takers)
        for flow in flows:
            lines[flow.name].serve(admitted[flow.name], waits=flow.waits)
        if second >= settled:
            for name in short:
                throttles.setdefault(name, Throttle(name, second)).seconds += 1
            for line in lines.values():
                line.measure(second)
        for name, bucket in buckets.items():
            bucket.take(_units(takers[name], admitted))
            bucket.refill(was_short=name in short)
    return Run(lines, list(throttles.values()))


def poisson(random: Random, mean: float) -> int:
    """A random number of independent events, of which `mean` are expected."""
    if mean > _NORMAL_FROM:
        return max(0, round(random.gauss(mean, math.sqrt(mean))))
    # Knuth: multiply until the product is below e^-mean.
    bound, product, count = math.exp(-mean), random.random(), 0
    while product > bound:
        product *= random.random()
        count += 1
    return count


def _units(takers: Takers, counts: Mapping[str, float]) -> float:
    return sum(counts[flow] * units for flow, units in takers)


def _admit(
    wanted: Mapping[str, float], buckets: Mapping[str, Bucket], takers: Mapping[str, Takers]
) -> tuple[dict[str, float], list[str]]:
    """What is served, and the quotas that do not serve more, the scarcest first.

    The scarcest quota scales the flows that take it down alike. Then the next one may have enough.
    """
    admitted = dict(wanted)
    short: list[str] = []
    while True:
        times, name = max(
            (_units(takers[each], admitted) / bucket.tokens, each) for each, bucket in buckets.items()
        )
        if times <= 1 + _NOTHING:
            return admitted, short
        short.append(name)
        for flow, _ in takers[name]:
            admitted[flow] /= times
