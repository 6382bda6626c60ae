"""The port to requests that a job be cancelled. `memory_cancel_requests` and `dynamo_cancel_requests` beside
it are its adapters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from statusbeam.model.job_key import JobKey


class CancelRequests(Protocol):
    """Where `cancelJob` leaves its requests.

    An adapter may also have `prepare()`: it is called before each look, to load what is slow.
    """

    def is_requested(self, job: JobKey, opened_at: float) -> bool:
        """Whether the job has a request to cancel it. Raises TransportError.

        `opened_at`: when the caller opened the job, in epoch seconds. A request before that, to a job that
        has ended, was about an earlier run.
        """
        ...
