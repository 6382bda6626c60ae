"""Statusbeam in another app's stack: its defaults, and the reports of the app's code."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import statusbeam.cdk
from statusbeam.model.settings import (
    LOCALCLOUD_CLIENT_ID,
    LOCALCLOUD_CONTEXT,
    LOCALCLOUD_ISSUER,
    LOCALCLOUD_OUTPUT,
    PUBLIC_TENANT,
)
from tests.infra.synthesised import APPSYNC_URL, Resource, Stack, new_app, synthesised

if TYPE_CHECKING:
    from aws_cdk import Stack as CdkStack

    from statusbeam.cdk import Statusbeam

ROOT = Path(__file__).parents[2]
REGION = "eu-west-1"
Fill = Callable[["CdkStack"], None]


def stack_with(outdir: Path, fill: Fill) -> Stack:
    """A stack of another app, filled by `fill` and checked at synth like ours."""
    from aws_cdk import Environment  # noqa: PLC0415 - starts Node, which only these tests need
    from aws_cdk import Stack as CdkStack  # noqa: PLC0415 - the same

    from infra.checks import add_checks  # noqa: PLC0415 - the same

    app = new_app(outdir)
    fill(CdkStack(app, "TheirStack", env=Environment(region=REGION)))
    add_checks(app)
    return synthesised(app)["TheirStack"]


def reporting(stack: CdkStack, status: Statusbeam) -> None:
    """A function of theirs that reports statuses."""
    from aws_cdk import aws_lambda as lambda_  # noqa: PLC0415 - starts Node

    function = lambda_.Function(
        stack,
        "Agent",
        runtime=lambda_.Runtime.PYTHON_3_14,
        code=lambda_.Code.from_inline("def handler(event, context): ..."),
        handler="index.agent",
        layers=[status.library],
        environment=status.environment,
    )
    status.grant_report(function)


@pytest.fixture(scope="module")
def by_default(node_beside_the_interpreter: None, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """Statusbeam without any option, and nothing else."""

    def fill(stack: CdkStack) -> None:
        statusbeam.cdk.Statusbeam(stack, "Status")

    return stack_with(tmp_path_factory.mktemp("cdk.out"), fill)


def test_by_default_data_and_users_outlive_the_stack(by_default: Stack) -> None:
    kept = ("AWS::DynamoDB::Table", "AWS::Cognito::UserPool")
    protected = [resource.properties for type_ in kept for resource in by_default.all(type_)]
    assert len(protected) == 3
    assert all(
        found.get("DeletionProtectionEnabled") is True or found.get("DeletionProtection") == "ACTIVE"
        for found in protected
    )


def test_by_default_the_api_has_no_key_shows_no_schema_and_asks_for_a_second_factor(
    by_default: Stack,
) -> None:
    assert by_default.all("AWS::AppSync::ApiKey") == []
    assert by_default.one("AWS::AppSync::GraphQLApi").properties["IntrospectionConfig"] == "DISABLED"
    assert by_default.one("AWS::Cognito::UserPool").properties["MfaConfiguration"] == "ON"
    flows = by_default.one("AWS::Cognito::UserPoolClient").properties["ExplicitAuthFlows"]
    assert "ALLOW_USER_PASSWORD_AUTH" not in flows


def test_by_default_there_is_neither_firewall_nor_alarm(by_default: Stack) -> None:
    assert by_default.all("AWS::WAFv2::WebACL") == by_default.all("AWS::CloudWatch::Alarm") == []


def test_it_leaves_the_outputs_to_the_stack_it_is_in(by_default: Stack) -> None:
    assert by_default.outputs == {}


def audiences(stack: Stack) -> set[str]:
    functions = [f for f in stack.all("AWS::Lambda::Function") if "authorizer" in f.properties["Handler"]]
    return {f.properties["Environment"]["Variables"]["VIEW_TOKEN_AUDIENCE"] for f in functions}


def test_two_in_one_stack_have_apis_and_view_tokens_of_their_own(tmp_path: Path) -> None:
    def fill(stack: CdkStack) -> None:
        statusbeam.cdk.Statusbeam(stack, "Blue")
        statusbeam.cdk.Statusbeam(stack, "Green")

    stack = stack_with(tmp_path, fill)
    apis = {api.properties["Name"] for api in stack.all("AWS::AppSync::GraphQLApi")}
    assert len(apis) == 2
    assert audiences(stack) == apis


def test_a_name_of_their_own_is_the_apis_and_the_audience_of_view_tokens(tmp_path: Path) -> None:
    def fill(stack: CdkStack) -> None:
        statusbeam.cdk.Statusbeam(stack, "Status", name="city-hall")

    stack = stack_with(tmp_path, fill)
    assert stack.one("AWS::AppSync::GraphQLApi").properties["Name"] == "city-hall"
    assert audiences(stack) == {"city-hall"}


def granted(stack: Stack, function: Resource) -> list[tuple[Any, Any]]:
    """The actions and resources of the policies of a function's role."""
    role = function.properties["Role"]["Fn::GetAtt"][0]
    return [
        (statement["Action"], statement["Resource"])
        for policy in stack.all("AWS::IAM::Policy")
        if {"Ref": role} in policy.properties["Roles"]
        for statement in policy.properties["PolicyDocument"]["Statement"]
    ]


