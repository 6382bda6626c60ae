"""What a watch yields: a snapshot to take, or one step of the log."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from statusbeam.log.snapshot.job_state import Job
from statusbeam.model.update import StatusUpdate

T = TypeVar("T")


class Lost(StrEnum):
    """Why a client can't go on from its cursor."""

    OTHER_EPOCH = "other_epoch"  # the job id was used again: the cursor is of another log
    AHEAD_OF_LOG = "ahead_of_log"  # the cursor names a status that does not exist
    LOG_EXPIRED = "log_expired"  # the log no longer has all statuses after the cursor


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """The client takes this snapshot in place of its own.

    `lost` is None for a client that had nothing. Otherwise statuses are missing between what the client has
    and the snapshot, and this is the reason: the verdict is `recovered: false`.
    """

    job: Job
    lost: Lost | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One status of the log, with the snapshot before and after it."""

    before: Job
    update: StatusUpdate
    after: Job
    _rendered: dict[Hashable, Any] = field(default_factory=dict, compare=False, repr=False)

    def once(self, key: Hashable, render: Callable[[], T]) -> T:
        """What `render` gives, made once for all clients that ask by the same key."""
        if key not in self._rendered:
            self._rendered[key] = render()
        rendered: T = self._rendered[key]
        return rendered

    @property
    def sequence(self) -> int:
        """The status's place in the log."""
        return self.after.head.sequence

    @property
    def ends_the_job(self) -> bool:
        """Whether the job had not ended before the status, and has after it."""
        return self.after.head.ended and not self.before.head.ended


WatchEvent = Joined | Step
