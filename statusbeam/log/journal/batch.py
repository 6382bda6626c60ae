"""What is committed together: statuses of one job, and what they carry beside the log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from statusbeam.model.update import StatusUpdate


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """What a status carries that its log entry does not: what it tells operators, and all of its metadata
    when that is too big."""

    operator: Mapping[str, Any] | None = None
    detail: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Statuses of one job and one owner that are committed together: at most UPDATES_PER_COMMIT, about at
    most AGENTS_PER_COMMIT agents."""

    batch_id: str
    updates: tuple[StatusUpdate, ...]
    indexes: tuple[int, ...]
    asides: Mapping[int, Aside] = field(default_factory=dict)  # by their place in `updates`
    attributes: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    """By their place: what is kept beside a log entry, for the eyes of some."""
    left_out: frozenset[int] = frozenset()
    """The places of what the tenant's limit leaves out: a redelivery is still known by all of `updates`."""
    shed_before: int = 0
    """Statuses of the job that were left out and that no status has told of yet."""
    only_if_open: bool = False
    """To be passed over unless it moves its job."""

    @property
    def job_id(self) -> str:
        """The job all of them are of."""
        return self.updates[0].job_id

    @property
    def tenant_id(self) -> str:
        """The tenant that all of them name."""
        return self.updates[0].tenant_id

    @property
    def user_id(self) -> str:
        """The user that all of them name."""
        return self.updates[0].user_id
