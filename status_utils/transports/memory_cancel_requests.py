"""Requests to cancel a job in memory, for tests of code that looks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from statusbeam.model.job_key import JobKey


class MemoryCancelRequests:
    """The jobs in `job_ids`, of any tenant."""

    def __init__(self) -> None:
        self.job_ids: set[str] = set()

    def is_requested(self, job: JobKey, opened_at: float) -> bool:  # noqa: ARG002 - the port's signature
        """See CancelRequests.is_requested."""
        return job.job_id in self.job_ids
