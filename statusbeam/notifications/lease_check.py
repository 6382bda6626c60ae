"""Finds lost jobs: one delayed message for each job triggers a check when the job's lease may be over.

Each check costs one delivery and one read, whatever the number of statuses. The check needs no scan of the
table, and no list of tenants.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

from statusbeam.log.snapshot.job_state import Head, Job
from statusbeam.log.snapshot.liveness import liveness
from statusbeam.log.snapshot.times import time_of
from statusbeam.model.job_key import JobKey
from statusbeam.model.limits import DAY_SECONDS, LEASE_SECONDS, LOST_AFTER_SECONDS
from statusbeam.model.replace import replace
from statusbeam.model.settings import JobEventType

from .committed import MESSAGES
from .job_event import JobEvent, job_fields

DELAY_MAX: Final = 900
"""The longest that SQS delays a message, in seconds."""

FIRST_DELAY: Final = LEASE_SECONDS + LOST_AFTER_SECONDS

_GIVEN_UP_AFTER: Final = DAY_SECONDS
"""How long a lost job is checked for further statuses."""

_MARGIN: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseCheck:
    """A check of one run of a job."""

    tenant_id: str
    job_id: str
    epoch: str
    run: int
    reported: int = 0
    """The job's position when it was last reported as lost; 0: it was never reported."""

    @classmethod
    def of(cls, head: Head) -> Self:
        """The first check of a job's current run."""
        return cls(
            tenant_id=head.tenant_id or "", job_id=head.job_id, epoch=head.epoch or "", run=head.runs.number
        )

    @property
    def key(self) -> JobKey:
        """The job."""
        return JobKey(self.tenant_id, self.job_id)

    def document(self) -> dict[str, Any]:
        """The message in the queue."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Parse the document that `document` returned."""
        return cls(**document)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The result of a check: the event to report, and when to check again."""

    lost: JobEvent | None = None
    next_check: LeaseCheck | None = None
    """None: the run is over, or was lost long ago."""
    delay: int = DELAY_MAX


def check_lease(check: LeaseCheck, head: Head | None, *, now: float) -> Finding:
    """The result of a check at `now` (epoch seconds), by the job's head."""
    if head is None or head.ended or (head.epoch, head.runs.number) != (check.epoch, check.run):
        return Finding()
    if liveness(Job(head=head), now) != "lost":
        return Finding(next_check=check, delay=_delay(head, now))
    if head.sequence == check.reported:
        silent = now - (head.updated_ms or 0) / 1000
        return Finding(next_check=check if silent < _GIVEN_UP_AFTER else None)
    return Finding(lost=_event(head), next_check=replace(check, reported=head.sequence))


def _event(head: Head) -> JobEvent:
    return JobEvent(
        id=f"lost-{head.epoch}-{head.sequence}-{head.job_id}",
        type=JobEventType.LOST,
        at=time_of((head.lease_ms or 0) + LOST_AFTER_SECONDS * 1000) or "",
        message=MESSAGES[JobEventType.LOST],
        job=job_fields(head),
    )


def _delay(head: Head, now: float) -> int:
    """The seconds until the job is lost if it sends no status. None: a waiting job has no lease."""
    if head.lease_ms is None:
        return DELAY_MAX
    lost_in = head.lease_ms / 1000 + LOST_AFTER_SECONDS - now + _MARGIN
    return max(1, min(int(lost_in), DELAY_MAX))
