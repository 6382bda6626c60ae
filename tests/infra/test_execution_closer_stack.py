"""The closer in its stack: which events reach it, and where those end that it can't handle."""

from __future__ import annotations

from typing import Any

import pytest

from tests.infra.synthesised import EXAMPLE_STACKS, Resource, Stack

HANDLER = "execution_closer.handler.handler"


def rule(stack: Stack) -> dict[str, Any]:
    return stack.one("AWS::Events::Rule").properties


def dead_letters(stack: Stack) -> Resource:
    (queue,) = stack.all("AWS::SQS::Queue")
    return queue


@pytest.mark.parametrize("name", EXAMPLE_STACKS)
def test_the_rule_takes_ends_and_redrives_of_the_stacks_own_state_machine(
    stacks: dict[str, Stack], name: str
) -> None:
    machine = stacks[name].one("AWS::StepFunctions::StateMachine")
    assert rule(stacks[name])["EventPattern"] == {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {
            "stateMachineArn": [{"Ref": machine.name}],
            "$or": [
                {"status": ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]},
                {"status": ["RUNNING"], "redriveCount": [{"numeric": [">", 0]}]},
            ],
        },
    }


@pytest.mark.parametrize("name", EXAMPLE_STACKS)
def test_an_event_is_tried_for_hours_and_then_kept(stacks: dict[str, Stack], name: str) -> None:
    stack = stacks[name]
    queue = {"Fn::GetAtt": [dead_letters(stack).name, "Arn"]}
    (target,) = rule(stack)["Targets"]
    closer = stack.function(HANDLER)
    assert target["Arn"] == {"Fn::GetAtt": [closer.name, "Arn"]}
    assert target["DeadLetterConfig"] == {"Arn": queue}
    assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 21_600, "MaximumRetryAttempts": 20}
    invokes = stack.one("AWS::Lambda::EventInvokeConfig", FunctionName={"Ref": closer.name}).properties
    assert invokes["DestinationConfig"]["OnFailure"]["Destination"] == queue
    assert (invokes["MaximumRetryAttempts"], invokes["MaximumEventAgeInSeconds"]) == (2, 21_600)


@pytest.mark.parametrize("name", EXAMPLE_STACKS)
def test_only_the_rule_may_invoke_the_closer_and_fill_its_dead_letters(
    stacks: dict[str, Stack], name: str
) -> None:
    stack = stacks[name]
    rule_arn = {"Fn::GetAtt": [stack.one("AWS::Events::Rule").name, "Arn"]}
    permission = stack.one("AWS::Lambda::Permission").properties
    assert (permission["Principal"], permission["SourceArn"]) == ("events.amazonaws.com", rule_arn)
    (policy,) = stack.all("AWS::SQS::QueuePolicy")
    statements = policy.properties["PolicyDocument"]["Statement"]
    (allowed,) = [statement for statement in statements if statement["Effect"] == "Allow"]
    assert allowed["Action"] == "sqs:SendMessage"
    assert allowed["Condition"] == {"ArnEquals": {"aws:SourceArn": rule_arn}}
