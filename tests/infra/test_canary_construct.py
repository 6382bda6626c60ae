"""The canary: its schedule, what it knows of the deployment, and who asks for one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import statusbeam.cdk
from statusbeam.model.settings import CANARY_TENANT
from tests.infra.synthesised import Stack
from tests.infra.test_statusbeam_construct import stack_with

if TYPE_CHECKING:
    from aws_cdk import Stack as CdkStack

HANDLER = "canary.handler.handler"
RULE = "AWS::Events::Rule"


def variables(stack: Stack) -> dict[str, Any]:
    found = stack.function(HANDLER).properties["Environment"]["Variables"]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    ("name", "minutes"),
    [
        pytest.param("Prod-Status", list(range(1, 60, 5)), id="every five minutes"),
        pytest.param("guarded", [1, 16, 31, 46], id="every fifteen minutes"),
    ],
)
def test_each_period_of_its_alarms_has_one_tick_a_minute_after_it_begins(
    stacks: dict[str, Stack], guarded_stacks: dict[str, Stack], name: str, minutes: list[int]
) -> None:
    stack = guarded_stacks["Dev-Status"] if name == "guarded" else stacks[name]
    canary = stack.function(HANDLER)
    rule = stack.one(RULE).properties
    assert rule["ScheduleExpression"] == f"cron({','.join(map(str, minutes))} * * * ? *)"
    (target,) = rule["Targets"]
    assert target["Arn"] == {"Fn::GetAtt": [canary.name, "Arn"]}
    assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 60, "MaximumRetryAttempts": 0}


def test_a_tick_that_fails_is_not_tried_again(stacks: dict[str, Stack]) -> None:
    stack = stacks["Prod-Status"]
    found = stack.one(
        "AWS::Lambda::EventInvokeConfig", FunctionName={"Ref": stack.function(HANDLER).name}
    ).properties
    assert (found["MaximumRetryAttempts"], found["MaximumEventAgeInSeconds"]) == (0, 60)


def test_it_knows_what_a_probe_needs_and_no_key(tmp_path: Path) -> None:
    import datetime as dt  # noqa: PLC0415 - for this test only

    expires = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)

    def fill(stack: CdkStack) -> None:
        api = statusbeam.cdk.ApiOptions(api_key_expires=expires)
        statusbeam.cdk.Statusbeam(stack, "Status", api=api, canary=statusbeam.cdk.CanaryOptions())

    stack = stack_with(tmp_path, fill)
    found = variables(stack)
    assert (found["DEPLOYMENT_NAME"], found["CANARY_TENANT"]) == ("TheirStack", CANARY_TENANT)
    parts = found["DEPLOYMENT_OUTPUTS"]["Fn::Join"][1]
    text = "".join(part if isinstance(part, str) else "x" for part in parts)
    assert {"GraphqlUrl", "StatusQueueUrl", "ViewTokenSecretArn"} < set(json.loads(text))
    assert stack.one("AWS::AppSync::ApiKey").name not in json.dumps(stack.function(HANDLER).properties)


def test_in_a_deployment_of_one_tenant_it_probes_as_that_tenant(tmp_path: Path) -> None:
    def fill(stack: CdkStack) -> None:
        publishing = statusbeam.cdk.PublishingOptions(tenant="acme")
        canary = statusbeam.cdk.CanaryOptions()
        statusbeam.cdk.Statusbeam(stack, "Status", publishing=publishing, canary=canary)

    assert variables(stack_with(tmp_path, fill))["CANARY_TENANT"] == "acme"


@pytest.mark.parametrize("name", ["Dev-Status", "Local-Status"])
def test_other_stages_have_none(stacks: dict[str, Stack], name: str) -> None:
    assert stacks[name].all(RULE) == []


@pytest.mark.parametrize(
    ("options", "problem"),
    [({"every_minutes": 7}, "every_minutes"), ({"p99_milliseconds": 0}, "p99_milliseconds")],
)
def test_a_canary_that_makes_no_sense_is_refused(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        statusbeam.cdk.CanaryOptions(**options)
