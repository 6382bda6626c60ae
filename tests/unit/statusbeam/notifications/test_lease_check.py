"""A running job is checked until it ends; a job that stops reporting is reported once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from statusbeam.log.snapshot.fold import apply
from statusbeam.log.snapshot.job_state import Head, Job
from statusbeam.model.limits import LEASE_SECONDS, LOST_AFTER_SECONDS
from statusbeam.model.settings import JobEventType
from statusbeam.notifications.lease_check import FIRST_DELAY, LeaseCheck, check_lease
from tests.unit.samples import NOW, update

OPENING: dict[str, Any] = {"agentName": None, "status": "loading_agents"}


def at(seconds: float) -> str:
    """A timestamp so many seconds after the job's first status."""
    minutes, rest = divmod(int(seconds), 60)
    return f"2026-11-20T08:{30 + minutes:02d}:{rest:02d}.000Z"


@dataclass
class Watched:
    """A job, and the checks of it in virtual time."""

    job: Job = field(default_factory=lambda: Job(head=Head(epoch="e1")))
    now: float = NOW
    lost: list[str] = field(default_factory=list)
    checks: int = 0

    def report(self, seconds: float, **changes: object) -> None:
        sequence = self.job.head.sequence + 1
        entry = {**OPENING, "timestamp": at(seconds), **changes}
        self.job = apply(self.job, [update(f"event-{sequence}", **entry).numbered(sequence)])

    def run(self, check: LeaseCheck | None, *, until: float, delay: int = FIRST_DELAY) -> LeaseCheck | None:
        """Deliver the check when its delay is over, again and again, up to a moment."""
        while check is not None and self.now + delay <= NOW + until:
            self.now += delay
            self.checks += 1
            finding = check_lease(check, self.job.head, now=self.now)
            if finding.lost is not None:
                assert finding.lost.type is JobEventType.LOST
                self.lost.append(finding.lost.id)
            check, delay = finding.next_check, finding.delay
        return check


@pytest.fixture
def watched() -> Watched:
    watched = Watched()
    watched.report(0)
    return watched


def test_a_job_that_stops_reporting_is_reported_once(watched: Watched) -> None:
    watched.run(LeaseCheck.of(watched.job.head), until=7_200)
    assert watched.lost == ["lost-e1-1-job-1"]


def test_a_lost_job_is_reported_soon_after_its_lease(watched: Watched) -> None:
    watched.run(LeaseCheck.of(watched.job.head), until=LEASE_SECONDS + LOST_AFTER_SECONDS + 5)
    assert watched.lost == ["lost-e1-1-job-1"]


def test_a_running_job_is_checked_again(watched: Watched) -> None:
    check = LeaseCheck.of(watched.job.head)
    watched.report(300, status="validating")
    assert watched.run(check, until=FIRST_DELAY) == check
    assert watched.lost == []


def test_a_job_that_is_lost_again_is_reported_again(watched: Watched) -> None:
    check = watched.run(LeaseCheck.of(watched.job.head), until=FIRST_DELAY)
    watched.report(400, status="validating")
    watched.run(check, until=4_000)
    assert watched.lost == ["lost-e1-1-job-1", "lost-e1-2-job-1"]


@pytest.mark.parametrize("status", ["complete", "error", "cancelled"])
def test_an_ended_job_is_not_checked_again(watched: Watched, status: str) -> None:
    check = LeaseCheck.of(watched.job.head)
    watched.report(10, status=status)
    assert watched.run(check, until=7_200) is None
    assert (watched.lost, watched.checks) == ([], 1)


def test_a_job_that_waits_is_not_lost(watched: Watched) -> None:
    check = LeaseCheck.of(watched.job.head)
    watched.report(10, status="waiting", metadata={"waiting": {"for": "approval"}})
    assert watched.run(check, until=7_200) is not None
    assert watched.lost == []


def test_a_lost_job_is_given_up_after_a_day(watched: Watched) -> None:
    assert watched.run(LeaseCheck.of(watched.job.head), until=90_000) is None
    assert watched.checks < 120


def test_a_check_of_another_log_or_run_ends() -> None:
    check = LeaseCheck(tenant_id="city", job_id="job-1", epoch="e0", run=1)
    head = apply(Job(head=Head(epoch="e1")), [update(**OPENING).numbered(1)]).head
    late = NOW + 9_999
    assert check_lease(check, head, now=late) == check_lease(check, None, now=late)
    other_run = LeaseCheck(tenant_id="city", job_id="job-1", epoch="e1", run=2)
    assert check_lease(other_run, head, now=late).lost is None


def test_a_check_goes_through_the_queue_unchanged(watched: Watched) -> None:
    check = LeaseCheck.of(watched.job.head)
    assert LeaseCheck.from_document(check.document()) == check
