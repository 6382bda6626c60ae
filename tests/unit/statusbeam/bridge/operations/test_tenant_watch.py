"""A tenant is read once for all operators of a process, and only changed jobs are read again."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from statusbeam.bridge.operations.overview import Overview
from statusbeam.bridge.operations.tenant_watch import Operations, TenantClient
from tests.unit.samples import StoppedClock
from tests.unit.statusbeam.bridge.samples import Log, reader_of

LONG = 60.0


async def look(client: TenantClient) -> Overview:
    found = await client.next(within=LONG)
    assert found is not None
    return found


def operations(log: Log, reader: object, **more: object) -> Operations:
    return Operations(reader, clock=log.time.clock(), look_seconds=0.001, **more)  # type: ignore[arg-type]


async def test_an_overview_has_the_jobs_of_the_tenant_and_no_other() -> None:
    log = Log()
    log.say("agent_invoking")
    log.say("agent_invoking", jobId="job-2", userId="ben")
    log.end(jobId="job-2", userId="ben")
    log.say("agent_invoking", jobId="job-3", tenantId="lake")
    async with operations(log, reader_of(log)).watch("city") as client:
        overview = await look(client)
    assert {job.head.job_id for job in overview.jobs} == {"job-1", "job-2"}
    assert (overview.failed, overview.is_partial, overview.backlog) == (False, False, None)


async def test_jobs_that_have_not_moved_are_not_read_again() -> None:
    log = Log()
    log.say("agent_invoking")
    log.say("agent_invoking", jobId="job-2")
    reader = reader_of(log)
    async with operations(log, reader).watch("city") as client:
        await look(client)
        await look(client)
        assert len(reader.of("snapshot")) == 2
        log.say("agent_complete", jobId="job-2")
        while len(reader.of("snapshot")) < 3:
            await look(client)
        overview = await look(client)
    assert {job.head.job_id: job.head.sequence for job in overview.jobs} == {"job-1": 1, "job-2": 2}


async def test_a_job_that_ends_is_shown_for_a_while() -> None:
    log = Log()
    log.say("agent_invoking")
    async with operations(log, reader_of(log)).watch("city") as client:
        await look(client)
        log.end()
        while not (overview := await look(client)).jobs[0].head.ended:
            continue
        assert overview.jobs[0].head.sequence == 2
        log.time.time += 10_000
        while (await look(client)).jobs:
            continue


async def test_a_rate_is_statuses_in_time() -> None:
    log, ticks = Log(), StoppedClock(time=0.0)
    log.say("agent_invoking")
    clock = log.time.clock()
    made = Operations(
        reader_of(log), clock=type(clock)(now=clock.now, ticks=lambda: ticks.time), look_seconds=0.001
    )
    async with made.watch("city") as client:
        assert (await look(client)).statuses_per_second == 0
        log.say("calling_tool", "tool_complete", "agent_complete")
        ticks.time += 2
        while not (overview := await look(client)).statuses_per_second:
            continue
        assert overview.statuses_per_second == 1.5


async def test_clients_share_a_watch_and_the_last_one_ends_it() -> None:
    log = Log()
    reader = reader_of(log)
    made = operations(log, reader)
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(made.watch("city")) for _ in range(5)]
        await asyncio.gather(*map(look, clients))
        assert made.watched == 1
        assert len(reader.of("heads_of_tenant processing")) < 5
    assert made.watched == 0
    await asyncio.sleep(0)
    calls = len(reader.calls)
    await asyncio.sleep(0.01)
    assert len(reader.calls) == calls


async def test_a_failed_read_is_reported_and_retried() -> None:
    log = Log()
    log.say("agent_invoking")
    reader = reader_of(log)
    async with operations(log, reader).watch("city") as client:
        await look(client)
        reader.failures = 2
        while not (overview := await look(client)).failed:
            continue
        assert [job.head.job_id for job in overview.jobs] == ["job-1"]
        while (await look(client)).failed:
            continue


async def test_a_client_is_not_kept_waiting_for_ever() -> None:
    log = Log()
    made = Operations(reader_of(log), clock=log.time.clock(), look_seconds=LONG)
    async with made.watch("city") as client:
        await look(client)
        assert await client.next(within=0.01) is None


@pytest.mark.parametrize("waiting", [None, 7])
async def test_the_backlog_is_the_queues(waiting: int | None) -> None:
    async def backlog() -> int | None:
        return waiting

    log = Log()
    async with operations(log, reader_of(log), backlog=backlog).watch("city") as client:
        assert (await look(client)).backlog == waiting
