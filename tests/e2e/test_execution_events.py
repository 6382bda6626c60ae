"""The emulator's events of executions, which are all that the closer gets on a laptop.

Each test of a gap holds it as it is today. One that fails after an upgrade says: the closer can now be tried
there end to end.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.e2e.bare_emulator import Emulator, emulator_process
from tests.e2e.waiting import DEADLINE_SECONDS

WAIT = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 600, "End": True}}}
FAIL = {"StartAt": "Fail", "States": {"Fail": {"Type": "Fail", "Error": "E", "Cause": "C"}}}
PASS = {"StartAt": "Pass", "States": {"Pass": {"Type": "Pass", "End": True}}}
ALL_EXECUTIONS = {"source": ["aws.states"], "detail-type": ["Step Functions Execution Status Change"]}

STATES = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
TRUST = {"Version": "2012-10-17", "Statement": [STATES]}


class Events:
    """A queue behind a rule for all executions."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator, self._seen = emulator, list[dict[str, Any]]()
        self._sqs = emulator.client("sqs")
        self._queue = self._sqs.create_queue(QueueName="executions")["QueueUrl"]
        arn = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])
        self._role = emulator.client("iam").create_role(
            RoleName="executions", AssumeRolePolicyDocument=json.dumps(TRUST)
        )["Role"]["Arn"]
        events = emulator.client("events")
        events.put_rule(Name="executions", EventPattern=json.dumps(ALL_EXECUTIONS))
        events.put_targets(Rule="executions", Targets=[{"Id": "queue", "Arn": arn["Attributes"]["QueueArn"]}])

    def start(self, name: str, definition: dict[str, Any], text: str = '{"jobId": "j"}') -> str:
        """An execution of a new state machine; its ARN."""
        states = self._emulator.client("stepfunctions")
        machine = states.create_state_machine(
            name=name, definition=json.dumps(definition), roleArn=self._role
        )
        started = states.start_execution(stateMachineArn=machine["stateMachineArn"], input=text)
        return str(started["executionArn"])

    def of(self, execution_arn: str, status: str) -> dict[str, Any]:
        """The event of an execution that came to `status`."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while time.monotonic() < deadline:
            for event in self._seen:
                if (event["detail"]["executionArn"], event["detail"]["status"]) == (execution_arn, status):
                    return event
            messages = self._sqs.receive_message(QueueUrl=self._queue, WaitTimeSeconds=1)
            self._seen += [json.loads(message["Body"]) for message in messages.get("Messages", ())]
        pytest.fail(f"no event {status}, only {[event['detail']['status'] for event in self._seen]}")


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with emulator_process(tmp_path_factory.mktemp("emulator")) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def events(emulator: Emulator) -> Events:
    return Events(emulator)


@pytest.mark.parametrize(("status", "definition"), [("SUCCEEDED", PASS), ("FAILED", FAIL)])
def test_the_event_of_an_ended_execution_has_its_input_and_its_end(
    events: Events, status: str, definition: dict[str, Any]
) -> None:
    arn = events.start(status.lower(), definition)
    event = events.of(arn, status)
    detail = event["detail"]
    assert (detail["input"], detail["inputDetails"]) == ('{"jobId": "j"}', {"included": True})
    assert detail["redriveCount"] == 0
    assert isinstance(detail["stopDate"], int)
    assert event["time"].endswith("Z")


def test_the_closer_gets_the_event_of_a_stopped_execution(emulator: Emulator, events: Events) -> None:
    arn = events.start("aborted", WAIT)
    emulator.client("stepfunctions").stop_execution(executionArn=arn)
    assert events.of(arn, "ABORTED")["detail"]["stopDate"]


def test_a_large_input_is_left_out(events: Events) -> None:
    detail = events.of(events.start("large", PASS, json.dumps("x" * 255_000)), "SUCCEEDED")["detail"]
    assert (detail["input"], detail["inputDetails"]) == (None, {"included": False})


def test_no_execution_times_out(emulator: Emulator, events: Events) -> None:
    short = {
        "TimeoutSeconds": 1,
        "StartAt": "Wait",
        "States": {"Wait": {"Type": "Wait", "Seconds": 2, "End": True}},
    }
    assert events.of(events.start("short", short), "SUCCEEDED")


def test_no_execution_can_be_redriven(emulator: Emulator, events: Events) -> None:
    arn = events.start("redriven", FAIL)
    events.of(arn, "FAILED")
    with pytest.raises(ClientError) as refused:
        emulator.client("stepfunctions").redrive_execution(executionArn=arn)
    assert refused.value.response["Error"]["Code"] == "InvalidAction"
