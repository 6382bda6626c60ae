"""Lists longer than a page: a user's jobs and a job's log, read to the end through the deployed queries."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from statusbeam.localcloud.outputs import DemoUser
from statusbeam.log.snapshot.times import time_of
from tests.e2e.callers import Caller, TokenCaller
from tests.e2e.cloud import Cloud, fresh_id, status

JOBS = 8
LIST_JOBS = """
query($limit: Int, $nextToken: String, $overallStatus: OverallStatus) {
  listJobs(limit: $limit, nextToken: $nextToken, overallStatus: $overallStatus) {
    jobs { jobId overallStatus sequence } nextToken
} }
"""
GET_LOG = """
query($jobId: ID!, $afterSequence: Int, $limit: Int) {
  listStatusUpdates(jobId: $jobId, afterSequence: $afterSequence, limit: $limit) {
    recovered currentSequence nextAfterSequence updates { sequence }
} }
"""


@pytest.fixture(scope="module")
def user(cloud: Cloud) -> DemoUser:
    """A user for one test, whose jobs no other test reports."""
    return cloud.new_user(cloud.user(tenant=0).tenant_id)


@pytest.fixture(scope="module")
def jobs(cloud: Cloud, user: DemoUser) -> list[str]:
    """Jobs from the oldest to the newest, though reported in another order; every third one failed."""
    named = [fresh_id("job") for _ in range(JOBS)]
    now = int(time.time())
    for place in (3, 0, 7, 5, 1, 6, 2, 4):
        said = status(
            named[place],
            user.user_id,
            user.tenant_id,
            "said",
            agentName=None,
            status="validating" if place % 3 else "error",
            timestamp=time_of((now - 60 * (JOBS - place)) * 1000),
        )
        cloud.publish(said)
    return named


def pages(ask: Callable[[Any], Any], first: Any, goes_on: Callable[[Any], Any]) -> list[Any]:
    """Every page, until the last one."""
    found = [ask(first)]
    while (after := goes_on(found[-1])) is not None:
        found.append(ask(after))
        assert len(found) < 50
    return found


@pytest.mark.parametrize("limit", [1, 3, 50])
@pytest.mark.parametrize("state", [None, "failed", "completed"])
@pytest.mark.parametrize("covered", [JOBS, 5], ids=["by login", "by a token for five of them"])
def test_the_pages_of_a_users_jobs_hold_each_once_newest_first(
    cloud: Cloud, user: DemoUser, jobs: list[str], *, limit: int, state: str | None, covered: int
) -> None:
    caller: Caller = cloud.caller(user)
    if covered < JOBS:
        some = sorted(jobs[:covered])  # in no order of time
        caller = TokenCaller(cloud.view_token(user.user_id, user.tenant_id, job_ids=some))

    def ask(token: str | None) -> Any:
        variables = {"limit": limit, "nextToken": token, "overallStatus": state}
        answer = cloud.graphql(caller, LIST_JOBS, variables)
        assert "errors" not in answer, answer
        return answer["data"]["listJobs"]

    found = pages(ask, None, lambda page: page["nextToken"])
    assert all(len(page["jobs"]) <= limit for page in found)
    expected = {None: jobs[:covered], "failed": jobs[:covered:3], "completed": []}[state]
    assert [job["jobId"] for page in found for job in page["jobs"]] == expected[::-1]
    if state is not None:
        assert {job["overallStatus"] for page in found for job in page["jobs"]} <= {state}


@pytest.mark.parametrize("limit", [1, 4, 100])
def test_the_pages_of_a_log_hold_each_status_once_and_in_order(
    cloud: Cloud, user: DemoUser, limit: int
) -> None:
    job_id, caller = fresh_id("job"), cloud.caller(user)
    cloud.publish(*(status(job_id, user.user_id, user.tenant_id, f"step {n}") for n in range(10)))

    def ask(after: int) -> Any:
        answer = cloud.graphql(caller, GET_LOG, {"jobId": job_id, "afterSequence": after, "limit": limit})
        page = answer["data"]["listStatusUpdates"]
        assert (page["recovered"], page["currentSequence"]) == (True, 10)
        return page

    def goes_on(page: Any) -> int | None:
        return page["nextAfterSequence"] if page["nextAfterSequence"] < page["currentSequence"] else None

    found = pages(ask, 2, goes_on)
    assert [update["sequence"] for page in found for update in page["updates"]] == list(range(3, 11))