@pytest.mark.parametrize(
    ("transport", "variable", "action"),
    [
        ("queue", "STATUS_QUEUE_URL", "sqs:SendMessage"),
        ("invoke", "STATUS_PUBLISHER_FUNCTION", "lambda:InvokeFunction"),
    ],
)
def test_a_function_with_the_grant_may_report_and_nothing_else(
    tmp_path: Path, transport: Any, variable: str, action: str
) -> None:
    options = statusbeam.cdk.PublishingOptions(transport=transport)

    def fill(stack: CdkStack) -> None:
        from aws_cdk import Acknowledgment, Validations  # noqa: PLC0415 - starts Node

        status = statusbeam.cdk.Statusbeam(stack, "Status", publishing=options)
        reporting(stack, status)
        policy = "arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
        accepted = Acknowledgment(id=f"AwsSolutions-IAM4[Policy::{policy}]", reason="The role is theirs.")
        Validations.of(stack).acknowledge(accepted)

    stack = stack_with(tmp_path, fill)
    agent = stack.function("index.agent")
    assert set(agent.properties["Environment"]["Variables"]) == {variable}
    ((allowed, resource),) = granted(stack, agent)
    assert allowed == action
    if transport == "invoke":
        assert resource == {"Fn::GetAtt": [stack.function("status_publisher.handler.handler").name, "Arn"]}
    else:
        mapping = stack.one("AWS::Lambda::EventSourceMapping").properties
        assert resource == mapping["EventSourceArn"]


def test_the_fields_to_hide_reach_the_publisher(tmp_path: Path) -> None:
    fields = ("metadata.customer.email", "metadata.*.phone")
    options = statusbeam.cdk.PublishingOptions(redacted_fields=fields, tenant="acme", log_days=3)

    def fill(stack: CdkStack) -> None:
        statusbeam.cdk.Statusbeam(stack, "Status", publishing=options)

    publisher = stack_with(tmp_path, fill).function("status_publisher.handler.handler")
    variables = publisher.properties["Environment"]["Variables"]
    assert variables["REDACTED_FIELDS"] == ",".join(fields)
    assert (variables["PUBLISHER_TENANT"], variables["LOG_RETENTION_DAYS"]) == ("acme", "3")


