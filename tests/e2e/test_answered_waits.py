"""People answer a job's wait: who may, which answer counts, and the workflow's next step."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from statusbeam.localcloud.dashboard import STREET_FAIR
from statusbeam.localcloud.outputs import DemoUser
from statusbeam.model.job_key import JobKey
from tests.e2e.callers import Caller, TokenCaller
from tests.e2e.cloud import Cloud, Update, fresh_id, status
from tests.e2e.executions import changed_machine
from tests.e2e.waiting import wait_for

ANSWER = """
mutation($jobId: ID!, $invocationId: ID, $approved: Boolean!, $comment: String) {
  answerWaiting(jobId: $jobId, invocationId: $invocationId, approved: $approved, comment: $comment) {
    jobId userId overallStatus sequence waiting { for }
  }
}
"""
JOB = """
query($jobId: ID!) { getJob(jobId: $jobId) {
  overallStatus title result liveness totalTokenUsage { totalTokens }
  waiting { for prompt until answerable invocationId }
  agents { name invocationId parentInvocationId attempt status tools tokenUsage { totalTokens } }
} }
"""
ASKS = json.dumps({"waiting": {"for": "approval", "prompt": "May we?", "answerable": True}})
WAIT = {"status": "waiting", "agentName": "Approval", "invocationId": "i1", "metadata": ASKS}


def answer(
    cloud: Cloud, caller: Caller, job_id: str, invocation_id: str | None, *, approved: bool, comment: str = ""
) -> dict[str, Any]:
    variables = {"jobId": job_id, "invocationId": invocation_id, "approved": approved, "comment": comment}
    return cloud.graphql(caller, ANSWER, variables)


@dataclass(frozen=True, kw_only=True)
class Fair:
    """A street fair whose agents take no time, on the deployed workflow."""

    cloud: Cloud
    owner: DemoUser
    job_id: str
    execution_arn: str

    def job(self) -> dict[str, Any]:
        answer = self.cloud.graphql(self.cloud.caller(self.owner), JOB, {"jobId": self.job_id})
        found: dict[str, Any] = answer["data"]["getJob"]
        return found

    def log(self) -> list[Update]:
        return self.cloud.log(JobKey(self.owner.tenant_id, self.job_id))

    def words(self) -> list[str]:
        return [update["status"] for update in self.log()]

    def waiting(self) -> dict[str, Any]:
        return wait_for("the approval", lambda: self.job()["waiting"])

    def execution(self) -> dict[str, Any]:
        states = self.cloud.aws("stepfunctions")
        found: dict[str, Any] = states.describe_execution(executionArn=self.execution_arn)
        return found

    def end(self) -> dict[str, Any]:
        """The job, once it and its execution have ended."""
        wait_for("the end of the execution", lambda: self.execution()["status"] != "RUNNING")
        return wait_for("the end", lambda: job if (job := self.job())["liveness"] == "ended" else None)


def start_fair(cloud: Cloud) -> Fair:
    owner, job_id = cloud.user(tenant=0), fresh_id("job")
    work = {**STREET_FAIR, "pace": 0, "jobId": job_id, "userId": owner.user_id, "tenantId": owner.tenant_id}
    started = cloud.aws("stepfunctions").start_execution(
        stateMachineArn=cloud.outputs.street_fair_arn, input=json.dumps(work)
    )
    return Fair(cloud=cloud, owner=owner, job_id=job_id, execution_arn=started["executionArn"])


def test_a_fair_that_is_approved_gets_a_permit(cloud: Cloud) -> None:
    fair = start_fair(cloud)
    waiting = fair.waiting()
    assert (waiting["for"], waiting["answerable"]) == ("approval", True)
    assert "Close Castro Street on a Saturday in May" in waiting["prompt"]
    assert fair.job()["liveness"] == "waiting"
    caller = cloud.caller(fair.owner)
    given = answer(cloud, caller, fair.job_id, waiting["invocationId"], approved=True, comment="Have fun")
    assert given["data"]["answerWaiting"]["waiting"] is None
    job = fair.end()
    result = json.loads(job["result"])
    assert (job["overallStatus"], job["title"]) == ("completed", "Street fair on Castro Street")
    assert (result["street"], result["note"]) == ("Castro Street", "Have fun")
    assert result["permitNumber"].startswith("SF-")
    agents = {agent["name"]: agent for agent in job["agents"]}
    assert {name: agent["status"] for name, agent in agents.items()} == dict.fromkeys(
        [
            *("Traffic Agent", "Weather Agent", "Neighbour Agent", "Bus Agent"),
            *("Permit Agent", "Approval", "Notice Agent"),
        ],
        "success",
    )
    assert agents["Weather Agent"]["attempt"] == 2
    assert agents["Bus Agent"]["parentInvocationId"] == agents["Traffic Agent"]["invocationId"]
    assert agents["Traffic Agent"]["tools"] == ["street_map", "route_planner"]
    assert job["totalTokenUsage"]["totalTokens"] > 0
    (recorded,) = [update for update in fair.log() if update["status"] == "answered"]
    assert (recorded["agentName"], recorded["message"]) == ("Approval", "Approved: Have fun")
    by = {"approved": True, "by": fair.owner.user_id, "comment": "Have fun"}
    assert json.loads(recorded["metadata"])["answer"] == by


def test_a_fair_that_is_rejected_is_cancelled_with_the_reason(cloud: Cloud) -> None:
    fair = start_fair(cloud)
    waiting = fair.waiting()
    operator = cloud.caller(cloud.user(tenant=0, role="operator"))
    answer(cloud, operator, fair.job_id, waiting["invocationId"], approved=False, comment="Too loud")
    job = fair.end()
    assert (job["overallStatus"], job["result"]) == ("cancelled", None)
    (end,) = [update for update in fair.log() if update["status"] == "cancelled"]
    assert end["message"] == "The permit was rejected: Too loud"
    assert fair.execution()["status"] == "SUCCEEDED"
    assert "Notice Agent" not in {update.get("agentName") for update in fair.log()}


def with_no_time_to_decide(definition: dict[str, Any]) -> dict[str, Any]:
    text = json.dumps(definition)
    assert text.count('"TimeoutSeconds": 600') == 1
    changed: dict[str, Any] = json.loads(text.replace('"TimeoutSeconds": 600', '"TimeoutSeconds": 1'))
    return changed


def test_a_fair_that_nobody_decides_on_fails_when_the_time_is_up(cloud: Cloud) -> None:
    with changed_machine(cloud, with_no_time_to_decide, cloud.outputs.street_fair_arn):
        fair = start_fair(cloud)
        job = fair.end()
    assert job["overallStatus"] == "failed"
    (end,) = [update for update in fair.log() if update["status"] == "error"]
    assert end["message"] == "The decision did not come in time, so the permit is not issued."
    late = answer(cloud, cloud.caller(fair.owner), fair.job_id, _approval(job), approved=True)
    assert [error["errorType"] for error in late["errors"]] == ["NotWaiting"]
    assert "answered" not in fair.words()


def _approval(job: dict[str, Any]) -> str:
    return str(next(agent["invocationId"] for agent in job["agents"] if agent["name"] == "Approval"))


def test_no_answer_contains_a_task_token(cloud: Cloud) -> None:
    fair = start_fair(cloud)
    fair.waiting()
    dynamodb = cloud.aws("dynamodb")
    (table,) = [name for name in dynamodb.list_tables()["TableNames"] if "Approvals" in name]
    kept = wait_for("the token", lambda: _tokens(dynamodb, table, fair))
    everything = json.dumps([fair.log(), fair.job()], default=str)
    assert all(token not in everything for token in kept)
    answer(cloud, cloud.caller(fair.owner), fair.job_id, _approval(fair.job()), approved=False)
    fair.end()
    wait_for("the token to be forgotten", lambda: not _tokens(dynamodb, table, fair))


def _tokens(dynamodb: Any, table: str, fair: Fair) -> list[str]:
    items = dynamodb.scan(TableName=table, ConsistentRead=True)["Items"]
    return [item["token"]["S"] for item in items if "token" in item and fair.job_id in item["job"]["S"]]


# who may answer


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
def test_a_wait_may_be_answered_by(cloud: Cloud, tenant: dict[str, DemoUser], who: str, may: bool) -> None:
    owner, job_id = tenant["owner"], fresh_id("job")
    cloud.publish(status(job_id, owner.user_id, owner.tenant_id, "May we?", **WAIT))
    tokens = {"view token": None, "view token for the job": [job_id]}
    caller: Caller = (
        TokenCaller(cloud.view_token(owner.user_id, owner.tenant_id, job_ids=tokens[who]))
        if who in tokens
        else cloud.caller(tenant[who])
    )
    given = answer(cloud, caller, job_id, "i1", approved=True)
    logged = [update["status"] for update in cloud.log(JobKey(owner.tenant_id, job_id))]
    if may:
        assert given["data"]["answerWaiting"]["sequence"] == 2
        assert logged == ["waiting", "answered"]
    else:
        assert [error["errorType"] for error in given["errors"]] == ["Forbidden"]
        assert logged == ["waiting"]


@pytest.mark.parametrize("field", ["the api key", "iam"])
def test_a_reader_without_a_user_answers_no_wait(cloud: Cloud, field: str) -> None:
    job_id = fresh_id("job")
    cloud.publish(status(job_id, fresh_id("guest"), "public", "May we?", **WAIT))
    caller = cloud.key_caller if field == "the api key" else cloud.iam_reader(fresh_id("reader"))
    given = answer(cloud, caller, job_id, "i1", approved=True)
    assert [error["errorType"] for error in given["errors"]] == ["Unauthorized"]


def test_a_job_that_does_not_exist_is_refused_like_somebody_elses(
    cloud: Cloud, tenant: dict[str, DemoUser]
) -> None:
    given = answer(cloud, cloud.caller(tenant["owner"]), fresh_id("job"), "i1", approved=True)
    assert [error["errorType"] for error in given["errors"]] == ["Forbidden"]


@pytest.mark.parametrize(
    ("wait", "invocation_id"),
    [
        pytest.param({**WAIT, "metadata": '{"waiting": {"for": "timer"}}'}, "i1", id="nobody is asked"),
        pytest.param({**WAIT, "status": "agent_invoking"}, "i1", id="the agent works"),
        pytest.param(WAIT, "i2", id="another agent"),
        pytest.param(WAIT, None, id="the job itself does not wait"),
    ],
)
def test_an_answer_without_a_wait_is_refused(
    cloud: Cloud, tenant: dict[str, DemoUser], wait: dict[str, Any], invocation_id: str | None
) -> None:
    owner, job_id = tenant["owner"], fresh_id("job")
    cloud.publish(status(job_id, owner.user_id, owner.tenant_id, "May we?", **wait))
    given = answer(cloud, cloud.caller(owner), job_id, invocation_id, approved=True)
    assert [error["errorType"] for error in given["errors"]] == ["NotWaiting"]
    assert len(cloud.log(JobKey(owner.tenant_id, job_id))) == 1


def test_a_job_that_waits_itself_is_answered_once(cloud: Cloud, tenant: dict[str, DemoUser]) -> None:
    owner, job_id = tenant["owner"], fresh_id("job")
    wait = {**WAIT, "agentName": None, "invocationId": None}
    cloud.publish(status(job_id, owner.user_id, owner.tenant_id, "May we?", **wait))
    caller = cloud.caller(owner)
    first = answer(cloud, caller, job_id, None, approved=False)
    second = answer(cloud, caller, job_id, None, approved=True)
    assert first["data"]["answerWaiting"]["overallStatus"] == "processing"
    assert [error["errorType"] for error in second["errors"]] == ["NotWaiting"]
    logged = [update["status"] for update in cloud.log(JobKey(owner.tenant_id, job_id))]
    assert logged == ["waiting", "answered"]
