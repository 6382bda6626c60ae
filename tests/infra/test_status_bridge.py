"""The bridge in a stack: private, drained, scaled by its connections, with only the used grants."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import statusbeam.cdk
from statusbeam.bridge.routes.assistants import WAIT_SECONDS_MAX
from statusbeam.cdk.bundling import build_bundle
from statusbeam.model.settings import LOCALCLOUD_CONTEXT, BridgeSettings
from tests.infra.synthesised import APPSYNC_URL, Stack, new_app
from tests.infra.test_statusbeam_construct import stack_with

if TYPE_CHECKING:
    from aws_cdk import Stack as CdkStack

ROOT = Path(__file__).parents[2]
PINS = ROOT / "statusbeam" / "bridge" / "requirements.txt"


@pytest.fixture(scope="module")
def bridge(node_beside_the_interpreter: None, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """A deployment with a bridge that may start one workflow."""

    def fill(stack: CdkStack) -> None:
        from aws_cdk import aws_ecs as ecs  # noqa: PLC0415 - starts Node
        from aws_cdk import aws_stepfunctions as sfn  # noqa: PLC0415 - starts Node

        arn = "arn:aws:states:eu-west-1:123456789012:stateMachine:complaints"
        machine = sfn.StateMachine.from_state_machine_arn(stack, "Machine", arn)
        statusbeam.cdk.StatusBridge(
            stack,
            "Bridge",
            status=statusbeam.cdk.Statusbeam(stack, "Status"),
            workflows={"complaints": machine},
            options=statusbeam.cdk.BridgeOptions(origins=("https://status.example.com",)),
            image=ecs.ContainerImage.from_registry("public.ecr.aws/docker/library/python:3.13-slim"),
        )

    return stack_with(tmp_path_factory.mktemp("cdk.out"), fill)


def statements(stack: Stack, action: str) -> list[dict[str, Any]]:
    """The statements of the task's policy that allow an action."""
    role = stack.one("AWS::ECS::TaskDefinition").properties["TaskRoleArn"]["Fn::GetAtt"][0]
    found = []
    for policy in stack.all("AWS::IAM::Policy"):
        if policy.properties["Roles"] == [{"Ref": role}]:
            for statement in policy.properties["PolicyDocument"]["Statement"]:
                actions = statement["Action"]
                if action in (actions if isinstance(actions, list) else [actions]):
                    found.append(statement)
    return found


def test_the_load_balancer_is_internal_and_cloudfront_is_the_only_way_in(bridge: Stack) -> None:
    balancer = bridge.one("AWS::ElasticLoadBalancingV2::LoadBalancer")
    assert balancer.properties["Scheme"] == "internal"
    assert len(bridge.all("AWS::CloudFront::VpcOrigin")) == 1
    behavior = bridge.one("AWS::CloudFront::Distribution").properties["DistributionConfig"]
    assert behavior["DefaultCacheBehavior"]["ViewerProtocolPolicy"] == "https-only"
    assert "0.0.0.0/0" not in json.dumps(
        [group.properties.get("SecurityGroupIngress") for group in bridge.all("AWS::EC2::SecurityGroup")]
    )


def test_two_arm_tasks_run_and_are_drained(bridge: Stack) -> None:
    task = bridge.one("AWS::ECS::TaskDefinition").properties
    assert task["RuntimePlatform"]["CpuArchitecture"] == "ARM64"
    assert bridge.one("AWS::ECS::Service").properties["DesiredCount"] == 2
    attributes = bridge.one("AWS::ElasticLoadBalancingV2::TargetGroup").properties["TargetGroupAttributes"]
    assert {"Key": "deregistration_delay.timeout_seconds", "Value": "60"} in attributes
    assert {"Key": "load_balancing.algorithm.type", "Value": "least_outstanding_requests"} in attributes


def test_the_tasks_settings_are_whole(bridge: Stack) -> None:
    (container,) = bridge.one("AWS::ECS::TaskDefinition").properties["ContainerDefinitions"]
    # A reference to another resource is an object: its JSON stands for what it will be.
    environment = {
        one["Name"]: value if isinstance(value := one["Value"], str) else json.dumps(value)
        for one in container["Environment"]
    }
    settings = BridgeSettings.from_env(environment)
    assert settings.user_pool_id
    assert "Client" in str(settings.user_pool_client_ids)  # a reference
    assert settings.origins == ("https://status.example.com",)
    assert settings.workflows["complaints"].endswith("stateMachine:complaints")


def test_the_task_reads_jobs_and_writes_tickets_only(bridge: Stack) -> None:
    for action in ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"):
        (statement,) = statements(bridge, action)
        keys = statement["Condition"]["ForAllValues:StringEquals"]["dynamodb:LeadingKeys"]
        assert keys == ["#tickets"]
        assert "Sessions" in json.dumps(statement["Resource"])
    (start,) = statements(bridge, "states:StartExecution")
    assert start["Resource"].endswith("stateMachine:complaints")


def test_tasks_are_added_as_connections_grow(bridge: Stack) -> None:
    (target,) = bridge.all("AWS::ApplicationAutoScaling::ScalableTarget")
    assert (target.properties["MinCapacity"], target.properties["MaxCapacity"]) == (2, 10)
    policies = bridge.all("AWS::ApplicationAutoScaling::ScalingPolicy")
    changes = [
        step["ScalingAdjustment"]
        for policy in policies
        for step in policy.properties["StepScalingPolicyConfiguration"]["StepAdjustments"]
    ]
    assert (min(changes), max(changes)) == (2, 10)


