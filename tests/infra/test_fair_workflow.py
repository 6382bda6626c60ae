"""The street fair's state machine: the decision, and the result of each decision."""

from __future__ import annotations

import json
from typing import Any

import pytest

from statusbeam.model.settings import EVENT_SOURCE, WAITING_ANSWERED
from tests.infra.synthesised import EXAMPLE_STACKS, Stack

State = dict[str, Any]


@pytest.fixture
def states(stacks: dict[str, Stack]) -> dict[str, State]:
    definition = stacks["Local-Example"].machine("Inquire").properties["DefinitionString"]["Fn::Join"][1]
    text = "".join(part if isinstance(part, str) else "arn" for part in definition)
    found: dict[str, State] = json.loads(text)["States"]
    return found


def update(state: State) -> State:
    found: State = state["Arguments"]["MessageBody"]
    return found


def approval_states(states: dict[str, State]) -> dict[str, State]:
    (branch,) = states["Approval with its status"]["Branches"]
    found: dict[str, State] = branch["States"]
    return found


def test_only_an_approval_leads_to_a_permit(states: dict[str, State]) -> None:
    choice = states["Approved?"]
    assert choice["Choices"] == [
        {"Variable": "$.approval.approved", "BooleanEquals": True, "Next": "Notice Agent"}
    ]
    assert choice["Default"] == "Report the rejection"
    assert states["Notice Agent"]["Next"] == "Report the permit"


@pytest.mark.parametrize(
    ("state", "status", "end"),
    [
        ("Report the permit", "complete", "Succeed"),
        ("Report the rejection", "cancelled", "Succeed"),
        ("Report the lateness", "error", "Fail"),
        ("Report the failure", "error", "Fail"),
    ],
)
def test_each_end_is_reported_as_what_it_is(
    states: dict[str, State], state: str, status: str, end: str
) -> None:
    assert update(states[state])["status"] == status
    assert states[states[state]["Next"]]["Type"] == end


def test_time_that_is_up_ends_the_job_by_a_word_of_its_own(states: dict[str, State]) -> None:
    late, failed = states["Approval with its status"]["Catch"]
    assert (late["ErrorEquals"], late["Next"]) == (["States.Timeout"], "Report the lateness")
    assert (failed["ErrorEquals"], failed["Next"]) == (["States.ALL"], "Report the failure")
    asked = approval_states(states)
    assert asked["Ask Approval"]["TimeoutSeconds"] == 600
    until = update(asked["Report Approval waiting"])["metadata"]["waiting"]["until"]
    assert "+ 600000" in until


@pytest.mark.parametrize("agent", ["Permit Agent", "Notice Agent"])
def test_each_agent_is_tried_three_times(states: dict[str, State], agent: str) -> None:
    assert [retry["MaxAttempts"] for retry in states[agent]["Retry"]] == [2]
    assert states[agent]["Parameters"]["attempt.$"] == "$$.State.RetryCount"


def test_the_plan_is_a_graph_that_waits_for_the_approval(states: dict[str, State]) -> None:
    plan = update(states["Report the start"])["metadata"]["plan"]
    after = {step["name"]: step.get("dependsOn", []) for step in plan}
    assert after["Permit Agent"] == ["Traffic Agent", "Weather Agent", "Neighbour Agent"]
    assert after["Approval"] == ["Permit Agent"]
    assert after["Notice Agent"] == ["Approval"]


@pytest.mark.parametrize("name", EXAMPLE_STACKS)
def test_the_machine_logs_no_task_token(stacks: dict[str, Stack], name: str) -> None:
    machine = stacks[name].machine("Inquire").properties
    assert machine["LoggingConfiguration"]["IncludeExecutionData"] is False


@pytest.mark.parametrize("name", EXAMPLE_STACKS)
def test_answers_reach_the_function_that_keeps_the_tokens_and_are_kept_if_it_fails(
    stacks: dict[str, Stack], name: str
) -> None:
    stack = stacks[name]
    arn = {"Fn::GetAtt": [stack.function("approvals.handler.handler").name, "Arn"]}
    (rule,) = [
        rule.properties
        for rule in stack.all("AWS::Events::Rule")
        if arn in [target["Arn"] for target in rule.properties["Targets"]]
    ]
    assert rule["EventPattern"] == {"source": [EVENT_SOURCE], "detail-type": [WAITING_ANSWERED]}
    (target,) = rule["Targets"]
    assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 21_600, "MaximumRetryAttempts": 20}
    queues = [{"Fn::GetAtt": [queue.name, "Arn"]} for queue in stack.all("AWS::SQS::Queue")]
    assert target["DeadLetterConfig"]["Arn"] in queues


@pytest.mark.parametrize("name", EXAMPLE_STACKS)
def test_stored_waits_expire_and_are_encrypted(stacks: dict[str, Stack], name: str) -> None:
    (table,) = [
        table.properties
        for table in stacks[name].all("AWS::DynamoDB::Table")
        if "invocation" in str(table.properties["KeySchema"])
    ]
    assert table["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert table["SSESpecification"]["SSEEnabled"] is True
