"""Follows jobs for a command, until the expected event."""

from __future__ import annotations

import asyncio
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, aclosing, nullcontext
from dataclasses import dataclass, field
from typing import Any, Protocol

from statusbeam.client.deployment import Deployment
from statusbeam.client.follower import Follower
from statusbeam.log.snapshot.job_state import Job
from statusbeam.model.update import StatusUpdate
from statusbeam.model.words import OverallStatus

from .command import CommandError, ExitCode
from .plain_text import print_line, print_notice
from .records import Output, Stream
from .status_line import columns_of, document_of, liveness_note

JOB_END = "done"
"""`--until` without an agent's name."""
SHOWN_STATUSES = 200
"""The end of a log that a live view keeps."""
REFRESHES_A_SECOND = 8
_AGENT_ENDS = {"success": True, "error": False, "cancelled": False}


@dataclass
class WatchedJob:
    """One job, from the statuses received so far."""

    job_id: str
    follower: Follower
    title: str | None = None
    """The name of a job without a title in a live view. None: its id."""
    statuses: deque[Mapping[str, Any]] = field(default_factory=lambda: deque(maxlen=SHOWN_STATUSES))
    gap_reported: bool = False

    @property
    def snapshot(self) -> Job:
        """The job's snapshot."""
        return self.follower.job

    def take(self, updates: Sequence[StatusUpdate]) -> Sequence[Mapping[str, Any]]:
        """The next statuses as documents, which are kept as well."""
        documents = [document_of(update) for update in updates]
        self.statuses += documents
        return documents


class View(Protocol):
    """The receiver of the statuses."""

    def add(self, job: WatchedJob, documents: Sequence[Mapping[str, Any]]) -> None:
        """Show more statuses of a job. They are in order."""
        ...

    def refresh(self, job: WatchedJob) -> None:
        """Called while a job reports nothing."""
        ...


class SilentView:
    """Shows nothing."""

    def add(self, job: WatchedJob, documents: Sequence[Mapping[str, Any]]) -> None:
        """See View."""

    def refresh(self, job: WatchedJob) -> None:
        """See View."""


class LinesView:
    """One line a status, with the job's id before it if there are several jobs. Notes go to stderr."""

    def __init__(self, output: Output, *, with_job: bool, now: Callable[[], float] = time.time) -> None:
        self._with_job = with_job
        self._now = now
        self._stream = Stream(output, self._line)
        self._noted: dict[str, str | None] = {}

    def __enter__(self) -> LinesView:
        self._stream.__enter__()
        return self

    def __exit__(self, *left: object) -> None:
        self._stream.__exit__(*left)

    def add(self, job: WatchedJob, documents: Sequence[Mapping[str, Any]]) -> None:
        """See View."""
        self._noted[job.job_id] = None
        for document in documents:
            self._stream.add(document)

    def refresh(self, job: WatchedJob) -> None:
        """See View."""
        note = liveness_note(job.snapshot, self._now())
        if job.snapshot.head.sequence == 0:
            note = "no status: the job has not begun, or the id is wrong"
        kind = note and note.split(":")[0]
        if kind and self._noted.get(job.job_id) != kind:
            print_notice(f"{job.job_id}: {note}")
        self._noted[job.job_id] = kind

    def _line(self, document: Mapping[str, Any]) -> None:
        job = (document["jobId"],) if self._with_job else ()
        print_line(*job, *columns_of(document))


