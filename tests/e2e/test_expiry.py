"""The answers to readers after a log has expired, and then its job."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from statusbeam.localcloud.outputs import DemoUser
from statusbeam.log.journal.dynamo_items import partition
from statusbeam.model.job_key import JobKey
from tests.browser.fault_board import FaultBoard
from tests.e2e.broken_parts import changed_environment
from tests.e2e.cloud import Cloud, fresh_id, status

DAY = 86_400
GET_LOG = """
query($id: ID!, $after: Int) { listStatusUpdates(jobId: $id, afterSequence: $after) {
  recovered reason currentSequence nextAfterSequence updates { sequence message }
} }
"""
GET_JOB = """
query($id: ID!) { getJob(jobId: $id) { overallStatus sequence epoch agents { name } } }
"""
GET_POSITION = """
mutation($id: ID!) { syncSession(input: {connectionId: "expiry", action: open, jobIds: [$id]}) {
  jobs { sequence epoch }
} }
"""
LIST_JOBS = "query { listJobs(limit: 50) { jobs { jobId } } }"


class Reader:
    """A user who reads a job."""

    def __init__(self, cloud: Cloud, user: DemoUser, job_id: str) -> None:
        self._cloud, self._caller, self._id = cloud, cloud.caller(user), job_id

    def log(self, *, after: int = 0) -> tuple[bool, str | None, list[int]]:
        """Whether the list is complete, the reason if not, and its sequences."""
        page = self._ask(GET_LOG, after=after)["listStatusUpdates"]
        return page["recovered"], page["reason"], [update["sequence"] for update in page["updates"]]

    def job(self) -> Any:
        return self._ask(GET_JOB)["getJob"]

    def position(self) -> Any:
        (position,) = self._ask(GET_POSITION)["syncSession"]["jobs"]
        return position

    def lists_it(self) -> bool:
        return self._id in [job["jobId"] for job in self._ask(LIST_JOBS)["listJobs"]["jobs"]]

    def _ask(self, document: str, **variables: Any) -> Any:
        answer = self._cloud.graphql(self._caller, document, {"id": self._id, **variables})
        assert "errors" not in answer, answer
        return answer["data"]


@pytest.fixture
def clock(cloud: Cloud) -> Iterator[FaultBoard]:
    board = FaultBoard(cloud.outputs.graphql_url)
    yield board
    board.reset()


def expire(cloud: Cloud, job_id: str, sk: str) -> None:
    """Let an item's time be over; as on AWS, it can be read until it is taken away."""
    cloud.aws("dynamodb").update_item(
        TableName=cloud.outputs.status_table,
        Key={"pk": {"S": partition(JobKey(cloud.user(tenant=0).tenant_id, job_id))}, "sk": {"S": sk}},
        UpdateExpression="SET expiresAt = :past",
        ExpressionAttributeValues={":past": {"N": str(int(time.time()) - 1)}},
    )


def test_an_expired_log_gets_a_verdict_and_the_snapshot_outlives_it(cloud: Cloud, clock: FaultBoard) -> None:
    job_id, user = fresh_id("job"), cloud.user(tenant=0)
    cloud.publish(*(status(job_id, user.user_id, user.tenant_id, f"step {n}") for n in range(3)))
    reader = Reader(cloud, user, job_id)
    assert reader.log() == (True, None, [1, 2, 3])
    expire(cloud, job_id, "UPDATE#000000000001")
    assert reader.log() == (False, "log_expired", [])
    assert reader.log(after=1) == (True, None, [2, 3])
    clock.switch(clockAheadSeconds=8 * DAY)
    assert reader.log(after=1) == (False, "log_expired", [])
    assert reader.log(after=3) == (True, None, [])
    assert (reader.job()["sequence"], reader.job()["agents"]) == (3, [{"name": "Geo Agent"}])
    clock.switch(clockAheadSeconds=92 * DAY)
    assert reader.job()["overallStatus"] == "initializing"
    assert (reader.position()["sequence"], reader.lists_it()) == (0, False)


def test_a_job_id_that_is_used_again_is_another_job_of_its_new_user(cloud: Cloud) -> None:
    job_id, users = fresh_id("job"), [cloud.user(tenant=0, which=which) for which in (0, 1)]
    first, second = (Reader(cloud, user, job_id) for user in users)
    said = [
        status(job_id, user.user_id, user.tenant_id, "step", agentName=name)
        for user, name in zip(users, ("Old Agent", "New Agent"), strict=True)
    ]
    cloud.publish(said[0], {**said[0], "eventId": fresh_id("event")})
    before = first.position()
    assert (before["sequence"], first.lists_it()) == (2, True)
    expire(cloud, job_id, "HEAD")
    assert (first.position()["sequence"], first.lists_it()) == (0, False)
    # Weeks later no process of the publisher remembers the job.
    with changed_environment(cloud, {"ANEW": job_id}):
        cloud.publish(said[1])
    after = second.position()
    assert (after["sequence"], after["epoch"] != before["epoch"]) == (1, True)
    assert second.log() == (True, None, [1])
    assert second.job()["agents"] == [{"name": "New Agent"}]
    assert (first.position()["sequence"], first.log(after=2)[:2]) == (0, (False, "ahead_of_log"))
    assert (first.job()["sequence"], first.job()["agents"]) == (0, [])
