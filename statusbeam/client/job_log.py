"""The log of one job, rebuilt from pushes and pages: each status once, in order, even if pushes are lost.

    log = JobLog("job-1")
    log.add_push(push)              # a status as AppSync pushes it, with its `earlier`
    log.add_page(page)              # a page of listStatusUpdates
    for status in log.take_ready(): # the next statuses in order, each once
        ...

It uses no network and no clock. It holds a status back until it has all earlier ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Status = Mapping[str, Any]
"""A StatusUpdate as GraphQL gives it: camelCase names."""


class JobLog:
    """The received part of the log of one job."""

    def __init__(self, job_id: str, *, after: int = 0) -> None:
        self.job_id = job_id
        self._waiting: dict[int, Status] = {}
        self._taken = after
        self._head = after

    @property
    def contiguous(self) -> int:
        """All statuses up to this sequence are received: a replay continues after it."""
        sequence = self._taken
        while sequence + 1 in self._waiting:
            sequence += 1
        return sequence

    @property
    def taken(self) -> int:
        """`take_ready` has returned all statuses up to this sequence that the log still had."""
        return self._taken

    @property
    def is_complete(self) -> bool:
        """Whether all statuses that are known to exist are received."""
        return self.contiguous == self._head

    def reaches(self, sequence: int) -> None:
        """Note that the job's log has come at least as far as `sequence`."""
        self._head = max(self._head, sequence)

    def add_push(self, update: Status) -> None:
        """Add a push: a status, and those of the same commit in its `earlier`. Ignores other jobs' pushes."""
        if update.get("jobId") != self.job_id:
            return
        for each in (*(update.get("earlier") or ()), update):
            self._add(each)

    def add_page(self, page: Mapping[str, Any]) -> bool:
        """Add the page of listStatusUpdates after `contiguous`. Returns whether another page follows.

        A page with `recovered` false means that the log no longer has all statuses after `contiguous`. It may
        name the first one that the log still has: the next page begins there.
        """
        current = int(page["currentSequence"])
        if not page["recovered"]:
            first = page.get("firstSequence")
            last_expired = current if first is None else int(first) - 1
            has_later = self.contiguous < last_expired < current
            self._skip_to(last_expired if has_later else current)
            self._head = max(self._head, current)
            return has_later
        for update in page["updates"]:
            self._add(update)
        self._head = max(self._head, current)
        return bool(page["updates"]) and int(page["nextAfterSequence"]) < current

    def take_ready(self) -> list[Status]:
        """Remove and return, in order, the statuses that have no missing status before them."""
        ready = []
        while self._taken + 1 in self._waiting:
            self._taken += 1
            ready.append(self._waiting.pop(self._taken))
        return ready

    def _add(self, status: Status) -> None:
        sequence = status.get("sequence")
        if isinstance(sequence, int) and sequence > self._taken:
            self._waiting.setdefault(sequence, status)
            self._head = max(self._head, sequence)

    def _skip_to(self, last_expired: int) -> None:
        if last_expired <= self._taken:
            return
        self._waiting = {
            sequence: status for sequence, status in self._waiting.items() if sequence > last_expired
        }
        self._taken = last_expired