class TerminalView:
    """A live view of all jobs. Its last state remains on the terminal."""

    def __init__(self, jobs: Sequence[WatchedJob]) -> None:
        from rich.console import Console  # noqa: PLC0415 - a pipe does without
        from rich.live import Live  # noqa: PLC0415 - as above

        self._jobs = jobs
        self._console = Console()
        self._live: AbstractContextManager[object] = Live(
            get_renderable=self._draw, console=self._console, refresh_per_second=REFRESHES_A_SECOND
        )

    def __enter__(self) -> TerminalView:
        self._live.__enter__()
        return self

    def __exit__(self, *left: Any) -> None:
        self._live.__exit__(*left)

    def add(self, job: WatchedJob, documents: Sequence[Mapping[str, Any]]) -> None:
        """See View."""

    def refresh(self, job: WatchedJob) -> None:
        """See View. Does nothing: rich redraws the view regularly."""

    def _draw(self) -> Any:
        from rich.console import Group  # noqa: PLC0415 - as above

        from .live_view import draw_job  # noqa: PLC0415 - as above

        height = max(1, (self._console.height - 2) // len(self._jobs))
        now = time.time()
        views = [
            draw_job(job.title or job.job_id, job.snapshot, list(job.statuses), height=height, now=now)
            for job in self._jobs
        ]
        return Group(*views)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchOptions:
    """The jobs to follow, and the expected end."""

    jobs: Sequence[str]
    after: int = 0
    until: str = JOB_END
    timeout: float | None = None
    strict: bool = False


def follow_jobs(
    deployment: Deployment, wanted: WatchOptions, view_of: Callable[[Sequence[WatchedJob]], Any] | None = None
) -> list[WatchedJob]:
    """Follow the jobs to the expected end. Raises ClientError, CommandError.

    `view_of` makes the view, a context manager; None: no view.
    """
    return asyncio.run(_follow_jobs(deployment, wanted, view_of))


async def _follow_jobs(
    deployment: Deployment, wanted: WatchOptions, view_of: Callable[[Sequence[WatchedJob]], Any] | None
) -> list[WatchedJob]:
    shown: list[View] = []
    jobs: list[WatchedJob] = []

    def idle(number: int) -> None:
        for view in shown:
            view.refresh(jobs[number])

    for number, job_id in enumerate(wanted.jobs):
        follower = Follower(
            job_id,
            deployment.service(job_id),
            after=wanted.after,
            on_idle=lambda number=number: idle(number),  # type: ignore[misc]  # mypy infers no lambda here
        )
        jobs.append(WatchedJob(job_id, follower))
    made = nullcontext(SilentView()) if view_of is None else view_of(jobs)
    with made as view:
        shown.append(view)
        try:
            async with asyncio.timeout(wanted.timeout):
                await asyncio.gather(*(_follow_job(job, view, wanted) for job in jobs))
        except TimeoutError as error:
            raise CommandError(
                f"the expected end did not come within {wanted.timeout:g} s.", ExitCode.TIMEOUT
            ) from error
    return jobs


async def _follow_job(job: WatchedJob, view: View, wanted: WatchOptions) -> None:
    async with aclosing(job.follower.batches()) as batches:
        async for updates in batches:
            documents = job.take(updates)
            if not job.follower.join.recovered:
                _report_gap(job, wanted.strict)
            view.add(job, documents)
            if wanted.until != JOB_END and agent_end(job.snapshot, wanted.until) is not None:
                return
    if wanted.until != JOB_END and agent_end(job.snapshot, wanted.until) is None:
        raise CommandError(
            f"the job {job.job_id} has ended without the end of an agent {wanted.until}.", ExitCode.NOT_FOUND
        )


def _report_gap(job: WatchedJob, strict: bool) -> None:
    message = f"statuses of {job.job_id} are missing: the log no longer has them."
    if strict:
        raise CommandError(message, ExitCode.GAP)
    if not job.gap_reported:
        print_notice(message)
        job.gap_reported = True


def agent_end(snapshot: Job, name: str) -> bool | None:
    """Whether the agents of this name or invocation id have completed; None while one has not ended."""
    ended = snapshot.head.ended
    states = [
        agent.view(job_ended=ended)["status"]
        for agent in snapshot.shown_agents
        if name in (agent.name, agent.invocation_id)
    ]
    if not states or any(state not in _AGENT_ENDS for state in states):
        return None
    return all(_AGENT_ENDS[state] for state in states)


def exit_code(jobs: Sequence[WatchedJob], until: str = JOB_END) -> ExitCode:
    """0 when all jobs completed, or the expected agent completed in each; 1 otherwise."""
    if until == JOB_END:
        well = all(job.snapshot.head.overall_status is OverallStatus.COMPLETED for job in jobs)
    else:
        well = all(agent_end(job.snapshot, until) for job in jobs)
    return ExitCode.DONE if well else ExitCode.JOB_FAILED


def view_of(jobs: Sequence[WatchedJob], output: Output | None = None) -> TerminalView | LinesView:
    """A live view on a terminal, unless `output` names a format; else lines, or documents in that format."""
    if is_live(output):
        return TerminalView(jobs)
    return LinesView(output or Output.TABLE, with_job=len(jobs) > 1)


def is_live(output: Output | None = None) -> bool:
    """Whether the output is a live view: no option names another format, and stdout is a terminal."""
    return output is None and sys.stdout.isatty()
