"""A log in memory that tests write to, and a LogReader that counts, delays and fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from statusbeam.bridge.log_reader.memory_reader import MemoryLogReader
from statusbeam.bridge.log_reader.reader import HeadsPage, LogReader
from statusbeam.bridge.tail.pace import Pace
from statusbeam.log.journal.memory import MemoryJournal
from statusbeam.log.snapshot.job_state import Head, Job
from statusbeam.model.errors import JournalError
from statusbeam.model.job_key import JobKey
from statusbeam.model.update import StatusUpdate
from statusbeam.model.words import OverallStatus
from tests.unit.samples import NOW, StoppedClock, batch_of, job_key, update

QUICK = Pace(hot=0.001, warm=0.001, quiet=0.001)
"""No test waits for its turn."""


@dataclass(slots=True)
class Log:
    """A journal in memory, and short ways to write to it."""

    time: StoppedClock = field(default_factory=StoppedClock)
    written: int = 0
    journal: MemoryJournal = field(init=False)

    def __post_init__(self) -> None:
        self.journal = MemoryJournal(clock=self.time.clock())

    def write(self, *changes: Mapping[str, Any]) -> None:
        """Commit one status a mapping, all in one batch."""
        updates = []
        for change in changes:
            self.written += 1
            updates.append(update(f"e{self.written}", **change))
        self.journal.commit(batch_of(updates, f"b{self.written}"), deadline=NOW + 1e9)

    def commit(self, updates: Sequence[StatusUpdate], batch_id: str) -> None:
        """Commit these statuses as they are."""
        self.journal.commit(batch_of(updates, batch_id), deadline=NOW + 1e9)

    def say(self, *words: str, **changes: Any) -> None:
        """Commit one status of the Geo Agent for each word, each in a separate batch."""
        for word in words:
            self.write({"status": word, "message": f"{word} {self.written + 1}", **changes})

    def end(self, word: str = "complete", **changes: Any) -> None:
        """Commit the job's end."""
        self.write({"status": word, "agentName": None, "message": "Done", **changes})

    def job(self, job_id: str = "job-1") -> Job:
        """The snapshot."""
        return self.journal.snapshot(job_key(job_id)) or Job()


class CountingReader:
    """A LogReader that counts the calls of another one, and fails a given number of times."""

    def __init__(self, reader: LogReader) -> None:
        self._reader = reader
        self.calls: list[str] = []
        self.failures = 0

    async def positions(self, jobs: Sequence[JobKey]) -> Mapping[JobKey, tuple[str, int]]:
        self._count("positions")
        return await self._reader.positions(jobs)

    async def snapshot(self, job: JobKey) -> Job | None:
        self._count("snapshot")
        return await self._reader.snapshot(job)

    async def updates(self, job: JobKey, *, first: int, last: int) -> Sequence[StatusUpdate]:
        self._count(f"updates {first}-{last}")
        return await self._reader.updates(job, first=first, last=last)

    async def heads(self, jobs: Sequence[JobKey]) -> Sequence[Head]:
        self._count("heads")
        return await self._reader.heads(jobs)

    async def heads_of_tenant(self, tenant_id: str, state: OverallStatus, *, limit: int) -> Sequence[Head]:
        self._count(f"heads_of_tenant {state.value}")
        return await self._reader.heads_of_tenant(tenant_id, state, limit=limit)

    async def heads_of_user(
        self, tenant_id: str, user_id: str, *, limit: int, token: str | None = None
    ) -> HeadsPage:
        self._count("heads_of_user")
        return await self._reader.heads_of_user(tenant_id, user_id, limit=limit, token=token)

    def of(self, kind: str) -> list[str]:
        """The calls of one kind."""
        return [call for call in self.calls if call.startswith(kind)]

    def _count(self, call: str) -> None:
        self.calls.append(call)
        if self.failures > 0:
            self.failures -= 1
            raise JournalError("the table is away", code="unreachable", retriable=True)


def reader_of(log: Log) -> CountingReader:
    """A reader of this log."""
    return CountingReader(MemoryLogReader(log.journal))
