"""A request to cancel a job goes into its log, and its execution stops."""

from __future__ import annotations

from typing import Any

import pytest

from statusbeam.cli.main import main
from statusbeam.localcloud.outputs import DemoUser
from tests.e2e.callers import Caller, TokenCaller
from tests.e2e.cloud import Cloud, fresh_id, status
from tests.e2e.executions import changed_machine, start, waiting_for_its_agents
from tests.e2e.waiting import wait_for

CANCEL = """
mutation($jobId: ID!, $reason: String) {
  cancelJob(jobId: $jobId, reason: $reason) { jobId userId overallStatus sequence agents { name } }
}
"""
LOG = "query($jobId: ID!) { listStatusUpdates(jobId: $jobId) { updates { status message metadata } } }"


def cancel(cloud: Cloud, caller: Caller, job_id: str, reason: str | None = None) -> dict[str, Any]:
    return cloud.graphql(caller, CANCEL, {"jobId": job_id, "reason": reason})


def test_the_command_asks_in_the_owners_name(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    owner, job_id = cloud.user(tenant=0), fresh_id("job")
    ids = (job_id, owner.user_id, owner.tenant_id)
    cloud.publish(status(*ids, "Starting", status="loading_agents", agentName=None))
    where = ["--user", owner.user_id, "--tenant", owner.tenant_id, "--state-dir", str(cloud.state.root)]
    assert main(["cancel", job_id, "--reason", "Sent twice", *where]) == 0
    assert capsys.readouterr().out == f"Requested the cancellation of the job {job_id}. It is initializing.\n"
    assert words(cloud, owner, job_id) == ["loading_agents", "cancel_requested"]
    cloud.publish(status(*ids, "Done", status="complete", agentName=None))
    assert main(["cancel", job_id, *where]) == 0  # the request is kept; asking again changes nothing


def words(cloud: Cloud, user: DemoUser, job_id: str) -> list[str]:
    answer = cloud.graphql(cloud.caller(user), LOG, {"jobId": job_id})
    return [update["status"] for update in answer["data"]["listStatusUpdates"]["updates"]]


def test_the_owner_cancels_a_job_and_its_execution_stops(cloud: Cloud) -> None:
    owner = cloud.user(tenant=0)
    with changed_machine(cloud, waiting_for_its_agents):
        job = start(cloud, complaint="A pothole on Main Street")
        other = start(cloud, complaint="Another one")
        wait_for("the first checkpoints", lambda: bool(job.log() and other.log()))
        answer = cancel(cloud, cloud.caller(owner), job.job_id, "asked twice")
        asked = answer["data"]["cancelJob"]
        assert (asked["jobId"], asked["userId"]) == (job.job_id, owner.user_id)
        # The request is no sign of life. The execution may have stopped before the answer was read.
        assert asked["overallStatus"] in {"initializing", "cancelled"}
        wait_for("the end of the execution", lambda: job.execution_status() == "ABORTED")
        wait_for("the end of the job", lambda: job.overall_status() == "cancelled")
        assert other.execution_status() == "RUNNING"
        cloud.aws("stepfunctions").stop_execution(executionArn=other.execution_arn)
    (request,) = [update for update in job.log() if update["status"] == "cancel_requested"]
    assert request["message"] == "Cancellation requested: asked twice"
    assert f'"by":"{owner.user_id}"' in request["metadata"].replace(" ", "")
    told = words(cloud, owner, job.job_id)
    assert told.index("cancel_requested") < len(told) - 1  # its end came after the request
    assert cancel(cloud, cloud.caller(owner), job.job_id)["data"]["cancelJob"]["sequence"] == len(told)


@pytest.fixture(scope="module")
def tenant(cloud: Cloud) -> dict[str, DemoUser]:
    """People of one tenant, by their relation to the job, and an operator of another one."""
    here = fresh_id("tenant")
    people = {
        "owner": cloud.new_user(here),
        "operator": cloud.new_user(here, "operator"),
        "admin": cloud.new_user(here, "admin"),
        "colleague": cloud.new_user(here),
    }
    return {**people, "operator elsewhere": cloud.new_user(fresh_id("tenant"), "operator")}


@pytest.mark.parametrize(
    ("who", "may"),
    [
        ("owner", True),
        ("operator", True),
        ("admin", True),
        ("colleague", False),
        ("operator elsewhere", False),
        ("view token", True),
        ("view token for the job", False),
    ],
)
def test_a_job_may_be_cancelled_by(cloud: Cloud, tenant: dict[str, DemoUser], who: str, may: bool) -> None:
    owner, job_id = tenant["owner"], fresh_id("job")
    cloud.publish(status(job_id, owner.user_id, owner.tenant_id, "one"))
    tokens = {"view token": None, "view token for the job": [job_id]}
    caller: Caller = (
        TokenCaller(cloud.view_token(owner.user_id, owner.tenant_id, job_ids=tokens[who]))
        if who in tokens
        else cloud.caller(tenant[who])
    )
    answer = cancel(cloud, caller, job_id)
    logged = words(cloud, owner, job_id)
    if may:
        assert answer["data"]["cancelJob"]["sequence"] == 2
        assert logged == ["agent_invoking", "cancel_requested"]
    else:
        assert [error["errorType"] for error in answer["errors"]] == ["Forbidden"]
        assert logged == ["agent_invoking"]


def test_a_job_that_does_not_exist_is_refused_like_somebody_elses(
    cloud: Cloud, tenant: dict[str, DemoUser]
) -> None:
    answer = cancel(cloud, cloud.caller(tenant["owner"]), fresh_id("job"))
    assert [error["errorType"] for error in answer["errors"]] == ["Forbidden"]
