"""The events of a watch: a snapshot, or one step of the log."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from statusbeam.log.snapshot.job_state import Job
from statusbeam.model.update import StatusUpdate

T = TypeVar("T")


class Lost(StrEnum):
    """The reason why a client cannot continue from its cursor."""

    OTHER_EPOCH = "other_epoch"  # the job id was used again: the cursor is of another log
    AHEAD_OF_LOG = "ahead_of_log"  # the cursor names a status that does not exist
    LOG_EXPIRED = "log_expired"  # the log no longer has all statuses after the cursor


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """The client replaces its own snapshot with this one.

    `lost` is None for a client without statuses. Otherwise it is the reason why statuses are missing before
    the snapshot: the verdict is `recovered: false`.
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
        """The result of `render`, cached by key for all clients."""
        if key not in self._rendered:
            self._rendered[key] = render()
        rendered: T = self._rendered[key]
        return rendered

    @property
    def sequence(self) -> int:
        """The status's position in the log."""
        return self.after.head.sequence

    @property
    def ends_the_job(self) -> bool:
        """Whether the job ended with this status."""
        return self.after.head.ended and not self.before.head.ended


WatchEvent = Joined | Step
