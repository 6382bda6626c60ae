"""The example's state machine: the order of its statuses, and its failures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from status_utils.transports.queue_messages import group_of
from statusbeam.model.job_key import JobKey
from tests.infra.message_groups import group_for
from tests.infra.synthesised import Stack

Machine = dict[str, Any]
OWNER = {
    name: f"{{% ($states.context.Execution.Input).{name} %}}" for name in ("jobId", "userId", "tenantId")
}


@pytest.fixture
def machine(stacks: dict[str, Stack]) -> Machine:
    return machine_of(stacks["Local-Example"])


def machine_of(stack: Stack) -> Machine:
    definition = stack.machine("RunAgents").properties["DefinitionString"]
    text = "".join(part if isinstance(part, str) else "arn" for part in definition["Fn::Join"][1])
    parsed: Machine = json.loads(text)
    return parsed


def checkpoints(machine: Machine) -> dict[str, Machine]:
    return {name: state for name, state in machine["States"].items() if name.startswith("Publish")}


def path(machine: Machine) -> list[str]:
    """The states in order, without failures."""
    names, name = [], machine["StartAt"]
    while name:
        names.append(name)
        state = machine["States"][name]
        name = state.get("Default") or state.get("Next")
    return names


def test_a_job_goes_from_loading_to_complete(machine: Machine) -> None:
    assert path(machine) == [
        "IsAFailureAskedFor",
        "NobodyFails",
        "PublishLoadingAgents",
        "LoadPlaybook",
        "RunAgents",
        "PublishValidating",
        "Validate",
        "PublishSynthesizing",
        "Synthesize",
        "PublishComplete",
        "Done",
    ]


def test_the_three_agents_run_at_the_same_time_and_know_their_attempt(machine: Machine) -> None:
    branches = machine["States"]["RunAgents"]["Branches"]
    assert [branch["StartAt"] for branch in branches] == ["Geo Agent", "Category Agent", "Severity Agent"]
    for branch in branches:
        agent = branch["States"][branch["StartAt"]]
        assert agent["Parameters"]["attempt.$"] == "$$.State.RetryCount"
        assert agent["Retry"][0]["MaxAttempts"] == 2


STATUSES = ["complete", "error", "loading_agents", "synthesizing", "validating"]


def batch_id_of(update: Mapping[str, Any]) -> str:
    names = "$$.Execution.Name, $$.Execution.RedriveCount"
    return f"States.Format('{{}}-{{}}-{update['status']}', {names})"


def test_statuses_of_the_orchestrator_go_the_way_of_the_agents_and_are_named_after_the_execution(
    machine: Machine,
) -> None:
    statuses = []
    for state in checkpoints(machine).values():
        message = state["Arguments"]
        update = message["MessageBody"]
        assert state["Resource"].endswith(":states:::sqs:sendMessage")
        assert OWNER.items() <= update.items()
        assert group_for(message, {"jobId": "50 % #7", "tenantId": "city%"}) == group_of(
            JobKey("city%", "50 % #7")
        )
        # A retry is the same message to the queue, and the same batch to the journal; a redrive is not.
        assert message["MessageDeduplicationId"] == update["batchId"]
        assert "$states.context.Execution.Id" in update["batchId"]
        assert "RetryCount" not in update["batchId"]
        assert "$states.context.Execution.RedriveCount" in update["batchId"]
        assert update["timestamp"] == "{% $states.context.State.EnteredTime %}"
        statuses.append(update["status"])
    assert sorted(statuses) == STATUSES


def test_where_the_publisher_is_invoked_the_orchestrator_waits_for_each_commit(
    invoking_stacks: dict[str, Stack],
) -> None:
    statuses = []
    for state in checkpoints(machine_of(invoking_stacks["Dev-Example"])).values():
        payload = state["Arguments"]["Payload"]
        (update,) = payload["updates"]
        assert state["Resource"].endswith(":states:::lambda:invoke")
        assert "InvocationType" not in state["Arguments"]
        assert OWNER.items() <= update.items()
        assert "$states.context.Execution.Id" in payload["batchId"]
        statuses.append(update["status"])
    assert sorted(statuses) == STATUSES


@pytest.mark.parametrize("transport", ["queue", "invoke"])
def test_a_checkpoint_that_fails_never_stops_the_work(
    stacks: dict[str, Stack], invoking_stacks: dict[str, Stack], transport: str
) -> None:
    example = (stacks if transport == "queue" else invoking_stacks)["Dev-Example"]
    states = machine_of(example)["States"]
    for name, state in checkpoints(machine_of(example)).items():
        assert [retry["MaxAttempts"] for retry in state["Retry"]] == [2], name
        (catch,) = state["Catch"]
        assert states[catch["Next"]] == {"Type": "Pass", "QueryLanguage": "JSONata", "Next": state["Next"]}
        # Whether it was sent or not, the next state gets what this one got.
        assert state["Output"] == catch["Output"] == "{% $states.input %}", name


@pytest.mark.parametrize("name", ["LoadPlaybook", "RunAgents", "Validate", "Synthesize"])
def test_a_failing_step_ends_the_job_with_an_error_status(machine: Machine, name: str) -> None:
    catch = machine["States"][name]["Catch"]
    assert catch == [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.failure", "Next": "PublishError"}]
    assert machine["States"]["PublishError"]["Next"] == "Stopped"
    assert machine["States"]["Stopped"]["Type"] == "Fail"


def test_the_error_status_does_not_contain_the_systems_message(machine: Machine) -> None:
    update = machine["States"]["PublishError"]["Arguments"]["MessageBody"]
    assert update["message"] == "The job failed because one of its steps failed."


def test_the_plan_names_each_agent_by_the_id_its_own_statuses_carry(machine: Machine) -> None:
    update = machine["States"]["PublishLoadingAgents"]["Arguments"]["MessageBody"]
    assert update["metadata"]["plan"] == [
        {"name": "Geo Agent", "invocationId": "{% $states.input.jobId & '-geo' %}"},
        {"name": "Category Agent", "invocationId": "{% $states.input.jobId & '-category' %}"},
        {"name": "Severity Agent", "invocationId": "{% $states.input.jobId & '-severity' %}"},
    ]


@pytest.mark.parametrize("name", ["Dev-Example", "Local-Example"])
def test_the_machine_logs_everything_but_what_people_wrote(stacks: dict[str, Stack], name: str) -> None:
    machine = stacks[name].machine("RunAgents").properties
    assert machine["TracingConfiguration"] == {"Enabled": True}
    assert machine["LoggingConfiguration"]["Level"] == "ALL"
    assert machine["LoggingConfiguration"]["IncludeExecutionData"] is False


def test_agents_work_offline_on_the_laptop_and_with_aws_elsewhere(stacks: dict[str, Stack]) -> None:
    for name, tools in (("Local-Example", "offline"), ("Dev-Example", "aws")):
        agent = stacks[name].function("handlers.geo_agent").properties
        assert agent["Environment"]["Variables"]["AGENT_TOOLS"] == tools


@pytest.mark.parametrize(
    ("transport", "variable"), [("queue", "STATUS_QUEUE_URL"), ("invoke", "STATUS_PUBLISHER_FUNCTION")]
)
def test_agents_get_the_stages_route_to_the_publisher(
    stacks: dict[str, Stack], invoking_stacks: dict[str, Stack], transport: str, variable: str
) -> None:
    example = (stacks if transport == "queue" else invoking_stacks)["Dev-Example"]
    told = example.function("handlers.geo_agent").properties["Environment"]["Variables"]
    assert {name for name in told if name.startswith("STATUS_")} == {variable}
