"""The journal's port to the estimates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from statusbeam.model.job_key import JobKey

    from ..snapshot.job_state import Eta, Job


class Estimator(Protocol):
    """Called before each commit: estimates how long the job will go on."""

    def __call__(
        self, snapshot: Callable[[JobKey], Job | None], before: Job | None, after: Job, /
    ) -> Eta | None:
        """Seconds from `after`'s lastUpdated on, None for unknown; `snapshot` reads a whole job."""
        ...
