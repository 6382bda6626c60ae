"""Shows a job's statuses: a live view in a terminal, one line a status in a pipe."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TextIO

from rich.console import Console, RenderableType
from rich.live import Live

from statusbeam.client.job_log import Status

from .live_view import draw, fold_job
from .plain_text import print_line
from .status_line import columns_of, liveness_note

REFRESHES_A_SECOND = 8
SPARE_LINES = 2


class JobView(Protocol):
    """The output of one job."""

    def add(self, statuses: Sequence[Status]) -> None:
        """Show more statuses. They are in order."""
        ...

    def refresh(self) -> None:
        """Show the job's current liveness. Called while there is no new status."""
        ...


class Output(Protocol):
    """A terminal or a pipe."""

    def job(self, heading: str) -> AbstractContextManager[JobView]:
        """Show a job until the block ends."""
        ...


def output_for(out: TextIO) -> Output:
    """The output for the stream: a live view on a terminal, lines otherwise."""
    return TerminalOutput(Console(file=out)) if out.isatty() else LineOutput(out)


class LineOutput:
    """A header line a job, then one line a status: sequence, status, agent, message."""

    def __init__(self, out: TextIO, now: Callable[[], float] = time.time) -> None:
        self._out = out
        self._now = now

    @contextmanager
    def job(self, heading: str) -> Iterator[JobView]:
        """See Output.job."""
        print_line("#", heading, file=self._out)
        yield _LineView(self._out, self._now)


class _LineView:
    def __init__(self, out: TextIO, now: Callable[[], float]) -> None:
        self._out = out
        self._now = now
        self._statuses: list[Status] = []
        self._printed: str | None = None  # the liveness that was printed last

    def add(self, statuses: Sequence[Status]) -> None:
        self._statuses += statuses
        self._printed = None
        for status in statuses:
            print_line(*columns_of(status), file=self._out)

    def refresh(self) -> None:
        note = liveness_note(fold_job(self._statuses), self._now())
        liveness = note and note.split(":")[0]
        if liveness and liveness != self._printed:
            print_line(f"# {note}", file=self._out)
        self._printed = liveness


class TerminalOutput:
    """A live view of the job. Its last state remains on the terminal."""

    def __init__(self, console: Console, now: Callable[[], float] = time.time) -> None:
        self._console = console
        self._now = now

    @contextmanager
    def job(self, heading: str) -> Iterator[JobView]:
        """See Output.job."""
        view = _LiveView(heading, self._console, self._now)
        with Live(get_renderable=view.draw, console=self._console, refresh_per_second=REFRESHES_A_SECOND):
            yield view
        self._console.print()


class _LiveView:
    def __init__(self, heading: str, console: Console, now: Callable[[], float]) -> None:
        self._heading = heading
        self._console = console
        self._now = now
        self._statuses: list[Status] = []
        self._started_at = time.monotonic()

    def add(self, statuses: Sequence[Status]) -> None:
        self._statuses += statuses

    def refresh(self) -> None:
        """See JobView. Does nothing: rich redraws the view regularly."""

    def draw(self) -> RenderableType:
        seconds = time.monotonic() - self._started_at
        height = self._console.height - SPARE_LINES
        return draw(self._heading, self._statuses, seconds=seconds, height=height, now=self._now())
