"""Where a job's statuses appear: drawn live in a terminal, one line each in a pipe."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TextIO

from rich.console import Console, RenderableType
from rich.live import Live

from status_cli.follow import Status
from status_cli.live_view import draw, plain, source_of, words_of

REFRESHES_A_SECOND = 8
SPARE_LINES = 2


class ShownJob(Protocol):
    """One job on the screen."""

    def add(self, statuses: Sequence[Status]) -> None:
        """Show these too; they come in order."""
        ...


class Screen(Protocol):
    """A terminal, or a pipe."""

    def job(self, heading: str) -> AbstractContextManager[ShownJob]:
        """Show a job until the block ends."""
        ...


def screen_for(out: TextIO) -> Screen:
    """What fits the stream."""
    return TerminalScreen(Console(file=out)) if out.isatty() else PipeScreen(out)


class PipeScreen:
    """A header line a job, then one line a status: sequence, status, agent, message."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    @contextmanager
    def job(self, heading: str) -> Iterator[ShownJob]:
        """See Screen.job."""
        print(f"# {plain(heading)}", file=self._out, flush=True)
        yield self

    def add(self, statuses: Sequence[Status]) -> None:
        """See ShownJob.add."""
        for status in statuses:
            words = (status["sequence"], plain(status["status"]), source_of(status), words_of(status))
            print(*words, file=self._out, flush=True)


class TerminalScreen:
    """A view that is drawn anew as the job moves; its last state stays."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def job(self, heading: str) -> Iterator[ShownJob]:
        """See Screen.job."""
        picture = _Picture(heading, self._console)
        with Live(get_renderable=picture.draw, console=self._console, refresh_per_second=REFRESHES_A_SECOND):
            yield picture
        self._console.print()


class _Picture:
    def __init__(self, heading: str, console: Console) -> None:
        self._heading = heading
        self._console = console
        self._statuses: list[Status] = []
        self._began = time.monotonic()

    def add(self, statuses: Sequence[Status]) -> None:
        self._statuses += statuses

    def draw(self) -> RenderableType:
        seconds = time.monotonic() - self._began
        return draw(self._heading, self._statuses, seconds=seconds, height=self._console.height - SPARE_LINES)