def test_a_new_key_serves_logs_alarms_and_rules_of_its_account(tmp_path: Path) -> None:
    def fill(stack: CdkStack) -> None:
        key = statusbeam.cdk.EncryptionKey(stack, "Key")
        resources = statusbeam.cdk.ResourceOptions(key_arn=key.key_arn)
        statusbeam.cdk.Statusbeam(stack, "Status", resources=resources)

    stack = stack_with(tmp_path, fill)
    key = stack.one("AWS::KMS::Key")
    assert key.properties["EnableKeyRotation"] is True
    for_services = [s for s in key.properties["KeyPolicy"]["Statement"] if "Service" in s["Principal"]]
    notifying, logging = (statement["Principal"]["Service"] for statement in for_services)
    assert notifying == ["budgets.amazonaws.com", "cloudwatch.amazonaws.com", "events.amazonaws.com"]
    assert logging == f"logs.{REGION}.amazonaws.com"
    assert [set(statement["Condition"]) for statement in for_services] == [{"StringEquals"}, {"ArnLike"}]
    encrypted = stack.one(
        "AWS::DynamoDB::Table", TimeToLiveSpecification={"AttributeName": "ttl", "Enabled": True}
    )
    assert encrypted.properties["SSESpecification"]["KMSMasterKeyId"] == {"Fn::GetAtt": [key.name, "Arn"]}


def test_a_tenants_team_may_report_to_its_own_queue_only(tmp_path: Path) -> None:
    options = statusbeam.cdk.PublishingOptions(tenant_queues=("acme", "city"))

    def fill(stack: CdkStack) -> None:
        from aws_cdk import aws_iam as iam  # noqa: PLC0415 - starts Node

        status = statusbeam.cdk.Statusbeam(stack, "Status", publishing=options)
        team = iam.Role(stack, "Team", role_name="team", assumed_by=iam.AccountRootPrincipal())
        status.routes["acme"].grant(team)

    stack = stack_with(tmp_path, fill)
    role = stack.one("AWS::IAM::Role", RoleName="team")
    (policy,) = [p for p in stack.all("AWS::IAM::Policy") if {"Ref": role.name} in p.properties["Roles"]]
    (statement,) = policy.properties["PolicyDocument"]["Statement"]
    (mapping,) = [
        mapping.properties
        for mapping in stack.all("AWS::Lambda::EventSourceMapping")
        if mapping.properties["EventSourceArn"] == statement["Resource"]
    ]
    publisher = next(r for r in stack.resources if r.name == mapping["FunctionName"]["Ref"])
    assert publisher.properties["Environment"]["Variables"]["PUBLISHER_TENANT"] == "acme"
    assert statement["Action"] == "sqs:SendMessage"


def test_every_promised_name_is_there(node_beside_the_interpreter: None) -> None:
    found = {name: getattr(statusbeam.cdk, name).__name__ for name in statusbeam.cdk.__all__}
    assert found == {name: name for name in statusbeam.cdk.__all__}
    assert sorted(statusbeam.cdk.__all__, key=str.lower) == sorted(statusbeam.cdk._LATE, key=str.lower)


def test_a_name_that_is_not_promised_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Stage'"):
        _ = statusbeam.cdk.Stage


@pytest.mark.parametrize("expires", [None, dt.datetime(2027, 1, 1, tzinfo=dt.UTC)])
def test_the_publisher_knows_which_tenant_holders_of_an_api_key_see(
    tmp_path: Path, expires: dt.datetime | None
) -> None:
    def fill(stack: CdkStack) -> None:
        statusbeam.cdk.Statusbeam(stack, "Status", api=statusbeam.cdk.ApiOptions(api_key_expires=expires))

    publisher = stack_with(tmp_path, fill).function("status_publisher.handler.handler")
    variables = publisher.properties["Environment"]["Variables"]
    assert variables.get("API_KEY_TENANT") == (PUBLIC_TENANT if expires else None)


OPTIONS = (
    "ApiOptions",
    "ExistingUserPool",
    "FirewallOptions",
    "NewUserPool",
    "OidcProvider",
    "PageOptions",
    "PrivateNetwork",
    "PublishingOptions",
    "ResourceOptions",
)
SET_BY_STAGES = {"api_key_expires", "appsync_url_override", "emulated", "requests_in_five_minutes", "issuer"}
"""What our own stages compute, or what the documents name in other words."""


