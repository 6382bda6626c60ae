"""One job of the demo: followed from its first status, and shown.

job = DemoJob(deployment.service(job_id), job_id, heading="A pothole")
async with aclosing(job):
    with job.shown():
        async for statuses in job:
            ...
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self

from statusbeam.client.follower import Follower, JobService
from statusbeam.log.snapshot.job_state import Job
from statusbeam.model.words import OverallStatus

from .plain_text import print_line
from .watching import View, WatchedJob, is_live, view_of

IDLE_SECONDS = 90.0


class JobIdleError(Exception):
    """The job has reported no new status for too long."""


class DemoJob:
    """Iterates over the job's new statuses, as documents, until the job and its agents have ended.

    Raises JobIdleError after `idle_seconds` without a status, unless the job waits for something, and
    ClientError.
    """

    def __init__(
        self, service: JobService, job_id: str, *, heading: str, idle_seconds: float = IDLE_SECONDS
    ) -> None:
        follower = Follower(job_id, service, on_idle=self._refresh)
        self.watched = WatchedJob(job_id, follower, title=heading)
        self._heading = heading
        self._batches = follower.batches()
        self._idle_seconds = idle_seconds
        self._view: View | None = None
        self._unseen: list[Mapping[str, Any]] = []

    @property
    def snapshot(self) -> Job:
        """The job after the statuses so far."""
        return self.watched.snapshot

    @property
    def completed(self) -> bool:
        """Whether the job has ended well."""
        return self.snapshot.head.overall_status is OverallStatus.COMPLETED

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show the job until the block ends: live on a terminal, else a line for each status, each once."""
        if not is_live() and not self.watched.statuses:
            print_line("#", self._heading)
        with view_of([self.watched]) as view:
            view.add(self.watched, self._unseen)
            self._unseen, self._view = [], view
            try:
                yield
            finally:
                self._view = None
        if is_live():
            print_line()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Sequence[Mapping[str, Any]]:
        seconds = None if self.snapshot.head.waits else self._idle_seconds
        try:
            async with asyncio.timeout(seconds):
                updates = await anext(self._batches)
        except TimeoutError:
            raise JobIdleError(
                f"the job {self.watched.job_id} has reported no status for {self._idle_seconds:g} s."
            ) from None
        documents = self.watched.take(updates)
        if self._view is None:
            self._unseen += documents
        else:
            self._view.add(self.watched, documents)
        return documents

    async def aclose(self) -> None:
        """End the subscription."""
        await self._batches.aclose()

    def _refresh(self) -> None:
        if self._view is not None:
            self._view.refresh(self.watched)
