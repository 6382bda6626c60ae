"""A job ends with its execution: with the workflow's own last word, or with the closer's, never with both."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from status_utils import QueueTransport, publish_agent_status
from tests.e2e.cloud import Cloud, Update, fresh_id

ARRIVAL_SECONDS = 90
ENDS = ("complete", "error")
TOO_LARGE_FOR_AN_EVENT = 250 * 1024
STOPPED = "The workflow was stopped before it had finished."
FAILED = "The workflow stopped because something in it failed."


@dataclass(frozen=True, kw_only=True)
class Job:
    """An execution of the example's state machine, and the log of its job."""

    cloud: Cloud
    job_id: str
    execution_arn: str
    input: str

    def log(self) -> list[Update]:
        items = self.cloud.aws("dynamodb").query(
            TableName=self.cloud.outputs.status_table,
            KeyConditionExpression="pk = :job AND begins_with(sk, :update)",
            ExpressionAttributeValues={":job": {"S": f"JOB#{self.job_id}"}, ":update": {"S": "UPDATE#"}},
            ConsistentRead=True,
        )["Items"]
        return [{name: next(iter(value.values())) for name, value in item.items()} for item in items]

    def ends(self) -> list[tuple[str, str]]:
        """Status and message of what ends a job, in its log."""
        return [(update["status"], update["message"]) for update in self.log() if update["status"] in ENDS]

    def overall_status(self) -> str:
        key = {"pk": {"S": f"JOB#{self.job_id}"}, "sk": {"S": "HEAD"}}
        head = self.cloud.aws("dynamodb").get_item(
            TableName=self.cloud.outputs.status_table, Key=key, ConsistentRead=True
        )
        return str(head["Item"]["overallStatus"]["S"])

    def execution_status(self) -> str:
        states = self.cloud.aws("stepfunctions")
        return str(states.describe_execution(executionArn=self.execution_arn)["status"])

    def event(self, status: str, *, redrives: int = 0) -> Update:
        """As EventBridge tells of the execution."""
        return {
            "source": "aws.states",
            "detail-type": "Step Functions Execution Status Change",
            "time": "2026-11-20T09:30:00Z",
            "detail": {
                "executionArn": self.execution_arn,
                "stateMachineArn": self.cloud.outputs.state_machine_arn,
                "status": status,
                "input": self.input,
                "inputDetails": {"included": True},
                "redriveCount": redrives,
            },
        }

    def say_something(self) -> str:
        """Send a status that comes after everything sent before; its message."""
        message = fresh_id("after")
        transport = QueueTransport(
            self.cloud.outputs.status_queue_url, new_client=lambda: self.cloud.aws("sqs")
        )
        user = self.cloud.user(tenant=0)
        assert publish_agent_status(
            self.job_id, user.user_id, user.tenant_id, "Late", "progress", message, transport=transport
        )
        return message

    def has_heard(self, message: str) -> bool:
        return any(update["message"] == message for update in self.log())


def start(cloud: Cloud, **more: str) -> Job:
    """Start the example's state machine on a job of a demo user."""
    user, job_id = cloud.user(tenant=0), fresh_id("job")
    content = {"jobId": job_id, "userId": user.user_id, "tenantId": user.tenant_id, **more}
    text = json.dumps(content)
    started = cloud.aws("stepfunctions").start_execution(
        stateMachineArn=cloud.outputs.state_machine_arn, input=text
    )
    return Job(cloud=cloud, job_id=job_id, execution_arn=started["executionArn"], input=text)


