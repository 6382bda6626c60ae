"""The closer in its stack: its events, and the queue of events that it cannot handle."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from statusbeam.model.settings import CANCEL_REQUESTED, EVENT_SOURCE
from tests.infra.synthesised import EXAMPLE_STACKS, Resource, Stack

HANDLER = "execution_closer.handler.handler"


STOPPER = "execution_stopper.handler.handler"


def rules_of(stack: Stack, handler: str) -> list[Resource]:
    """The rules whose events reach a function."""
    arn = {"Fn::GetAtt": [stack.function(handler).name, "Arn"]}
    return [
        rule
        for rule in stack.all("AWS::Events::Rule")
        if arn in [t["Arn"] for t in rule.properties["Targets"]]
    ]


def rule(stack: Stack) -> dict[str, Any]:
    (found,) = rules_of(stack, HANDLER)
    return found.properties


@pytest.mark.parametrize("name", EXAMPLE_STACKS)
def test_the_rule_takes_ends_and_redrives_of_the_stacks_own_state_machines(
    stacks: dict[str, Stack], name: str
) -> None:
    machines = [{"Ref": machine.name} for machine in stacks[name].machines]
    assert len(machines) == 2
    assert rule(stacks[name])["EventPattern"] == {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {
            "stateMachineArn": machines,
            "$or": [
                {"status": ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]},
                {"status": ["RUNNING"], "redriveCount": [{"numeric": [">", 0]}]},
            ],
        },
    }


@pytest.mark.parametrize("name", EXAMPLE_STACKS)
def test_an_event_is_tried_for_hours_and_then_kept(stacks: dict[str, Stack], name: str) -> None:
    stack = stacks[name]
    (target,) = rule(stack)["Targets"]
    queue = target["DeadLetterConfig"]["Arn"]
    assert queue in [{"Fn::GetAtt": [each.name, "Arn"]} for each in stack.all("AWS::SQS::Queue")]
    closer = stack.function(HANDLER)
    assert target["Arn"] == {"Fn::GetAtt": [closer.name, "Arn"]}
    assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 21_600, "MaximumRetryAttempts": 20}
    invokes = stack.one("AWS::Lambda::EventInvokeConfig", FunctionName={"Ref": closer.name}).properties
    assert invokes["DestinationConfig"]["OnFailure"]["Destination"] == queue
    assert (invokes["MaximumRetryAttempts"], invokes["MaximumEventAgeInSeconds"]) == (2, 21_600)


@pytest.mark.parametrize("name", EXAMPLE_STACKS)
def test_the_stopper_learns_of_the_stacks_own_executions_and_of_requests(
    stacks: dict[str, Stack], name: str
) -> None:
    machines = [{"Ref": machine.name} for machine in stacks[name].machines]
    changes, requests = (rule.properties["EventPattern"] for rule in rules_of(stacks[name], STOPPER))
    assert changes == {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {
            "stateMachineArn": machines,
            "status": ["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"],
        },
    }
    assert requests == {"source": [EVENT_SOURCE], "detail-type": [CANCEL_REQUESTED]}


@pytest.mark.parametrize("name", EXAMPLE_STACKS)
def test_only_the_rules_may_invoke_what_they_are_for_and_fill_its_dead_letters(
    stacks: dict[str, Stack], name: str
) -> None:
    stack = stacks[name]
    arns = [{"Fn::GetAtt": [rule.name, "Arn"]} for rule in stack.all("AWS::Events::Rule")]
    permissions = [permission.properties for permission in stack.all("AWS::Lambda::Permission")]
    assert {permission["Principal"] for permission in permissions} == {"events.amazonaws.com"}
    assert in_order(permission["SourceArn"] for permission in permissions) == in_order(arns)
    policies = stack.all("AWS::SQS::QueuePolicy")
    assert len(policies) == len(stack.all("AWS::SQS::Queue"))
    statements = [one for policy in policies for one in policy.properties["PolicyDocument"]["Statement"]]
    allowed = [statement for statement in statements if statement["Effect"] == "Allow"]
    assert {statement["Action"] for statement in allowed} == {"sqs:SendMessage"}
    conditions = [statement["Condition"] for statement in allowed]
    assert in_order(conditions) == in_order({"ArnEquals": {"aws:SourceArn": arn}} for arn in arns)


def in_order(values: Iterable[Any]) -> list[str]:
    return sorted(map(str, values))
