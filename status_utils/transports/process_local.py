"""A value that each process makes for itself: connections and locks must not be shared with a forked
process."""

from __future__ import annotations

import os
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class ProcessLocal(Generic[T]):
    """One value for all threads of a process, made at first use; a forked process makes its own.

    >>> client = ProcessLocal(lambda_client)
    >>> client.get() is client.get()
    True
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._lock = Lock()
        self._made: tuple[int, T] | None = None  # the process that made the value, and the value

    def get(self) -> T:
        """The value."""
        made, process = self._made, os.getpid()
        if made is not None and made[0] == process:
            return made[1]
        with self._lock:
            if self._made is None or self._made[0] != process:
                self._made = (process, self._make())
            return self._made[1]

    def __reduce__(self) -> tuple[type[ProcessLocal[T]], tuple[Callable[[], T]]]:
        return ProcessLocal, (self._make,)  # pickled, for another process, without the value

    def forget(self) -> None:
        """Create the value again at its next use."""
        with self._lock:
            self._made = None