@pytest.mark.parametrize("name", OPTIONS)
def test_every_option_is_documented_and_every_documented_one_exists(name: str) -> None:
    documents = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    text = "\n".join(document.read_text() for document in documents)
    options = {field.name for field in dataclasses.fields(getattr(statusbeam.cdk, name))}
    assert {option for option in options - SET_BY_STAGES if not re.search(rf"\b{option}\b", text)} == set()
    assert set(re.findall(rf"\b{name}\.([a-z_]+)", text)) <= options


# several in one app, and beside other stacks


def app_with(outdir: Path, *fills: Fill, context: dict[str, str] | None = None) -> dict[str, Stack]:
    """Another app with a stack for each of `fills`, checked at synth like ours."""
    from aws_cdk import Environment  # noqa: PLC0415 - starts Node
    from aws_cdk import Stack as CdkStack  # noqa: PLC0415 - the same

    from infra.checks import add_checks  # noqa: PLC0415 - the same

    app = new_app(outdir, context)
    for number, fill in enumerate(fills):
        fill(CdkStack(app, f"Stack{number}", env=Environment(region=REGION)))
    add_checks(app)
    return synthesised(app)


def everything(stack: CdkStack, construct_id: str) -> None:
    """A deployment with all its parts, and a workflow that reports to it."""
    from aws_cdk import aws_stepfunctions as sfn  # noqa: PLC0415 - starts Node

    status = statusbeam.cdk.Statusbeam(
        stack,
        construct_id,
        publishing=statusbeam.cdk.PublishingOptions(tenant_queues=("acme",)),
        firewall=statusbeam.cdk.FirewallOptions(logs=True),
        alarms=True,
        dashboard=True,
        page=statusbeam.cdk.PageOptions(),
    )
    arn = f"arn:aws:states:{REGION}:123456789012:stateMachine:{construct_id}"
    machine = sfn.StateMachine.from_state_machine_arn(stack, f"Machine{construct_id}", arn)
    statusbeam.cdk.ExecutionCloser(
        stack, f"Closer{construct_id}", route=status.route, state_machines=[machine]
    )


def given_names(stack: Stack) -> list[tuple[str, str]]:
    """The names that resources get in their account. One with a reference to a resource differs by itself."""
    named = {
        "AWS::AppSync::GraphQLApi": "Name",
        "AWS::CloudFront::Function": "Name",
        "AWS::CloudFront::OriginAccessControl": "OriginAccessControlConfig",
        "AWS::CloudFront::ResponseHeadersPolicy": "ResponseHeadersPolicyConfig",
        "AWS::CloudWatch::Alarm": "AlarmName",
        "AWS::CloudWatch::Dashboard": "DashboardName",
        "AWS::DynamoDB::Table": "TableName",
        "AWS::Events::Rule": "Name",
        "AWS::IAM::Role": "RoleName",
        "AWS::Lambda::Function": "FunctionName",
        "AWS::Lambda::LayerVersion": "LayerName",
        "AWS::Logs::LogGroup": "LogGroupName",
        "AWS::S3::Bucket": "BucketName",
        "AWS::SecretsManager::Secret": "Name",
        "AWS::SNS::Topic": "TopicName",
        "AWS::SQS::Queue": "QueueName",
        "AWS::WAFv2::WebACL": "Name",
    }
    found = []
    for resource in stack.resources:
        value = resource.properties.get(named.get(resource.type, ""))
        name = value.get("Name") if isinstance(value, dict) and "Name" in value else value
        if isinstance(name, str):
            found.append((resource.type, name))
    return found