@pytest.fixture(scope="module")
def on_lambda(node_beside_the_interpreter: None, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """A deployment whose bridge is a function."""

    def fill(stack: CdkStack) -> None:
        from aws_cdk import aws_ecr as ecr  # noqa: PLC0415 - starts Node
        from aws_cdk import aws_lambda as lambda_  # noqa: PLC0415 - starts Node

        images = ecr.Repository.from_repository_name(stack, "Images", "bridge")
        statusbeam.cdk.StatusBridge(
            stack,
            "Bridge",
            status=statusbeam.cdk.Statusbeam(stack, "Status"),
            options=statusbeam.cdk.BridgeOptions(compute="lambda"),
            function_image=lambda_.DockerImageCode.from_ecr(images),
        )

    return stack_with(tmp_path_factory.mktemp("cdk.out"), fill)


def test_on_lambda_nothing_runs_that_nobody_asks(on_lambda: Stack) -> None:
    for idle in ("AWS::ECS::Service", "AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::EC2::NatGateway"):
        assert on_lambda.all(idle) == []
    (url,) = on_lambda.all("AWS::Lambda::Url")
    assert url.properties["InvokeMode"] == "RESPONSE_STREAM"
    assert "BridgeUrl" in "".join(on_lambda.outputs)


def test_on_lambda_the_adapter_and_the_bridge_find_their_settings(on_lambda: Stack) -> None:
    function = on_lambda.one("AWS::Lambda::Function", PackageType="Image")
    assert function.properties["Architectures"] == ["arm64"]
    assert function.properties["Timeout"] > WAIT_SECONDS_MAX
    environment = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in function.properties["Environment"]["Variables"].items()
    }
    assert not BridgeSettings.from_env(environment).bridge_streams
    assert environment["AWS_LWA_READINESS_CHECK_PATH"] == "/health"
    dockerfile = (ROOT / "statusbeam" / "bridge" / "Dockerfile").read_text()
    assert "/opt/extensions/lambda-adapter" in dockerfile
    assert f'"--port", "{environment["AWS_LWA_PORT"]}"' in dockerfile


def test_options_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="max_tasks"):
        statusbeam.cdk.BridgeOptions(tasks=3, max_tasks=2)


def test_on_localcloud_it_is_refused_in_favour_of_localclouds_own(tmp_path: Path) -> None:
    from aws_cdk import Stack as CdkStack  # noqa: PLC0415 - starts Node

    stack = CdkStack(new_app(tmp_path, {LOCALCLOUD_CONTEXT: APPSYNC_URL}), "TheirStack")
    status = statusbeam.cdk.Statusbeam(stack, "Status")
    with pytest.raises(
        ValueError, match="leave TheirStack/Bridge out if the context has statusbeam:localcloud"
    ):
        statusbeam.cdk.StatusBridge(stack, "Bridge", status=status)


# the image


def test_the_image_has_all_that_the_bridge_imports_and_installs_its_packages_by_hash() -> None:
    from statusbeam.cdk.bridge.any_bridge import IN_IMAGE  # noqa: PLC0415 - starts Node

    context = build_bundle(sources=IN_IMAGE).path
    dockerfile = (context / "statusbeam" / "bridge" / "Dockerfile").read_text()
    copied = re.findall(r"^COPY ([^-\s]\S*)", dockerfile, re.MULTILINE)
    assert len(copied) == 6
    assert [name for name in copied if not (context / name).exists()] == []
    packages = sysconfig.get_paths()["purelib"]
    # Without the site's hooks, an import of the checkout would fail.
    program = (
        f"import sys; sys.path += [{str(context)!r}, {packages!r}]; import statusbeam.bridge.server as found"
    )
    program += "; print(found.__file__)"
    found = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", program], capture_output=True, text=True, check=False
    )
    assert found.stderr == ""
    assert Path(found.stdout.strip()).is_relative_to(context)


def test_the_images_packages_are_those_of_the_project() -> None:
    pins = set(re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==", PINS.read_text(), re.MULTILINE))
    assert pins >= {"boto3", "fastapi", "mcp", "pyjwt", "uvicorn"}
    locked = re.findall(r"^([\w.-]+==[^\s;]+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    pinned = re.findall(r"^([\w.-]+==[^\s;]+)", PINS.read_text(), re.MULTILINE)
    assert sorted(set(pinned) - set(locked)) == []


def test_by_default_the_stack_builds_the_image_itself(tmp_path: Path) -> None:
    def fill(stack: CdkStack) -> None:
        statusbeam.cdk.StatusBridge(stack, "Bridge", status=statusbeam.cdk.Statusbeam(stack, "Status"))

    stack = stack_with(tmp_path, fill)
    (container,) = stack.one("AWS::ECS::TaskDefinition").properties["ContainerDefinitions"]
    assert "container-assets" in json.dumps(container["Image"])
    contexts = [path.parents[2] for path in tmp_path.glob("asset.*/statusbeam/bridge/Dockerfile")]
    assert [path for path in contexts if (path / "status_utils").is_dir()]
