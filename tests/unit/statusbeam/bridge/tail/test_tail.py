"""A job's tail and its clients: joined, in order, without gaps, through failures of either."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statusbeam.bridge.tail.cursor import BEGINNING, BadCursorError, Cursor
from statusbeam.bridge.tail.events import Joined, Lost, Step, WatchEvent
from statusbeam.bridge.tail.tails import Tails
from statusbeam.bridge.tail.watch import STEPS_AT_ONCE, Watch
from statusbeam.log.snapshot.fold import fold
from statusbeam.log.snapshot.job_state import Head
from statusbeam.model.errors import JournalError
from statusbeam.model.limits import DAY_SECONDS
from tests.unit.samples import job_key
from tests.unit.statusbeam.bridge.samples import QUICK, CountingReader, Log, reader_of


def everybody(_: Head) -> bool:
    return True


@asynccontextmanager
async def watching(
    log: Log, after: Cursor | None = None, *, reader: CountingReader | None = None, steps_kept: int = 256
) -> AsyncIterator[Watch]:
    tails = Tails(reader or reader_of(log), pace=QUICK, steps_kept=steps_kept)
    async with tails.watch(job_key(), may_see=everybody, after=after) as watch:
        yield watch
    assert tails.watched == 0


async def until(watch: Watch, sequence: int) -> list[WatchEvent]:
    events: list[WatchEvent] = []
    while watch.cursor.sequence < sequence:
        events += await watch.next()
    return events


def sequences(events: Sequence[WatchEvent]) -> list[int]:
    return [event.sequence for event in events if isinstance(event, Step)]


def epoch(log: Log) -> str:
    return log.job().head.epoch or ""


async def test_a_joiner_takes_the_snapshot_and_then_each_status_with_before_and_after() -> None:
    log = Log()
    log.say("agent_invoking", "calling_tool")
    async with watching(log) as watch:
        joined = await watch.next()
        log.say("tool_complete", "agent_complete")
        steps = await until(watch, 4)
    assert joined == (Joined(job=fold(log.journal.updates(job_key(), first=1, last=2), epoch=epoch(log))),)
    assert sequences(steps) == [3, 4]
    assert isinstance(steps[-1], Step)
    assert steps[-1].after == log.job()
    assert [event.update.status for event in steps if isinstance(event, Step)] == [
        "tool_complete",
        "agent_complete",
    ]


async def test_a_job_that_has_not_begun_is_joined_empty_and_followed_from_its_first_status() -> None:
    log = Log()
    async with watching(log) as watch:
        (joined,) = await watch.next()
        log.say("agent_invoking")
        steps = await until(watch, 1)
    assert isinstance(joined, Joined)
    assert joined.job.head.sequence == 0
    assert sequences(steps) == [1]


async def test_a_client_continues_after_its_cursor_without_a_snapshot() -> None:
    log = Log()
    log.say("agent_invoking", "calling_tool", "tool_complete")
    async with watching(log, Cursor(epoch(log), 1)) as watch:
        assert sequences(await watch.next()) == [2, 3]


async def test_the_beginning_is_a_cursor_of_any_epoch() -> None:
    log = Log()
    log.say("agent_invoking", "calling_tool")
    async with watching(log, BEGINNING) as watch:
        assert sequences(await watch.next()) == [1, 2]


async def test_all_clients_of_a_job_share_one_tail_and_reconnecting_clients_share_one_read() -> None:
    log = Log()
    log.say(*["calling_tool"] * 30)
    reader = reader_of(log)
    tails = Tails(reader, pace=QUICK)

    async def come_back(after: int) -> list[int]:
        cursor = Cursor(epoch(log), after)
        async with tails.watch(job_key(), may_see=everybody, after=cursor) as watch:
            return sequences(await until(watch, 31))

    clients = [asyncio.create_task(come_back(after)) for after in range(30)]
    while tails.watched == 0:
        await asyncio.sleep(0)
    log.say("agent_complete")
    answers = await asyncio.gather(*clients)
    assert answers == [list(range(after + 1, 32)) for after in range(30)]
    assert len(reader.of("snapshot")) == 1
    assert len(reader.of("updates 1-")) == 1


async def test_a_client_behind_the_kept_steps_is_served_from_the_log() -> None:
    log = Log()
    async with watching(log, steps_kept=4) as watch:
        await watch.next()
        tail = watch._tail
        log.say(*["calling_tool"] * (2 * STEPS_AT_ONCE + 7))
        while tail.cursor.sequence < log.written:  # the client is slow meanwhile
            await asyncio.sleep(0)
        steps = await until(watch, log.written)
    assert sequences(steps) == list(range(1, log.written + 1))
    assert [one.after for one, _ in pairwise(steps) if isinstance(one, Step)] == [
        other.before for _, other in pairwise(steps) if isinstance(other, Step)
    ]


@pytest.mark.parametrize(
    ("cursor", "lost"),
    [
        pytest.param(Cursor("another", 1), Lost.OTHER_EPOCH, id="another epoch"),
        pytest.param(Cursor("", 9), Lost.AHEAD_OF_LOG, id="a status that does not exist"),
    ],
)
async def test_a_cursor_without_a_target_gets_its_verdict_and_the_snapshot(
    cursor: Cursor, lost: Lost
) -> None:
    log = Log()
    log.say("agent_invoking", "calling_tool")
    async with watching(log, Cursor(cursor.epoch or epoch(log), cursor.sequence)) as watch:
        assert await watch.next() == (Joined(job=log.job(), lost=lost),)
        log.say("tool_complete")
        assert sequences(await watch.next()) == [3]


async def test_a_log_that_no_longer_reaches_the_cursor_gives_a_verdict_and_never_a_part() -> None:
    log = Log()
    log.say("agent_invoking", "calling_tool")
    cursor = Cursor(epoch(log), 1)
    log.time.time += 8 * DAY_SECONDS
    log.say("tool_complete")
    async with watching(log, cursor) as watch:
        assert await watch.next() == (Joined(job=log.job(), lost=Lost.LOG_EXPIRED),)


async def test_a_job_id_that_is_used_again_is_another_log() -> None:
    log = Log()
    log.say("agent_invoking", "calling_tool")
    async with watching(log) as watch:
        await watch.next()
        log.time.time += 91 * DAY_SECONDS
        log.say("agent_invoking", "calling_tool", "tool_complete")
        events = await watch.next()
    assert [type(event) for event in events] == [Joined]
    assert [event.lost for event in events if isinstance(event, Joined)] == [Lost.OTHER_EPOCH]


async def test_another_users_job_looks_like_one_that_has_not_begun() -> None:
    log = Log()
    log.say("agent_invoking")
    tails = Tails(reader_of(log), pace=QUICK)
    async with tails.watch(job_key(), may_see=lambda _: False) as stranger:
        (joined,) = await stranger.next()
        async with tails.watch(job_key(), may_see=everybody) as owner:
            await owner.next()
            log.say("calling_tool")
            await until(owner, 2)
        assert isinstance(joined, Joined)
        assert joined.job.head.job_id == ""
        assert await stranger.next(within=0) == ()


async def test_a_watch_answers_empty_after_its_time_and_at_an_interrupt() -> None:
    log = Log()
    async with watching(log) as watch:
        await watch.next()
        assert await watch.next(within=0) == ()
        waiting = asyncio.create_task(watch.next())
        await asyncio.sleep(0)
        watch.interrupt()
        assert await waiting == ()
        watch.interrupt()  # also when nobody waits yet
        assert await watch.next() == ()


async def test_a_read_that_fails_is_tried_again() -> None:
    log = Log()
    reader = reader_of(log)
    async with watching(log, reader=reader) as watch:
        await watch.next()
        reader.failures = 3
        log.say("agent_invoking")
        assert sequences(await watch.next()) == [1]


async def test_a_log_that_stays_unreadable_ends_its_clients_and_the_next_one_starts_again() -> None:
    log = Log()
    reader = reader_of(log)
    tails = Tails(reader, pace=QUICK)
    async with tails.watch(job_key(), may_see=everybody) as watch:
        await watch.next()
        reader.failures = 1_000
        with pytest.raises(JournalError):
            await watch.next()
    reader.failures = 1
    with pytest.raises(JournalError):
        async with tails.watch(job_key(), may_see=everybody):
            raise AssertionError
    log.say("agent_invoking")
    async with tails.watch(job_key(), may_see=everybody) as watch:
        assert await watch.next() == (Joined(job=log.job()),)
    assert tails.watched == 0


async def test_a_hint_ends_the_wait() -> None:
    log = Log()
    reader = reader_of(log)
    slow = QUICK.__class__(hot=3600, warm=3600, quiet=3600)
    tails = Tails(reader, pace=slow)
    async with tails.watch(job_key(), may_see=everybody) as watch:
        await watch.next()
        while not reader.of("positions"):
            await asyncio.sleep(0.001)
        log.say("agent_invoking")
        tails.hint(job_key())
        assert sequences(await watch.next()) == [1]


async def test_positions_of_many_jobs_are_read_in_one_call() -> None:
    log = Log()
    reader = reader_of(log)
    tails = Tails(reader, pace=QUICK)
    jobs = [f"job-{number}" for number in range(40)]

    async def first_of(job_id: str) -> list[int]:
        async with tails.watch(job_key(job_id), may_see=everybody) as watch:
            await watch.next()
            log.write({"jobId": job_id})
            return sequences(await watch.next())

    assert await asyncio.gather(*map(first_of, jobs)) == [[1]] * 40
    assert len(reader.of("positions")) < 40


@settings(max_examples=40)
@given(st.data())
async def test_clients_that_connect_and_disconnect_see_each_status_once_and_in_order(
    data: st.DataObject,
) -> None:
    log = Log()
    tails = Tails(reader_of(log), pace=QUICK, steps_kept=data.draw(st.integers(1, 8)))
    have, seen = Cursor("0", 0), []
    for _ in range(data.draw(st.integers(1, 4))):
        log.say(*["calling_tool"] * data.draw(st.integers(0, 12)))
        async with tails.watch(job_key(), may_see=everybody, after=have) as watch:
            for _ in range(data.draw(st.integers(0, 3))):
                seen += sequences(await watch.next(within=0))
                log.say(*["calling_tool"] * data.draw(st.integers(0, 5)))
            have = watch.cursor
    async with tails.watch(job_key(), may_see=everybody, after=have) as watch:
        seen += sequences(await until(watch, log.written))
    assert seen == list(range(1, log.written + 1))


@pytest.mark.parametrize(
    "text", ["", "7", "e1:", ":7", "e1:-1", "e1:7 ", "e1:7\n", "é:1", "e1:٣", "e" * 33 + ":1"]
)
def test_a_text_that_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(BadCursorError):
        Cursor.parse(text)


def test_a_cursor_is_read_back_from_its_text() -> None:
    assert Cursor.parse(str(Cursor("19aa3c", 12))) == Cursor("19aa3c", 12)
