"""Many waits on one timer, with a clock that the test moves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from statusbeam.localcloud.appsync.event_loop.deadlines import RESOLUTION, DeadlineTimer


class _Timer:
    def __init__(self, when: float, call: Callable[[], None]) -> None:
        self._when = when
        self.call = call
        self.cancelled = False

    def when(self) -> float:
        return self._when

    def cancel(self) -> None:
        self.cancelled = True


class Clock:
    """A loop's clock and timers."""

    def __init__(self) -> None:
        self.now = 100.0
        self.timers: list[_Timer] = []

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, call: Callable[[], None]) -> asyncio.TimerHandle:
        timer = _Timer(when, call)
        self.timers.append(timer)
        return cast("asyncio.TimerHandle", timer)  # all of it that is used

    def pending(self) -> list[_Timer]:
        return [timer for timer in self.timers if not timer.cancelled]

    def advance(self, seconds: float) -> None:
        end = self.now + seconds
        while due := [timer for timer in self.pending() if timer.when() <= end]:
            first = min(due, key=_Timer.when)
            self.timers.remove(first)
            self.now = max(self.now, first.when())
            first.call()
        self.now = end


def make(*seconds: float) -> tuple[Clock, list[Any], list[Any]]:
    clock = Clock()
    timer = DeadlineTimer(clock.time, clock.call_at)
    expired: list[Any] = []
    return clock, [timer.queue(wait, expired.append) for wait in seconds], expired


def test_thing_falls_due_after_its_wait_and_not_before() -> None:
    clock, (queue,), expired = make(10)
    queue.add("a")
    clock.advance(9.9)
    assert expired == []
    clock.advance(0.2)
    assert expired == ["a"]


def test_adding_again_restarts_the_wait() -> None:
    clock, (queue,), expired = make(10)
    queue.add("a")
    clock.advance(6)
    queue.add("a")
    clock.advance(6)
    assert expired == []
    clock.advance(6)
    assert expired == ["a"]


def test_discarded_thing_does_not_fall() -> None:
    clock, (queue,), expired = make(10)
    queue.add("a")
    queue.add("b")
    queue.discard("a")
    queue.discard("unknown")
    clock.advance(20)
    assert expired == ["b"]


def test_short_wait_is_not_delayed_by_a_long_one() -> None:
    clock, (long, short), expired = make(100, 1)
    long.add("long")
    short.add("short")
    clock.advance(1.1)
    assert expired == ["short"]
    clock.advance(100)
    assert expired == ["short", "long"]


def test_thousand_things_need_one_timer() -> None:
    clock, (queue, other), _ = make(10, 20)
    for number in range(1000):
        queue.add(number)
        other.add(number)
    assert len(clock.pending()) == 1


def test_thing_may_add_itself_again_when_it_falls() -> None:
    clock = Clock()
    timer = DeadlineTimer(clock.time, clock.call_at)
    expirations: list[float] = []

    def again(thing: str) -> None:
        expirations.append(clock.now)
        queue.add(thing)

    queue = timer.queue(10, again)
    queue.add("a")
    clock.advance(35)
    assert len(expirations) == 3


def test_one_failure_does_not_stop_the_others() -> None:
    clock = Clock()
    timer = DeadlineTimer(clock.time, clock.call_at)
    expired: list[int] = []

    def expire(number: int) -> None:
        if number == 1:
            raise RuntimeError("bad")
        expired.append(number)

    queue = timer.queue(1, expire)
    for number in range(3):
        queue.add(number)
    clock.advance(2)
    assert expired == [0, 2]


def test_thing_taken_off_by_one_that_fell_before_it_does_not_fall() -> None:
    clock = Clock()
    timer = DeadlineTimer(clock.time, clock.call_at)
    expired: list[str] = []

    def expire(thing: str) -> None:
        expired.append(thing)
        queue.discard("b")

    queue = timer.queue(1, expire)
    queue.add("a")
    queue.add("b")
    clock.advance(2)
    assert expired == ["a"]


def test_no_deadline_expires_after_a_stop() -> None:
    clock = Clock()
    timer = DeadlineTimer(clock.time, clock.call_at)
    expired: list[str] = []
    queue = timer.queue(1, expired.append)
    queue.add("a")
    timer.stop()
    queue.add("b")
    clock.advance(5)
    assert expired == []


def test_take_all_empties_a_queue() -> None:
    clock, (queue,), expired = make(1)
    queue.add("a")
    assert queue.take_all() == ["a"]
    clock.advance(5)
    assert expired == []
    assert len(queue) == 0


@given(st.lists(st.tuples(st.sampled_from([0, 1]), st.floats(0, 3)), max_size=30))
def test_everything_falls_once_and_at_its_time(steps: list[tuple[int, float]]) -> None:
    clock = Clock()
    timer = DeadlineTimer(clock.time, clock.call_at)
    expired: dict[int, float] = {}

    def expire(number: int) -> None:
        expired[number] = clock.now

    queues = [timer.queue(wait, expire) for wait in (1.0, 5.0)]
    due = {}
    for number, (which, pause) in enumerate(steps):
        queues[which].add(number)
        due[number] = clock.now + queues[which].seconds
        clock.advance(pause)
    clock.advance(10)
    assert expired.keys() == due.keys()
    assert all(due[n] <= expired[n] <= due[n] + 2 * RESOLUTION for n in due)
