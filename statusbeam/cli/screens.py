"""Where a job's statuses appear: drawn live in a terminal, one line each in a pipe."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TextIO

from rich.console import Console, RenderableType
from rich.live import Live

from .follow import Status
from .live_view import draw, job_of, plain, silence_of, source_of, words_of

REFRESHES_A_SECOND = 8
SPARE_LINES = 2


class ShownJob(Protocol):
    """One job on the screen."""

    def add(self, statuses: Sequence[Status]) -> None:
        """Show these too; they come in order."""
        ...

    def look(self) -> None:
        """Nothing new has come for a while: show what that means."""
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

    def __init__(self, out: TextIO, now: Callable[[], float] = time.time) -> None:
        self._out = out
        self._now = now

    @contextmanager
    def job(self, heading: str) -> Iterator[ShownJob]:
        """See Screen.job."""
        print(f"# {plain(heading)}", file=self._out, flush=True)
        yield _Lines(self._out, self._now)


class _Lines:
    def __init__(self, out: TextIO, now: Callable[[], float]) -> None:
        self._out = out
        self._now = now
        self._statuses: list[Status] = []
        self._said: str | None = None  # stale, then lost: each is a line once

    def add(self, statuses: Sequence[Status]) -> None:
        self._statuses += statuses
        self._said = None
        for status in statuses:
            words = (status["sequence"], plain(status["status"]), source_of(status), words_of(status))
            print(*words, file=self._out, flush=True)

    def look(self) -> None:
        silence = silence_of(job_of(self._statuses), self._now())
        verdict = silence and silence.split(":")[0]
        if verdict and verdict != self._said:
            print(f"# {silence}", file=self._out, flush=True)
        self._said = verdict


class TerminalScreen:
    """A view that is drawn anew as the job moves; its last state stays."""

    def __init__(self, console: Console, now: Callable[[], float] = time.time) -> None:
        self._console = console
        self._now = now

    @contextmanager
    def job(self, heading: str) -> Iterator[ShownJob]:
        """See Screen.job."""
        picture = _Picture(heading, self._console, self._now)
        with Live(get_renderable=picture.draw, console=self._console, refresh_per_second=REFRESHES_A_SECOND):
            yield picture
        self._console.print()


class _Picture:
    def __init__(self, heading: str, console: Console, now: Callable[[], float]) -> None:
        self._heading = heading
        self._console = console
        self._now = now
        self._statuses: list[Status] = []
        self._began = time.monotonic()

    def add(self, statuses: Sequence[Status]) -> None:
        self._statuses += statuses

    def look(self) -> None:
        """Nothing to do: it is drawn anew all the time, by the clock."""

    def draw(self) -> RenderableType:
        seconds = time.monotonic() - self._began
        height = self._console.height - SPARE_LINES
        return draw(self._heading, self._statuses, seconds=seconds, height=height, now=self._now())
