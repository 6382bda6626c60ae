"""Publishers that really run in parallel, with the payloads of the soak test."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

import pytest

from statusbeam.log.journal.dynamo import DynamoJournal
from statusbeam.log.publishing.memory import MemoryBroadcaster, MemorySessionStore
from statusbeam.log.publishing.pipeline import Pipeline
from statusbeam.log.snapshot.fold import fold
from statusbeam.model.job_key import JobKey
from tests.e2e.cloud import Cloud, fresh_id
from tests.soak.work import CLOSER, MOST_SECONDS, TENANT, Payload, deliveries, payloads

PUBLISHERS = 6
COMMIT_SECONDS = 120


def journal(cloud: Cloud, client: Any) -> DynamoJournal:
    return DynamoJournal(client, cloud.outputs.status_table, log_retention_days=7, job_retention_days=90)


@pytest.mark.parametrize("seed", range(3))
def test_publishers_that_run_at_the_same_time_leave_one_whole_log_and_its_fold(
    cloud: Cloud, seed: int
) -> None:
    chance, job_id, client = Random(seed), fresh_id("job"), cloud.aws("dynamodb")  # noqa: S311 - no secret
    said = payloads(chance, job_id, int((time.time() - MOST_SECONDS) * 1000))
    delivered = deliveries(chance, said)

    def publish(some: list[Payload]) -> None:
        pipeline = Pipeline(
            journal=journal(cloud, client), sessions=MemorySessionStore(), broadcaster=MemoryBroadcaster()
        )
        for payload in some:
            pipeline.publish(payload, batch_id="request", deadline=time.time() + COMMIT_SECONDS)

    with ThreadPoolExecutor(PUBLISHERS) as pool:
        list(pool.map(publish, (delivered[first::PUBLISHERS] for first in range(PUBLISHERS))))

    reader = journal(cloud, client)
    log = reader.updates(JobKey(TENANT, job_id), first=1, last=1_000)
    assert [update.sequence for update in log] == list(range(1, len(log) + 1))
    there = [update.event_id for update in log]
    assert len(set(there)) == len(there)
    wanted = {f"{payload['batchId']}.{at}" for payload in said for at in range(len(payload["updates"]))}
    assert wanted - set(there) <= {f"{CLOSER}.0"}  # which is skipped when the job has ended
    assert set(there) <= wanted
    snapshot = reader.snapshot(JobKey(TENANT, job_id))
    assert snapshot is not None
    assert snapshot == fold(log, epoch=snapshot.head.epoch)