@pytest.fixture(scope="module")
def several(node_beside_the_interpreter: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Stack]:
    """Two deployments with all their parts in one stack, and one with the same id in a second stack."""

    def two(stack: CdkStack) -> None:
        everything(stack, "Blue")
        everything(stack, "Green")

    return app_with(tmp_path_factory.mktemp("cdk.out"), two, lambda stack: everything(stack, "Blue"))


def test_names_of_several_deployments_never_collide(several: dict[str, Stack]) -> None:
    names = [name for stack in several.values() for name in given_names(stack)]
    assert {type_ for type_, _ in names} >= {"AWS::AppSync::GraphQLApi", "AWS::CloudFront::Function"}
    assert [name for name in names if names.count(name) > 1] == []
    assert len([name for type_, name in names if type_ == "AWS::AppSync::GraphQLApi"]) == 3
    assert len({audience for stack in several.values() for audience in audiences(stack)}) == 3


def test_each_page_in_a_stack_is_uploaded_with_rights_to_its_own_files(several: dict[str, Stack]) -> None:
    stack = several["Stack0"]
    uploads = {
        upload.properties["DestinationBucketName"]["Ref"]
        for upload in stack.all("Custom::CDKBucketDeployment")
    }
    (uploader,) = [f for f in stack.all("AWS::Lambda::Function") if f.name.startswith("CustomCDKBucketDep")]
    rights = json.dumps([resource for _, resource in granted(stack, uploader)])
    assert len(uploads) == 2
    assert {bucket for bucket in uploads if bucket not in rights} == set()


def test_another_stack_reports_with_a_layer_of_its_own(tmp_path: Path) -> None:
    found: list[Statusbeam] = []

    def theirs(stack: CdkStack) -> None:
        found.append(statusbeam.cdk.Statusbeam(stack, "Status"))

    def other(stack: CdkStack) -> None:
        from aws_cdk import aws_iam as iam  # noqa: PLC0415 - starts Node

        statusbeam.cdk.LibraryLayer(stack, "StatusUtils")
        found[0].grant_report(
            iam.Role(
                stack, "Agent", role_name="agent", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com")
            )
        )

    stacks = app_with(tmp_path, theirs, other)
    (policy,) = stacks["Stack1"].all("AWS::IAM::Policy")
    (statement,) = policy.properties["PolicyDocument"]["Statement"]
    assert statement["Action"] == "sqs:SendMessage"
    assert "Queue" in statement["Resource"]["Fn::ImportValue"]
    exports = [name for name in stacks["Stack0"].outputs if name.startswith("Exports")]
    assert not any("Layer" in name or "Library" in name for name in exports)


