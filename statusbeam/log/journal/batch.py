"""The unit of a commit: entries of one job and one owner."""

from __future__ import annotations

from dataclasses import dataclass

from statusbeam.model.job_key import JobKey
from statusbeam.model.update import StatusUpdate

from .entry import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Entries of one job and one owner that are committed together: at most UPDATES_PER_COMMIT, about at
    most AGENTS_PER_COMMIT agents."""

    batch_id: str
    entries: tuple[Entry, ...]
    unreported: int = 0
    """The number of the job's dropped statuses that no status has reported yet."""
    only_if_open: bool = False
    """Skip the batch unless it moves its job."""
    only_if_waiting: bool = False
    """Skip the batch unless it ends a wait that a person may answer."""

    @property
    def updates(self) -> tuple[StatusUpdate, ...]:
        """The statuses, in their order."""
        return tuple(entry.update for entry in self.entries)

    @property
    def job(self) -> JobKey:
        """The job of all of them, with its tenant."""
        return JobKey(self.tenant_id, self.job_id)

    @property
    def job_id(self) -> str:
        """The job of all of them."""
        return self.entries[0].update.job_id

    @property
    def tenant_id(self) -> str:
        """The tenant that all of them name."""
        return self.entries[0].update.tenant_id

    @property
    def user_id(self) -> str:
        """The user that all of them name."""
        return self.entries[0].update.user_id
