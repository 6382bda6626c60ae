"""Looks for requests to cancel a job. A thread looks and caches the answer; callers never wait.

watch = CancelWatch(requests, JobKey("city", "job-1"), opened_at=0)
while not watch.is_requested():         # False until a look found a request
    ...
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from statusbeam.model.clock import Clock

from . import process_hooks
from .own_work import OwnWork, warn
from .tracing import without_segment

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from typing import Final

    from statusbeam.model.job_key import JobKey

    from ..transports.cancel_requests import CancelRequests

LOOK_SECONDS: Final = 3.0
"""The seconds that an answer is cached. A look needs a caller that asks."""


class CancelWatch:
    """The cached answer for one job, in one process. `start` runs a function in a thread."""

    def __init__(
        self,
        requests: CancelRequests,
        job: JobKey,
        *,
        opened_at: float,
        clock: Clock | None = None,
        start: Callable[[Callable[[], None]], None] | None = None,
    ) -> None:
        """`opened_at`: see CancelRequests.is_requested."""
        self._requests = requests
        self._job = job
        self._opened_at = opened_at
        self._ticks = (clock or Clock()).ticks
        self._start = start or _in_thread
        self._look_at = self._ticks()
        self._looking = threading.Lock()
        self._found = False
        self._failed = False

    def is_requested(self) -> bool:
        """The answer of the last look; starts the next one if it is due. A request that was found stays."""
        is_due = not self._found and self._ticks() >= self._look_at
        if is_due and self._looking.acquire(blocking=False):
            try:
                self._start(self._look)
            except RuntimeError:  # no new thread: the interpreter is ending
                self._looking.release()
        return self._found

    def _look(self) -> None:
        try:
            with OwnWork(), without_segment():
                self._prepare()
                self._found = self._requests.is_requested(self._job, self._opened_at)
        except Exception as error:  # noqa: BLE001 - whatever it is, the work goes on
            self._warn_once(error)
        finally:
            self._look_at = self._ticks() + LOOK_SECONDS
            self._looking.release()

    def _prepare(self) -> None:
        prepare = getattr(self._requests, "prepare", None)
        if prepare is not None:
            with process_hooks.import_lock:
                prepare()

    def _warn_once(self, error: Exception) -> None:
        if not self._failed:
            self._failed = True
            code = getattr(error, "code", type(error).__name__)
            warn(
                __name__, "job_id=<%s>, code=<%s> | can't look for requests to cancel", self._job.job_id, code
            )


def _in_thread(function: Callable[[], None]) -> None:
    threading.Thread(target=function, name="status_utils cancel watch", daemon=True).start()
