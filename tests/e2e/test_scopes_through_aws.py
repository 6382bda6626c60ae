"""Scopes through the deployed system: the queue and the publisher, or straight to the tables."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from status_utils import (
    DirectTransport,
    QueueTransport,
    Transport,
    TransportError,
    current_scope,
    in_scope,
    job,
)
from status_utils.sending.senders import sender_for
from status_utils.sending.undelivered_log import undelivered_in
from statusbeam.log.journal.dynamo import DynamoJournal
from statusbeam.log.journal.dynamo_sessions import DynamoSessionStore
from statusbeam.log.publishing.memory import MemoryBroadcaster
from statusbeam.log.publishing.pipeline import Pipeline
from statusbeam.log.snapshot.fold import fold
from statusbeam.log.snapshot.job_state import Job
from statusbeam.model.job_key import JobKey
from tests.e2e.cloud import Cloud, fresh_id
from tests.e2e.waiting import DEADLINE_SECONDS, wait_for

TENANT_ID = "city"


def journal(cloud: Cloud) -> DynamoJournal:
    return DynamoJournal(
        cloud.aws("dynamodb"), cloud.outputs.status_table, log_retention_days=1, job_retention_days=1
    )


def direct(cloud: Cloud) -> Transport:
    # Nobody watches these jobs, so nothing is pushed.
    pipeline = Pipeline(
        journal=journal(cloud),
        sessions=DynamoSessionStore(cloud.aws("dynamodb"), cloud.outputs.user_sessions_table),
        broadcaster=MemoryBroadcaster(),
    )
    return DirectTransport(lambda: pipeline)


def queue(cloud: Cloud) -> Transport:
    return QueueTransport(cloud.outputs.status_queue_url, new_client=lambda: cloud.aws("sqs"))


def ended(cloud: Cloud, job_id: str) -> Job:
    """The stored snapshot, once the job has ended; it must be the fold of the log."""
    log = journal(cloud)

    def ended_snapshot() -> Job | None:
        snapshot = log.snapshot(JobKey(TENANT_ID, job_id))
        return snapshot if snapshot and snapshot.head.ended else None

    snapshot = wait_for("the end of the job", ended_snapshot)
    updates = log.updates(JobKey(TENANT_ID, job_id), first=1, last=snapshot.head.sequence)
    assert fold(updates, epoch=snapshot.head.epoch).head == snapshot.head
    return snapshot


def work(number: int) -> None:
    scope = current_scope()
    assert scope is not None
    with scope.agent(f"Agent {number}") as agent:
        for percent in range(0, 100, 10):
            agent.progress(percent=percent, message=f"{percent} %")
        with agent.tool(f"tool {number}"):
            agent.tokens(input=100 * number, output=number)


@pytest.mark.parametrize("transport_of", [queue, direct])
def test_eight_parallel_agents_arrive_whole_and_in_order(
    cloud: Cloud, transport_of: Callable[[Cloud], Transport]
) -> None:
    transport, job_id = transport_of(cloud), fresh_id("job")
    with (
        job(job_id=job_id, user_id="scope-user", tenant_id=TENANT_ID, transport=transport),
        ThreadPoolExecutor(8) as executor,
    ):
        list(executor.map(in_scope(work), range(8)))
    sender_for(transport).flush(DEADLINE_SECONDS, force_wait=True)
    snapshot = ended(cloud, job_id)
    assert snapshot.head.overall_status == "completed"
    assert {
        (agent.name, agent.status, agent.ledger.total, *dict(agent.tools))
        for agent in snapshot.agents.values()
    } == {(f"Agent {n}", "success", (100 * n, n), f"tool {n}") for n in range(8)}


def test_unsent_statuses_of_a_dead_queue_are_delivered_by_a_redrive(
    cloud: Cloud, caplog: pytest.LogCaptureFixture
) -> None:
    class DeadQueue:
        def send(self, payload: object) -> None:
            raise TransportError("no such queue", code="QueueDoesNotExist", retriable=False)

    job_id = fresh_id("job")
    j = job(job_id=job_id, user_id="scope-user", tenant_id=TENANT_ID, transport=DeadQueue())
    with j, j.agent("Geo Agent"):
        pass
    j.sender.flush(last_chance=True)
    lost = list(undelivered_in("\n".join(record.getMessage() for record in caplog.records)))
    for _ in range(2):  # the second time changes nothing
        for payload in lost:
            queue(cloud).send(payload)
    snapshot = ended(cloud, job_id)
    assert (snapshot.head.overall_status, snapshot.head.sequence) == ("completed", 4)
