"""The transport that commits in the reporter's own process: the reporter gets refusals."""

from __future__ import annotations

import logging

import pytest

from status_utils.transports.direct_transport import DirectTransport
from statusbeam.log.journal.memory import MemoryJournal
from statusbeam.log.publishing.memory import MemoryBroadcaster, MemorySessionStore
from statusbeam.log.publishing.pipeline import Pipeline
from tests.unit.samples import NOW, StoppedClock, entry

LOGGER = "status_utils.transports.direct_transport"


@pytest.fixture
def transport() -> DirectTransport:
    clock = StoppedClock(NOW).clock()
    pipeline = Pipeline(
        journal=MemoryJournal(clock=clock),
        sessions=MemorySessionStore(),
        broadcaster=MemoryBroadcaster(),
        clock=clock,
    )
    return DirectTransport(lambda: pipeline, clock=clock)


def warnings_in(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.getMessage()
        for record in caplog.records
        if record.name == LOGGER and record.levelno == logging.WARNING
    ]


def test_a_reporter_is_warned_once_a_job_that_belongs_to_another_user(
    transport: DirectTransport, caplog: pytest.LogCaptureFixture
) -> None:
    transport.send({"batchId": "b1", "updates": [entry(), entry(jobId="job-2")]})
    bens = [entry(userId="ben", jobId=job_id) for job_id in ("job-1", "job-3", "job-2", "job-1")]
    transport.send({"batchId": "b2", "updates": bens})
    assert warnings_in(caplog) == [
        f"job_id=<{job_id}>, code=<foreign_owner> | refused: the job belongs to another user of the tenant"
        for job_id in ("job-1", "job-2")
    ]


def test_a_bare_status_for_another_users_job_is_warned_of_too(
    transport: DirectTransport, caplog: pytest.LogCaptureFixture
) -> None:
    transport.send(entry())
    transport.send(entry(userId="ben"))
    assert [line.partition(" |")[0] for line in warnings_in(caplog)] == [
        "job_id=<job-1>, code=<foreign_owner>"
    ]


def test_a_job_of_the_same_id_in_another_tenant_is_nobody_elses(
    transport: DirectTransport, caplog: pytest.LogCaptureFixture
) -> None:
    transport.send(entry())
    transport.send(entry(userId="ben", tenantId="village"))
    transport.send(entry(progress=101))  # rejected, and for another reason
    assert warnings_in(caplog) == []