def test_a_layer_is_for_every_supported_python_and_its_old_versions_stay(by_default: Stack) -> None:
    layer = by_default.one("AWS::Lambda::LayerVersion")
    assert layer.properties["CompatibleRuntimes"] == [f"python3.{minor}" for minor in (11, 12, 13, 14)]
    assert layer.properties["CompatibleArchitectures"] == ["arm64", "x86_64"]
    body = json.loads(by_default.path.read_text())["Resources"][layer.name]
    assert (body["DeletionPolicy"], body["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_their_python_is_the_functions(tmp_path: Path) -> None:
    def fill(stack: CdkStack) -> None:
        from aws_cdk import aws_lambda as lambda_  # noqa: PLC0415 - starts Node

        resources = statusbeam.cdk.ResourceOptions(runtime=lambda_.Runtime.PYTHON_3_11)
        statusbeam.cdk.Statusbeam(stack, "Status", resources=resources)
        with pytest.raises(ValueError, match=r"runtime must be python3\.11 or newer, not python3\.10"):
            statusbeam.cdk.ResourceOptions(runtime=lambda_.Runtime.PYTHON_3_10)
        with pytest.raises(ValueError, match="not nodejs"):
            statusbeam.cdk.ResourceOptions(runtime=lambda_.Runtime.NODEJS_22_X)

    # cdk-nag wants the newest runtime; whoever chooses another one has a reason.
    stack = unchecked(tmp_path, fill)
    runtimes = {function.properties["Runtime"] for function in stack.all("AWS::Lambda::Function")}
    assert runtimes == {"python3.11"}


def unchecked(outdir: Path, fill: Fill, context: dict[str, str] | None = None) -> Stack:
    """A stack of an app that does not run our checks."""
    from aws_cdk import Stack as CdkStack  # noqa: PLC0415 - starts Node

    app = new_app(outdir, context)
    fill(CdkStack(app, "TheirStack"))
    return synthesised(app)["TheirStack"]


def test_the_outputs_have_the_names_that_the_command_reads(tmp_path: Path) -> None:
    def fill(stack: CdkStack) -> None:
        from aws_cdk import CfnOutput  # noqa: PLC0415 - starts Node

        status = statusbeam.cdk.Statusbeam(stack, "Status", page=statusbeam.cdk.PageOptions())
        for name, value in status.outputs.items():
            CfnOutput(stack, name, value=value)

    stack = unchecked(tmp_path, fill)
    assert {"GraphqlUrl", "ViewTokenSecretArn", "ViewTokenAudience", "WebUrl"} <= set(stack.outputs)
    assert stack.all("AWS::CloudFront::Distribution") != []


def test_on_localcloud_the_constructs_leave_out_what_an_emulator_cannot_do(tmp_path: Path) -> None:
    def fill(stack: CdkStack) -> None:
        key = "arn:aws:kms:us-east-1:000000000000:key/0f1e2d3c-0000-4000-8000-000000000000"
        statusbeam.cdk.Statusbeam(
            stack,
            "Status",
            resources=statusbeam.cdk.ResourceOptions(key_arn=key, backup_days=7, access_logs=True),
            readers=statusbeam.cdk.OidcProvider(issuer="https://login.example.com", client_ids=("page",)),
            firewall=statusbeam.cdk.FirewallOptions(),
            alarms=True,
            dashboard=True,
            budget=statusbeam.cdk.BudgetOptions(monthly_dollars=5),
            page=statusbeam.cdk.PageOptions(),
        )

    stack = unchecked(tmp_path, fill, {LOCALCLOUD_CONTEXT: APPSYNC_URL})
    for type_ in (
        "AWS::Backup::BackupPlan",
        "AWS::Budgets::Budget",
        "AWS::CloudFront::Distribution",
        "AWS::CloudWatch::CompositeAlarm",
        "AWS::CloudWatch::Dashboard",
        "AWS::SecretsManager::RotationSchedule",
        "AWS::WAFv2::WebACL",
    ):
        assert stack.all(type_) == []
    assert stack.one("AWS::Cognito::UserPool").properties["MfaConfiguration"] == "OPTIONAL"
    assert not any(
        table.properties["DeletionProtectionEnabled"] for table in stack.all("AWS::DynamoDB::Table")
    )
    publisher = stack.function("status_publisher.handler.handler")
    assert publisher.properties["Environment"]["Variables"]["APPSYNC_API_URL"] == APPSYNC_URL
    (output,) = stack.outputs
    assert output.startswith(LOCALCLOUD_OUTPUT)
    assert "http://127.0.0.1:4000/" in json.dumps(stack.outputs[output])


def test_on_localcloud_its_caller_may_name_the_provider_of_readers(tmp_path: Path) -> None:
    context = {
        LOCALCLOUD_CONTEXT: APPSYNC_URL,
        LOCALCLOUD_ISSUER: "http://127.0.0.1:9",
        LOCALCLOUD_CLIENT_ID: "page",
    }

    def fill(stack: CdkStack) -> None:
        statusbeam.cdk.Statusbeam(stack, "Status")

    stack = unchecked(tmp_path, fill, context)
    assert stack.all("AWS::Cognito::UserPool") == []
    api = stack.one("AWS::AppSync::GraphQLApi")
    assert api.properties["OpenIDConnectConfig"]["Issuer"] == "http://127.0.0.1:9"
