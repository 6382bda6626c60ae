"""The progress that a starting server reports to the command that waits for it: JSON lines over a pipe."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO


@dataclass(frozen=True, slots=True)
class Step:
    """The server has reached a step of its start. `text` is for the user."""

    text: str


@dataclass(frozen=True, slots=True)
class Ready:
    """The server answers at `url`."""

    url: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The server can't start. `message` has the reason and what to do."""

    message: str


Progress = Step | Ready | Failed


class ProgressWriter:
    """The server's end of the pipe. A reader that has closed its end does not stop the server."""

    def __init__(self, descriptor: int | None) -> None:
        """`descriptor` is the pipe's writing end, or None when no command waits."""
        self._file: IO[str] | None = None if descriptor is None else os.fdopen(descriptor, "w")

    def report(self, progress: Progress) -> None:
        """Write one line. Ready and Failed also close the pipe."""
        if self._file is None:
            return
        name = type(progress).__name__.lower()
        try:
            json.dump({name: next(iter(_values(progress)))}, self._file)
            self._file.write("\n")
            self._file.flush()
        except BrokenPipeError:
            self._file = None
            return
        if not isinstance(progress, Step):
            self._file.close()
            self._file = None


def read_progress(file: IO[str]) -> Iterator[Progress]:
    """The reported progress, until the other end closes. Skips lines of another form."""
    kinds: dict[str, type[Progress]] = {"step": Step, "ready": Ready, "failed": Failed}
    for line in file:
        try:
            document = json.loads(line)
        except ValueError:
            continue
        if isinstance(document, dict):
            yield from (kinds[name](str(text)) for name, text in document.items() if name in kinds)


def _values(progress: Progress) -> tuple[str, ...]:
    match progress:
        case Step(text) | Ready(text) | Failed(text):
            return (text,)
