"""The run of a scope's job: each opening of a job has an id that its statuses name.

A job that has ended begins a new run with the next opening, such as a retry's. Late statuses of the older run
then change nothing. An id is `<sender>.<n>`: the sender is this process, n counts its openings.

    >>> opening = Opening()
    >>> opening.begin()
    >>> opening.metadata.text
    '{"run":"9f86d081884c7d65.1"}'
"""

from __future__ import annotations

import os
import threading
from itertools import count

from statusbeam.model.metadata import MetadataKey
from statusbeam.model.validation import JsonObject


class _Openings:
    """The openings of one process."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # a signal handler of the same thread may open a job, too
        self._numbers = count(1)
        self._sender: str | None = None  # made late: a snapshot of a process is restored several times
        self.newest = 0

    def next_id(self) -> str:
        with self._lock:
            self._sender = self._sender or os.urandom(8).hex()
            number = next(self._numbers)
            self.newest = max(self.newest, number)
            return f"{self._sender}.{number}"


_openings = _Openings()


def _forget_openings() -> None:
    """In a forked process: the ids so far are its parent's."""
    global _openings  # noqa: PLW0603 - a thread of the parent may hold the lock
    _openings = _Openings()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_openings)


class Opening:
    """The opening of a job, shared by all scopes below it. Before `begin`, their statuses name no run."""

    __slots__ = ("_openings", "metadata")

    def __init__(self, run: str | None = None) -> None:
        """`run`: the id that another process gave it."""
        self._openings: _Openings | None = None
        self.metadata = None if run is None else JsonObject({MetadataKey.RUN: run})
        """The metadata of every status of the opening."""

    @property
    def run(self) -> str | None:
        """The id."""
        run: str | None = None if self.metadata is None else self.metadata[MetadataKey.RUN]
        return run

    def begin(self) -> None:
        """Open the job."""
        self._openings = _openings
        self.metadata = JsonObject({MetadataKey.RUN: _openings.next_id()})

    @property
    def final_metadata(self) -> JsonObject | None:
        """The metadata of the job's final status: also the openings of this sender that came before."""
        if self._openings is None or self.metadata is None:
            return self.metadata
        return JsonObject({**self.metadata, MetadataKey.OPENED: self._openings.newest})
