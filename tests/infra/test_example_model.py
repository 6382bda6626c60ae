"""The example's model: an inference profile in each region, with only the needed grants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.infra.synthesised import Stack

MODEL = "amazon.nova-lite-v1:0"
AGENTS = ("category_agent", "severity_agent")


def of_region(region: str) -> tuple[str, list[dict[str, Any]]]:
    """The profile's id in a stack of the region, and the statements of a role that may use it."""
    from aws_cdk import App, Environment, assertions  # noqa: PLC0415 - starts Node
    from aws_cdk import Stack as CdkStack  # noqa: PLC0415 - the same
    from aws_cdk import aws_iam as iam  # noqa: PLC0415 - the same

    from infra.example.model import InferenceProfile  # noqa: PLC0415 - the same

    stack = CdkStack(App(analytics_reporting=False), "Agents", env=Environment(region=region))
    profile = InferenceProfile(stack, model_id=MODEL)
    profile.grant_invoke(iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com")))
    (policy,) = assertions.Template.from_stack(stack).find_resources("AWS::IAM::Policy").values()
    statements: list[dict[str, Any]] = policy["Properties"]["PolicyDocument"]["Statement"]
    return profile.id, statements


def model_statements(stack: Stack) -> list[dict[str, Any]]:
    policies = (policy.properties["PolicyDocument"] for policy in stack.all("AWS::IAM::Policy"))
    found = [one for policy in policies for one in policy["Statement"]]
    return [one for one in found if one["Action"] == "bedrock:InvokeModel"]


def spelled(value: Any) -> str:
    match value:
        case str():
            return value
        case {"Fn::Join": [_, parts]}:
            return "".join(map(spelled, parts))
        case {"Ref": name}:
            return str(name)
        case _:
            return repr(value)


@pytest.mark.parametrize(
    ("region", "geography"), [("us-west-2", "us"), ("eu-west-1", "eu"), ("ap-southeast-2", "apac")]
)
def test_a_region_has_the_profile_of_its_geography_and_the_model_by_it_only(
    region: str, geography: str
) -> None:
    profile_id, statements = of_region(region)
    assert profile_id == f"{geography}.{MODEL}"
    profile = f"arn:AWS::Partition:bedrock:{region}:AWS::AccountId:inference-profile/{profile_id}"
    model = f"arn:AWS::Partition:bedrock:*::foundation-model/{MODEL}"
    assert {one["Action"] for one in statements} == {"bedrock:InvokeModel"}
    found = [(spelled(one["Resource"]), spelled(condition_of(one))) for one in statements]
    assert found == [(profile, "None"), (model, profile)]


def condition_of(statement: Mapping[str, Any]) -> Any:
    return statement.get("Condition", {}).get("ArnEquals", {}).get("bedrock:InferenceProfileArn")


def test_a_stack_of_any_region_chooses_the_profile_where_it_is_deployed(stacks: dict[str, Stack]) -> None:
    stack = stacks["Dev-Example"]
    geography = {"Fn::FindInMap": ["InferenceProfiles", {"Ref": "AWS::Region"}, "geography"]}
    for agent in AGENTS:
        variables = stack.function(f"handlers.{agent}").properties["Environment"]["Variables"]
        assert variables["AGENT_MODEL_ID"] == {"Fn::Join": ["", [geography, f".{MODEL}"]]}
    assert len(model_statements(stack)) == 2 * len(AGENTS)


def test_a_region_without_a_profile_stops_synth_and_names_those_that_have_one() -> None:
    from infra.example.model import ModelRegionError  # noqa: PLC0415 - starts Node

    with pytest.raises(ModelRegionError, match=r"no inference profile in me-south-1.*eu-west-1"):
        of_region("me-south-1")


def test_offline_tools_need_no_model_and_no_region(stacks: dict[str, Stack]) -> None:
    assert model_statements(stacks["Local-Example"]) == []
