"""The LogReader on a journal in memory: for an application of one process, and for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from statusbeam.log.journal.memory import MemoryJournal
from statusbeam.log.snapshot.job_state import Head, Job
from statusbeam.log.snapshot.times import time_of
from statusbeam.model.job_key import JobKey
from statusbeam.model.update import StatusUpdate
from statusbeam.model.words import OverallStatus

from .reader import HeadsPage


class MemoryLogReader:
    """A LogReader of `journal`."""

    def __init__(self, journal: MemoryJournal) -> None:
        self._journal = journal

    async def positions(self, jobs: Sequence[JobKey]) -> Mapping[JobKey, tuple[str, int]]:
        """See LogReader.positions."""
        found = ((job, self._journal.snapshot(job)) for job in jobs)
        return {job: (one.head.epoch or "", one.head.sequence) for job, one in found if one}

    async def snapshot(self, job: JobKey) -> Job | None:
        """See LogReader.snapshot."""
        return self._journal.snapshot(job)

    async def updates(self, job: JobKey, *, first: int, last: int) -> Sequence[StatusUpdate]:
        """See LogReader.updates."""
        return self._journal.updates(job, first=first, last=last)

    async def heads(self, jobs: Sequence[JobKey]) -> Sequence[Head]:
        """See LogReader.heads."""
        return [found.head for job in jobs if (found := self._journal.snapshot(job))]

    async def heads_of_tenant(self, tenant_id: str, state: OverallStatus, *, limit: int) -> Sequence[Head]:
        """See LogReader.heads_of_tenant."""
        found = (head for head in self._journal.heads() if head.tenant_id == tenant_id)
        in_state = [head for head in found if head.overall_status is state]
        return sorted(in_state, key=_created_key, reverse=True)[:limit]

    async def heads_of_user(
        self, tenant_id: str, user_id: str, *, limit: int, token: str | None = None
    ) -> HeadsPage:
        """See LogReader.heads_of_user."""
        own = (
            head for head in self._journal.heads() if head.tenant_id == tenant_id and head.user_id == user_id
        )
        by_age = {_created_key(head): head for head in own}
        newest_first = sorted(by_age.items(), reverse=True)
        rest = [one for one in newest_first if token is None or one[0] < token]
        page = rest[:limit]
        more = len(rest) > limit
        return HeadsPage(heads=[head for _, head in page], next_token=page[-1][0] if more else None)


def _created_key(head: Head) -> str:
    return f"{time_of(head.created_ms)}#{head.job_id}"
