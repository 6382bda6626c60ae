"""Read units of a job that the bridge watches for an hour, in virtual time: for benchmarks.bridge.

The bridge's own tail and reader read a table in memory, which counts as AWS documents it. A unit reads 4 KB,
and 8 KB if the read is not consistent. Each item of a BatchGetItem is rounded up by itself, a Query as a
whole. No emulator tells what a BatchGetItem consumed, and nearly all of the bridge's reads are of that kind.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import Any, TypeVar, cast

from benchmarks.cost import size_of
from statusbeam.bridge.log_reader.dynamo_reader import DynamoLogReader
from statusbeam.bridge.tail.tails import Tails
from statusbeam.log.journal.batch import Batch
from statusbeam.log.journal.dynamo import DynamoJournal
from statusbeam.log.journal.entry import Entry
from statusbeam.model.clock import Clock
from statusbeam.model.job_key import JobKey
from statusbeam.model.parse import parse_status
from tests.soak.table import MemoryTable
from tests.soak.virtual_time import run

HOUR = 3_600.0
FIRST_SECOND = 1_795_163_400
TABLE = "StatusTable"
UNIT_BYTES = 4_096
JOB = JobKey("public", "job-1")

T = TypeVar("T")


@dataclass(slots=True)
class MeteredReads:
    """What a reader uses of a table, with the read units that it took."""

    table: MemoryTable
    positions: float = 0.0
    others: float = 0.0

    def get_item(self, **request: Any) -> dict[str, Any]:
        """One item by its key."""
        answer = self.table.get_item(**request)
        self.others += _units(_bytes(answer.get("Item", {})), consistent=request["ConsistentRead"])
        return answer

    def query(self, **request: Any) -> dict[str, Any]:
        """The items of one partition between two sort keys."""
        answer = self.table.query(**request)
        self.others += _units(sum(map(_bytes, answer["Items"])), consistent=request["ConsistentRead"])
        return answer

    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        """Items by their keys: the bridge reads positions like this."""
        asked = request["RequestItems"][TABLE]
        answers = [self.table.get_item(Key=key).get("Item", {}) for key in asked["Keys"]]
        for item in answers:
            self.positions += _units(_bytes(item), consistent=asked["ConsistentRead"])
        return {"Responses": {TABLE: [item for item in answers if item]}, "UnprocessedKeys": {}}


def watched_for_an_hour(every: float) -> MeteredReads:
    """The reads of a tail whose job has a status every so many seconds."""
    return run(_hour(every))


async def _hour(every: float) -> MeteredReads:
    loop = asyncio.get_running_loop()
    clock = Clock(now=lambda: FIRST_SECOND + loop.time(), ticks=loop.time)
    reads = MeteredReads(MemoryTable())
    reader = _InlineReader(cast("Any", reads), TABLE, clock=clock)
    journal = DynamoJournal(
        cast("Any", reads.table), TABLE, log_retention_days=7, job_retention_days=90, clock=clock
    )
    _commit(journal, clock, 0)
    async with Tails(reader, clock=clock).watch(JOB, may_see=lambda _: True) as watch:
        following = asyncio.create_task(_follow(watch.next))
        for number in range(1, int(HOUR // every) + 1):
            await asyncio.sleep(every * number - loop.time())
            _commit(journal, clock, number)
        await asyncio.sleep(HOUR - loop.time())
        following.cancel()
    reader.close()
    return reads


async def _follow(news: Callable[[], Any]) -> None:
    while True:
        await news()


def _commit(journal: DynamoJournal, clock: Clock, number: int) -> None:
    status = {
        "jobId": JOB.job_id,
        "userId": "user-1",
        "tenantId": JOB.tenant_id,
        "eventId": f"event-{number}",
        "status": "calling_tool",
        "agentName": "Geo Agent",
        "message": f"Looking up part {number} of what was asked for",
    }
    update = parse_status(status, event_id=f"event-{number}", now=clock.now())
    batch = Batch(batch_id=update.event_id, entries=(Entry(index=0, update=update),))
    journal.commit(batch, deadline=clock.now() + 10)


class _InlineReader(DynamoLogReader):
    """Reads in the loop's own thread: virtual time does not wait for another one."""

    async def _in_thread(self, read: Callable[[], T]) -> T:
        return read()


def _bytes(item: Any) -> int:
    return sum(len(name) + size_of(value) for name, value in item.items())


def _units(size: int, *, consistent: bool) -> float:
    return max(1, ceil(size / UNIT_BYTES)) * (1.0 if consistent else 0.5)
