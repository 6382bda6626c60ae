"""The behaviour of every LogReader: one list of cases, each adapter one line of parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from statusbeam.bridge.log_reader.dynamo_reader import DynamoLogReader
from statusbeam.bridge.log_reader.memory_reader import MemoryLogReader
from statusbeam.bridge.log_reader.reader import LogReader
from statusbeam.log.journal.dynamo import DynamoJournal
from statusbeam.log.journal.memory import MemoryJournal
from statusbeam.log.publishing.ports import Journal
from statusbeam.model.errors import JournalError
from statusbeam.model.limits import DAY_SECONDS
from statusbeam.model.words import OverallStatus
from tests.unit.dynamo_tables import STATUS_TABLE, dynamo_tables
from tests.unit.samples import NOW, StoppedClock, batch, job_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """A reader, the journal that it reads, and their clock."""

    reader: LogReader
    journal: Journal
    time: StoppedClock

    def write(self, batch_id: str, count: int = 1, **changes: Any) -> None:
        self.journal.commit(batch(batch_id, count, **changes), deadline=NOW + 1e9)


@contextmanager
def in_memory() -> Iterator[Setup]:
    time = StoppedClock()
    journal = MemoryJournal(clock=time.clock())
    yield Setup(reader=MemoryLogReader(journal), journal=journal, time=time)


@contextmanager
def on_dynamo() -> Iterator[Setup]:
    time = StoppedClock()
    with dynamo_tables() as client:
        journal = DynamoJournal(
            client, STATUS_TABLE, log_retention_days=7, job_retention_days=90, clock=time.clock()
        )
        reader = DynamoLogReader(client, STATUS_TABLE, clock=time.clock())
        yield Setup(reader=reader, journal=journal, time=time)
        reader.close()


@pytest.fixture(params=[in_memory, on_dynamo], ids=["memory", "dynamo"])
def setup(request: pytest.FixtureRequest) -> Iterator[Setup]:
    make: Callable[[], AbstractContextManager[Setup]] = request.param
    with make() as made:
        yield made


async def test_positions_are_those_of_the_jobs_that_exist(setup: Setup) -> None:
    setup.write("b1", 3)
    setup.write("b2", 1, jobId="job #2%")
    head = (await setup.reader.heads([job_key()]))[0]
    jobs = [job_key(), job_key("job #2%"), job_key("job-3"), job_key("job-1", "another tenant"), job_key()]
    found = await setup.reader.positions(jobs)
    assert found[job_key()] == (head.epoch, 3)
    assert {job: sequence for job, (_, sequence) in found.items()} == {job_key(): 3, job_key("job #2%"): 1}


async def test_positions_of_many_jobs_come_in_parts(setup: Setup) -> None:
    setup.write("b1")
    jobs = [job_key(f"job-{number}") for number in range(230)]
    assert list(await setup.reader.positions(jobs)) == [job_key()]


async def test_a_snapshot_and_its_log_are_the_journals(setup: Setup) -> None:
    setup.write("b1", 3)
    assert await setup.reader.snapshot(job_key()) == setup.journal.snapshot(job_key())
    assert await setup.reader.snapshot(job_key("job-2")) is None
    updates = await setup.reader.updates(job_key(), first=2, last=9)
    assert [update.sequence for update in updates] == [2, 3]


async def test_expired_jobs_are_gone(setup: Setup) -> None:
    setup.write("b1")
    setup.time.time += 92 * DAY_SECONDS
    assert await setup.reader.positions([job_key()]) == {}
    assert list(await setup.reader.heads([job_key()])) == []
    assert (await setup.reader.heads_of_user("city", "ana", limit=5)).heads == []


async def test_a_users_jobs_come_newest_first_in_pages_and_are_the_users_own(setup: Setup) -> None:
    for number in range(5):
        setup.time.time += 1
        at = f"2026-11-20T08:3{number}:00.000Z"
        setup.write(f"b{number}", jobId=f"job-{number}", timestamp=at)
    setup.write("b-ben", jobId="of-ben", userId="ben")
    setup.write("b-lake", jobId="of-lake", tenantId="lake")
    listed, token = [], None
    while True:
        page = await setup.reader.heads_of_user("city", "ana", limit=2, token=token)
        listed += [head.job_id for head in page.heads]
        if (token := page.next_token) is None:
            break
    assert listed == ["job-4", "job-3", "job-2", "job-1", "job-0"]


async def test_heads_keep_the_order_in_which_they_are_asked_for(setup: Setup) -> None:
    setup.write("b1", jobId="job-1")
    setup.write("b2", jobId="job-2")
    asked = [job_key("job-2"), job_key("job-9"), job_key("job-1")]
    assert [head.job_id for head in await setup.reader.heads(asked)] == ["job-2", "job-1"]


async def test_dynamos_errors_are_journal_errors() -> None:
    with dynamo_tables() as client:
        reader = DynamoLogReader(client, "NoSuchTable")
        with pytest.raises(JournalError):
            await reader.positions([job_key()])
        with pytest.raises(JournalError):
            await reader.heads_of_user("city", "ana", limit=1)
        reader.close()


async def test_heads_that_a_batch_left_out_are_requested_again_and_never_mistaken_for_absent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with dynamo_tables() as client:
        journal = DynamoJournal(client, STATUS_TABLE, log_retention_days=7, job_retention_days=90)
        journal.commit(batch("b1"), deadline=NOW + 1e9)
        reader = DynamoLogReader(client, STATUS_TABLE)
        whole, left_out = client.batch_get_item, [True]

        def batch_get_item(**request: Any) -> Any:
            if left_out[0]:
                left_out[0] = len(left_out) > 1
                return {"Responses": {}, "UnprocessedKeys": request["RequestItems"]}
            return whole(**request)

        monkeypatch.setattr(client, "batch_get_item", batch_get_item)
        assert list(await reader.positions([job_key()])) == [job_key()]
        left_out[:] = [True, True]
        with pytest.raises(JournalError, match="returned no answer for some heads"):
            await reader.positions([job_key()])
        reader.close()


async def test_the_jobs_of_a_tenant_are_listed_by_state_newest_first(setup: Setup) -> None:
    for number in range(3):
        setup.write(f"b{number}", jobId=f"job-{number}", userId=f"user-{number}")
        setup.time.time += 1
    setup.write("done", jobId="job-1", userId="user-1", agentName=None, status="complete")
    setup.write("other", jobId="job-9", tenantId="lake")

    async def jobs(state: OverallStatus, limit: int = 10) -> list[str]:
        return [head.job_id for head in await setup.reader.heads_of_tenant("city", state, limit=limit)]

    assert await jobs(OverallStatus.PROCESSING) == ["job-2", "job-0"]
    assert await jobs(OverallStatus.PROCESSING, limit=1) == ["job-2"]
    assert await jobs(OverallStatus.COMPLETED) == ["job-1"]
    assert await jobs(OverallStatus.FAILED) == []
