"""Following a job: no loss, no repetition and a true verdict, with any failure of the network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statusbeam.client.errors import NotFoundError, RefusedError, UnreachableError
from statusbeam.client.follower import Follower, Push
from statusbeam.log.snapshot.fold import fold
from statusbeam.model.update import StatusUpdate
from tests.unit.statusbeam.client.fake_service import JOB_ID, FakeService, Network, VirtualTime, status_of

DEADLINE_SECONDS = 30


@asynccontextmanager
async def passing(time: VirtualTime) -> AsyncIterator[None]:
    clock = asyncio.get_running_loop().create_task(time.run())
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            yield
    finally:
        clock.cancel()


async def followed(service: FakeService, **options: Any) -> tuple[list[int], Follower]:
    """The sequences in the order in which they were given, to the end of the job."""
    time = VirtualTime()
    follower = Follower(JOB_ID, service, sleep=time.sleep, chance=lambda: 0.5, **options)
    given_: list[int] = []
    async with passing(time), aclosing(follower.batches()) as batches:
        async for updates in batches:
            given_ += [update.sequence or 0 for update in updates]
    return given_, follower


def job_of(*sizes: int, end: str = "complete") -> list[list[dict[str, Any]]]:
    """Commits of so many statuses each; the last status of all ends the job."""
    commits, sequence = [], 0
    for size in sizes:
        commits.append([status_of(sequence + number) for number in range(1, size + 1)])
        sequence += size
    commits[-1][-1] = status_of(sequence, end)
    return commits


async def test_pushes_are_given_as_they_come() -> None:
    service = FakeService(job_of(1, 3, 1))
    given_, follower = await followed(service)
    assert given_ == [1, 2, 3, 4, 5]
    assert follower.join.recovered
    assert service.is_closed


async def test_a_job_that_has_ended_is_read_from_the_log() -> None:
    service = FakeService(job_of(7))
    service.commit()
    given_, follower = await followed(service)
    assert given_ == [1, 2, 3, 4, 5, 6, 7]
    assert service.subscriptions == 0  # it would note a session, to which the publisher pushes
    assert follower.job == fold(map(StatusUpdate.from_store, service.log))


@given(
    seed=st.integers(0, 2**32),
    sizes=st.lists(st.integers(1, 5), min_size=1, max_size=12),
    before=st.integers(0, 3),
    after=st.integers(0, 4),
)
def test_over_any_network_each_status_is_returned_once_and_in_order(
    seed: int, sizes: list[int], before: int, after: int
) -> None:
    async def run() -> None:
        service = FakeService(job_of(*sizes), network=Network(seed))
        for _ in range(before):
            service.commit()
        start = min(after, len(service.log))
        given_, follower = await followed(service, after=start)
        assert given_ == list(range(start + 1, sum(sizes) + 1))
        assert follower.join.recovered
        folded = fold(map(StatusUpdate.from_store, service.log))
        assert replace(follower.job.head, epoch=None) == folded.head

    asyncio.run(run())


@given(seed=st.integers(0, 2**32), lost=st.integers(1, 9))
def test_expired_statuses_are_reported_as_missing(seed: int, lost: int) -> None:
    async def run() -> None:
        service = FakeService(job_of(9), network=Network(seed), lost=lost)
        service.commit()
        given_, follower = await followed(service)
        assert given_ == list(range(lost + 1, 10))
        assert not follower.join.recovered
        assert follower.job.head.ended  # from the snapshot: the log does not reach back

    asyncio.run(run())


def verdict_of(follower: Follower) -> tuple[str, str | None]:
    return follower.join.verdict, follower.join.reason


async def test_the_verdict_is_whole_only_after_a_position_that_was_asked_for_while_subscribed() -> None:
    service, time = FakeService([[status_of(1)]]), VirtualTime()
    follower = Follower(JOB_ID, service, sleep=time.sleep)
    assert verdict_of(follower) == ("joining", "catching_up")
    async with passing(time), aclosing(follower.batches()) as batches:
        await anext(batches)
        waiting = asyncio.ensure_future(anext(batches))
        while verdict_of(follower) != ("whole", None):
            await asyncio.sleep(0)
        follower.join.interrupted()
        assert verdict_of(follower) == ("behind", "not_connected")
        follower.join.subscribed()
        assert verdict_of(follower) == ("behind", "checking")
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


async def test_a_job_id_that_is_used_again_starts_again_and_is_no_recovery() -> None:
    service, time = FakeService([[status_of(1), status_of(2)]]), VirtualTime()
    follower = Follower(JOB_ID, service, sleep=time.sleep)
    async with passing(time), aclosing(follower.batches()) as batches:
        assert [update.sequence for update in await anext(batches)] == [1, 2]
        service.log, service.epoch = [status_of(1, "complete", eventId="another")], "e2"
        again = [update.event_id async for updates in batches for update in updates]
    assert again == ["another"]
    assert not follower.join.recovered


async def test_a_job_that_is_gone_from_the_store_ends_the_following() -> None:
    service, time = FakeService([[status_of(1)]]), VirtualTime()
    follower = Follower(JOB_ID, service, sleep=time.sleep)
    async with passing(time), aclosing(follower.batches()) as batches:
        await anext(batches)
        service.log.clear()
        with pytest.raises(NotFoundError):
            await anext(batches)


async def test_a_job_that_has_not_come_as_far_is_not_found() -> None:
    service = FakeService(job_of(3))
    service.commit()
    with pytest.raises(NotFoundError):
        await followed(service, after=9)


async def test_a_refusal_ends_the_following() -> None:
    service = FakeService([[status_of(1)]])
    service.failures = [RefusedError("no")]
    with pytest.raises(RefusedError):
        await followed(service)
    assert service.is_closed


async def test_a_request_that_fails_is_made_again() -> None:
    service = FakeService(job_of(2))
    service.failures = [UnreachableError("no answer")] * 3
    given_, _ = await followed(service)
    assert given_ == [1, 2]


async def test_an_agent_may_report_after_the_end_of_its_job_but_not_for_long() -> None:
    at_work = status_of(1, "agent_invoking", agentName="Geo Agent")
    end = status_of(2, "complete")
    late = status_of(3, "agent_complete", agentName="Geo Agent")
    given_, follower = await followed(FakeService([[at_work], [end], [late]]))
    assert given_ == [1, 2, 3]
    given_, follower = await followed(FakeService([[at_work], [end]]))
    assert given_ == [1, 2]
    assert follower.job.head.ended


async def test_a_quiet_job_is_checked_less_often() -> None:
    service, time = FakeService([[status_of(1)]]), VirtualTime()
    asked: list[float] = []
    follower = Follower(JOB_ID, service, sleep=time.sleep, on_idle=lambda: asked.append(time.now))
    async with passing(time), aclosing(follower.batches()) as batches:
        await anext(batches)
        waiting = asyncio.ensure_future(anext(batches))
        while len(asked) < 16:
            await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    assert round(asked[1] - asked[0]) == 5
    assert round(asked[-1] - asked[-2]) == 20


class BreaksWhenCancelled(FakeService):
    """Its first connection breaks while it is cancelled."""

    async def subscribe(self) -> AsyncGenerator[Push | None, None]:
        self.subscriptions += 1
        yield None
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if self.subscriptions > 1:
                raise
            raise UnreachableError("the connection broke") from None


async def test_following_ends_also_when_the_connection_breaks_at_that_moment() -> None:
    service = BreaksWhenCancelled([])
    service.log += [status_of(1)]
    follower = Follower(JOB_ID, service)
    async with asyncio.timeout(60), aclosing(follower.batches()) as batches:
        assert [update.sequence for update in await anext(batches)] == [1]
        following = asyncio.ensure_future(anext(batches))
        while not service.subscriptions:
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        following.cancel()
        await asyncio.wait([following])
    assert (service.subscriptions, service.is_closed) == (1, True)