@contextmanager
def changed_machine(cloud: Cloud, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Iterator[None]:
    """The deployed state machine with another definition, until the end of the block."""
    states, arn = cloud.aws("stepfunctions"), cloud.outputs.state_machine_arn
    before = states.describe_state_machine(stateMachineArn=arn)["definition"]
    states.update_state_machine(stateMachineArn=arn, definition=json.dumps(change(json.loads(before))))
    try:
        yield
    finally:
        states.update_state_machine(stateMachineArn=arn, definition=before)


def waiting_for_its_agents(definition: dict[str, Any]) -> dict[str, Any]:
    wait = {"Type": "Wait", "Seconds": 3_600, "Next": definition["States"]["RunAgents"]["Next"]}
    return {**definition, "States": {**definition["States"], "RunAgents": wait}}


def failing_at_once(definition: dict[str, Any]) -> dict[str, Any]:
    return {"StartAt": "Broken", "States": {"Broken": {"Type": "Fail", "Error": "Broken", "Cause": "secret"}}}


def wait_for(what: str, seen: Callable[[], bool]) -> None:
    deadline = time.monotonic() + ARRIVAL_SECONDS
    while not seen():
        if time.monotonic() > deadline:
            pytest.fail(f"{what} not seen in {ARRIVAL_SECONDS} s")
        time.sleep(0.2)


def closer(cloud: Cloud) -> str:
    """The closer's name, from the rule that the stack made."""
    events = cloud.aws("events")
    targets = [
        target["Arn"]
        for rule in events.list_rules()["Rules"]
        if "aws.states" in rule.get("EventPattern", "")
        for target in events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
    ]
    assert len(targets) == 1
    return str(targets[0])


def tell_closer(cloud: Cloud, event: Update) -> Update:
    """Hand the closer an event as EventBridge does; what it sent."""
    answer = cloud.aws("lambda").invoke(FunctionName=closer(cloud), Payload=json.dumps(event).encode())
    body = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, body
    assert isinstance(body, dict)
    return body


def test_a_job_whose_execution_is_stopped_ends_failed_with_one_last_word(cloud: Cloud) -> None:
    with changed_machine(cloud, waiting_for_its_agents):
        job = start(cloud, complaint="A pothole on Main Street")
        wait_for("the first checkpoint", lambda: bool(job.log()))
        cloud.aws("stepfunctions").stop_execution(executionArn=job.execution_arn)
        wait_for("the last word", lambda: bool(job.ends()))
    tell_closer(cloud, job.event("ABORTED"))  # EventBridge delivers at least once
    sign = job.say_something()
    wait_for("the status behind it", lambda: job.has_heard(sign))
    assert job.ends() == [("error", STOPPED)]
    assert job.overall_status() == "failed"


def test_a_job_that_completes_has_its_own_last_word_alone(cloud: Cloud) -> None:
    job = start(cloud, complaint="A pothole on Main Street")
    wait_for("the end of the execution", lambda: job.execution_status() == "SUCCEEDED")
    told = tell_closer(cloud, job.event("SUCCEEDED"))
    assert told["updates"][0]["status"] == "complete"
    sign = job.say_something()
    wait_for("the status behind it", lambda: job.has_heard(sign))
    ((status, message),) = job.ends()
    assert (status, job.overall_status()) == ("complete", "completed")
    assert message != told["updates"][0]["message"]


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({}, id="input in the event"),
        pytest.param({"complaint": "x" * TOO_LARGE_FOR_AN_EVENT}, id="input to be asked for"),
    ],
)
def test_an_execution_that_fails_before_its_first_checkpoint_ends_its_job(
    cloud: Cloud, more: dict[str, str]
) -> None:
    with changed_machine(cloud, failing_at_once):
        job = start(cloud, **more)
        wait_for("the last word", lambda: bool(job.ends()))
    assert [(update["status"], update["message"]) for update in job.log()] == [("error", FAILED)]
    assert job.overall_status() == "failed"


def test_a_redriven_execution_reopens_its_job(cloud: Cloud) -> None:
    with changed_machine(cloud, failing_at_once):
        job = start(cloud)
        wait_for("the last word", lambda: bool(job.ends()))
    tell_closer(cloud, job.event("RUNNING", redrives=1))  # the emulator redrives nothing
    sign = job.say_something()
    wait_for("the status behind it", lambda: job.has_heard(sign))
    reopened = job.log()[1]
    assert (reopened["status"], int(reopened["attempt"])) == ("reopened", 2)
    assert job.overall_status() == "processing"
    tell_closer(cloud, job.event("SUCCEEDED", redrives=1))
    wait_for("the end of its second run", lambda: job.overall_status() == "completed")
