"""What a starting server tells the command that waits for it: one JSON object a line, over a pipe."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO


@dataclass(frozen=True, slots=True)
class Step:
    """The server has come to this point of its start; `text` is for the user."""

    text: str


@dataclass(frozen=True, slots=True)
class Ready:
    """The server answers at `url`."""

    url: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The server gives up; `sentence` says why and what to do."""

    sentence: str


Progress = Step | Ready | Failed


class ProgressWriter:
    """The server's end. A reader that has gone away is no reason to stop."""

    def __init__(self, descriptor: int | None) -> None:
        """`descriptor` is the pipe's writing end, or None when nobody waits."""
        self._file: IO[str] | None = None if descriptor is None else os.fdopen(descriptor, "w")

    def tell(self, progress: Progress) -> None:
        """Send one line; after Ready or Failed the pipe is closed."""
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
    """The lines as they come, until the other end closes; a line that is none of ours is passed over."""
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
