"""The limit of one publisher for each tenant, and the shed statuses that it has not reported yet.

Both are the memory of one process, and bounded. A forgotten tenant starts with a full bucket.
"""

from __future__ import annotations

from typing import Final

from statusbeam.model.bounded import Bounded
from statusbeam.model.job_key import JobKey
from statusbeam.model.limits import JOBS_REMEMBERED, TENANT_BURST, TENANT_STATUSES_PER_SECOND
from statusbeam.model.replace import replace

from ..journal.batch import Batch
from ..journal.commits import Commit
from ..journal.shedding import Bucket, within_limit

_BATCHES_REMEMBERED: Final = 100
"""Batches of one job, whose dropped statuses are counted separately."""


class TenantLimits:
    """One token bucket a tenant."""

    def __init__(self, *, rate: int = TENANT_STATUSES_PER_SECOND, burst: int = TENANT_BURST) -> None:
        self._rate = rate
        self._burst = burst
        self._buckets: Bounded[str, Bucket] = Bounded(JOBS_REMEMBERED)

    def applied_to(self, batch: Batch, *, now: float) -> Batch:
        """The batch with the entries marked that its tenant's limit sheds."""
        tenant, entries = batch.tenant_id, batch.entries
        taken, bucket = within_limit(
            self._buckets.get(tenant), entries, now=now, rate=self._rate, burst=self._burst
        )
        self._buckets[tenant] = bucket
        if len(taken) == len(entries):
            return batch
        kept = {entry.index for entry in taken}
        marked = (entry if entry.index in kept else replace(entry, shed=True) for entry in entries)
        return replace(batch, entries=tuple(marked))


class UnreportedSheds:
    """The number of shed statuses of each job since its last commit here. The next commit reports them."""

    def __init__(self) -> None:
        self._jobs: Bounded[JobKey, dict[str, int]] = Bounded(JOBS_REMEMBERED)  # counts, by job and batch

    def count(self, job: JobKey, *, besides: str) -> int:
        """The number of unreported shed statuses of the job's batches, without the batch of that id."""
        return sum(shed for batch_id, shed in self._jobs.get(job, {}).items() if batch_id != besides)

    def note(self, batch: Batch, commit: Commit) -> None:
        """Note what a commit shed; a commit with statuses has reported all of its job's.

        A batch that was shed whole and is delivered again, because another one of its payload failed, counts
        once.
        """
        if commit.redelivered:
            return
        counts = self._jobs.pop(batch.job, {})
        if commit.updates:
            return
        if commit.shed:
            counts[batch.batch_id] = commit.shed
        if len(counts) > _BATCHES_REMEMBERED:
            first, second = list(counts)[:2]
            counts = {second: counts.pop(first) + counts.pop(second)} | counts
        if counts:
            self._jobs[batch.job] = counts
