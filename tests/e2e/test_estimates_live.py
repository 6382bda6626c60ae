"""The remaining time of a job, from earlier jobs, through the deployed publisher and getJob."""

from __future__ import annotations

import time
from typing import Any

import pytest

from statusbeam.log.eta.estimates import HISTORY_SECONDS
from statusbeam.log.eta.step_correlation import MIN_RUNS
from statusbeam.log.snapshot.times import time_of
from tests.e2e.cloud import Cloud, fresh_id, status
from tests.e2e.waiting import wait_for

GET_ETA = "query($id: ID!) { getJob(jobId: $id) { eta { p50 p90 } fold agents { name sequence fold } } }"
STEP_SECONDS = 10


def opening(workflow: str) -> dict[str, Any]:
    plan = ["Load", {"name": "Geo", "dependsOn": ["Load"]}]
    metadata = {"plan": plan, "workflow": workflow, "workflowVersion": "1"}
    return {"status": "loading_agents", "agentName": None, "metadata": metadata}


def test_a_job_gets_an_estimate_from_earlier_jobs(cloud: Cloud) -> None:
    user, workflow = cloud.user(tenant=0), fresh_id("workflow")
    now = time.time()

    def said(job_id: str, seconds_ago: float, **more: Any) -> dict[str, Any]:
        at = time_of(round((now - seconds_ago) * 1000))
        return status(job_id, user.user_id, user.tenant_id, "said", timestamp=at, **more)

    for _ in range(MIN_RUNS + 1):
        job_id = fresh_id("job")
        cloud.publish(
            said(job_id, 2 * STEP_SECONDS, **opening(workflow)),
            said(job_id, STEP_SECONDS, status="agent_complete", agentName="Load"),
            said(job_id, 0, status="agent_complete", agentName="Geo"),
            said(job_id, 0, status="complete", agentName=None),
        )

    def estimated() -> Any:
        job_id = fresh_id("job")
        cloud.publish(said(job_id, 0, **opening(workflow)))
        job = cloud.graphql(cloud.caller(user), GET_ETA, {"id": job_id})["data"]["getJob"]
        return job if job["eta"] is not None else None

    # Another process of the publisher may remember that there was nothing to learn from.
    job = wait_for("an estimate", estimated, cached_seconds=HISTORY_SECONDS)
    assert job["eta"]["p50"] == pytest.approx(2 * STEP_SECONDS, rel=0.3)
    assert job["eta"]["p90"] >= job["eta"]["p50"]
    assert {agent["name"]: agent["sequence"] for agent in job["agents"]} == {"Load": 1, "Geo": 1}
    assert all(agent["fold"] for agent in (job, *job["agents"]))
