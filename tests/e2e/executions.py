"""Executions of the example's state machine, the logs of their jobs, and the closer that watches them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from status_utils import QueueTransport, publish_agent_status
from statusbeam.log.journal.dynamo_items import partition
from statusbeam.model.job_key import JobKey
from tests.e2e.cloud import Cloud, Update, fresh_id

ENDS = ("complete", "error", "cancelled")


@dataclass(frozen=True, kw_only=True)
class Job:
    """An execution of the example's state machine, and the log of its job."""

    cloud: Cloud
    job_id: str
    execution_arn: str
    input: str

    @property
    def _key(self) -> JobKey:
        return JobKey(self.cloud.user(tenant=0).tenant_id, self.job_id)

    def log(self) -> list[Update]:
        return self.cloud.log(self._key)

    def ends(self) -> list[tuple[str, str]]:
        """Status and message of the final statuses in a job's log."""
        return [(update["status"], update["message"]) for update in self.log() if update["status"] in ENDS]

    def overall_status(self) -> str:
        key = {"pk": {"S": partition(self._key)}, "sk": {"S": "HEAD"}}
        head = self.cloud.aws("dynamodb").get_item(
            TableName=self.cloud.outputs.status_table, Key=key, ConsistentRead=True
        )
        return str(head["Item"]["overallStatus"]["S"])

    def execution_status(self) -> str:
        states = self.cloud.aws("stepfunctions")
        return str(states.describe_execution(executionArn=self.execution_arn)["status"])

    def event(self, status: str, *, redrives: int = 0) -> Update:
        """EventBridge's event about the execution."""
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
def changed_machine(
    cloud: Cloud, change: Callable[[dict[str, Any]], dict[str, Any]], machine: str | None = None
) -> Iterator[None]:
    """A deployed state machine, the complaints' unless another is named, with another definition."""
    states, arn = cloud.aws("stepfunctions"), machine or cloud.outputs.state_machine_arn
    before = states.describe_state_machine(stateMachineArn=arn)["definition"]
    states.update_state_machine(stateMachineArn=arn, definition=json.dumps(change(json.loads(before))))
    try:
        yield
    finally:
        states.update_state_machine(stateMachineArn=arn, definition=before)


def waiting_for_its_agents(definition: dict[str, Any]) -> dict[str, Any]:
    wait = {"Type": "Wait", "Seconds": 3_600, "Next": definition["States"]["RunAgents"]["Next"]}
    return {**definition, "States": {**definition["States"], "RunAgents": wait}}


def closer(cloud: Cloud) -> str:
    """The closer's name, from the rule that the stack made."""
    events = cloud.aws("events")
    targets = [
        target["Arn"]
        for rule in events.list_rules()["Rules"]
        if "redriveCount" in rule.get("EventPattern", "")
        for target in events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
    ]
    assert len(targets) == 1
    return str(targets[0])


def tell_closer(cloud: Cloud, event: Update) -> Update:
    """Invoke the closer with an event of EventBridge. Returns the sent payload."""
    answer = cloud.aws("lambda").invoke(FunctionName=closer(cloud), Payload=json.dumps(event).encode())
    body = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, body
    assert isinstance(body, dict)
    return body
