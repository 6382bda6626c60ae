"""Queues the deliveries of a commit's event, and the checks of a job's lease."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from statusbeam.log.journal.dynamo_items import from_item, read_head
from statusbeam.log.snapshot.job_state import Head, Job
from statusbeam.log.snapshot.lifecycle import was_running
from statusbeam.model.job_key import JobKey
from statusbeam.model.settings import PROBE_PREFIX, JobEventType, NotificationChannel, StatusTable
from statusbeam.model.update import StatusUpdate
from statusbeam.model.validation import json_text
from statusbeam.notifications.committed import committed_event
from statusbeam.notifications.deliveries import DeliveryQueue, deliveries_of
from statusbeam.notifications.lease_check import FIRST_DELAY, LeaseCheck, check_lease

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class Log(Protocol):
    """The reads of jobs. Both methods raise JournalError."""

    def updates(self, job: JobKey, *, first: int, last: int) -> Sequence[StatusUpdate]:
        """A part of a job's log."""
        ...

    def snapshot(self, job: JobKey) -> Job | None:
        """The current head of the job."""
        ...


class JobLifecycle:
    """Queues the events of jobs for the channels that accept them. Failures raise, so that Lambda retries."""

    def __init__(
        self,
        log: Log,
        queue: DeliveryQueue,
        *,
        channels: Sequence[NotificationChannel],
        sqs: SQSClient,
        lease_queue_url: str,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._log = log
        self._queue = queue
        self._channels = channels
        self._sqs = sqs
        self._lease_queue_url = lease_queue_url
        self._now = now
        self._reports_losses = any(JobEventType.LOST in one.events for one in channels)

    def take_commit(self, images: Mapping[str, Any]) -> None:
        """Handle a head's change from the table's stream: `NewImage`, and `OldImage` if there was one.

        Nobody is notified of the jobs of probes.
        """
        image = from_item(images["NewImage"])
        event = JobEventType(image[StatusTable.JOB_EVENT])
        after = read_head(image)
        if after.key.job_id.startswith(PROBE_PREFIX):
            return
        before = read_head(from_item(images["OldImage"])) if "OldImage" in images else None
        if any(one.takes(event, after.key.tenant_id) for one in self._channels):
            updates = self._log.updates(after.key, first=_first(before, after), last=after.sequence)
            self._queue.put(deliveries_of(committed_event(event, before, after, updates), self._channels))
        if self._reports_losses and not after.ended and not was_running(before, after):
            self._check_later(LeaseCheck.of(after), FIRST_DELAY)

    def take_check(self, check: LeaseCheck) -> None:
        """Check a lease that may be over. If the job is running, queue the next check."""
        job = self._log.snapshot(check.key)
        finding = check_lease(check, job.head if job else None, now=self._now())
        if finding.lost is not None:
            self._queue.put(deliveries_of(finding.lost, self._channels))
        if finding.next_check is not None:
            self._check_later(finding.next_check, finding.delay)

    def _check_later(self, check: LeaseCheck, delay: int) -> None:
        self._sqs.send_message(
            QueueUrl=self._lease_queue_url, MessageBody=json_text(check.document()), DelaySeconds=delay
        )


def _first(before: Head | None, after: Head) -> int:
    return before.sequence + 1 if before is not None and before.epoch == after.epoch else 1
