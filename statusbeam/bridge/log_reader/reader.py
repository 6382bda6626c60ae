"""The port through which the bridge reads jobs. Adapters: DynamoDB, and memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from statusbeam.log.snapshot.job_state import Head, Job
from statusbeam.model.job_key import JobKey
from statusbeam.model.update import StatusUpdate
from statusbeam.model.words import OverallStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadsPage:
    """Jobs of a user, newest first, as their heads. `next_token` continues the list; None at its end."""

    heads: Sequence[Head]
    next_token: str | None = None


def is_whole(updates: Sequence[StatusUpdate], *, first: int, last: int) -> bool:
    """Whether a part of a log has every status from sequence `first` to `last`."""
    return [update.sequence for update in updates] == list(range(first, last + 1))


class LogReader(Protocol):
    """Reads jobs and their logs. Every method raises JournalError."""

    async def positions(self, jobs: Sequence[JobKey]) -> Mapping[JobKey, tuple[str, int]]:
        """Epoch and sequence of each job with a status, read eventually consistently at half the price.

        The answer may be a moment old.
        """
        ...

    async def snapshot(self, job: JobKey) -> Job | None:
        """The current job; None for a job without a status, or an expired one."""
        ...

    async def updates(self, job: JobKey, *, first: int, last: int) -> Sequence[StatusUpdate]:
        """The log from sequence `first` to `last`, without expired statuses."""
        ...

    async def heads(self, jobs: Sequence[JobKey]) -> Sequence[Head]:
        """The heads of those jobs that exist, in the order of `jobs`."""
        ...

    async def heads_of_tenant(self, tenant_id: str, state: OverallStatus, *, limit: int) -> Sequence[Head]:
        """Up to `limit` jobs of the tenant in this state, newest first.

        The answer may be a moment old.
        """
        ...

    async def heads_of_user(
        self, tenant_id: str, user_id: str, *, limit: int, token: str | None = None
    ) -> HeadsPage:
        """A page of the user's jobs. An unknown token starts at its place in the list's order."""
        ...
