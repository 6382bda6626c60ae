"""The resources of each stage's stacks."""

from __future__ import annotations

import datetime as dt
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.stages import stages
from statusbeam.cli.cost_model import MEMORY_GB
from statusbeam.model.settings import (
    LOCALCLOUD_OUTPUT,
    MESSAGES_PER_INVOCATION,
    PUBLISHER_SECONDS,
    QUEUE_RECEIVES,
    queue_concurrency,
)
from tests.infra.synthesised import (
    APPSYNC_URL,
    EXAMPLE_STACKS,
    ROOT,
    STATUS_STACKS,
    TODAY,
    WEB_STACKS,
    Resource,
    Stack,
    new_app,
)

API = "AWS::AppSync::GraphQLApi"


def modes(stack: Stack) -> list[str]:
    api = stack.one(API).properties
    additional = [provider["AuthenticationType"] for provider in api["AdditionalAuthenticationProviders"]]
    return [api["AuthenticationType"], *additional]


def schema(stack: Stack) -> str:
    return str(stack.one("AWS::AppSync::GraphQLSchema").properties["Definition"])


def test_every_stage_has_its_stacks_under_their_lasting_names(stacks: dict[str, Stack]) -> None:
    assert sorted(stacks) == sorted([*STATUS_STACKS, *EXAMPLE_STACKS, *WEB_STACKS])


def test_one_stage_can_be_selected_by_name() -> None:
    assert [stage.name for stage in stages(only="local", region="eu-west-1")] == ["Local"]
    assert stages(only="local", region="eu-west-1")[0].region == "eu-west-1"
    with pytest.raises(ValueError, match="dev, prod, local"):
        stages(only="staging")


def test_a_violation_without_a_reason_stops_synth() -> None:
    from aws_cdk import App, aws_sqs  # noqa: PLC0415 - starts Node, which only these tests need
    from aws_cdk import Stack as CdkStack  # noqa: PLC0415 - the same

    from infra.checks import add_checks  # noqa: PLC0415 - the same

    app = App(analytics_reporting=False)
    aws_sqs.Queue(CdkStack(app, "Careless"), "Queue")
    add_checks(app)
    with pytest.raises(RuntimeError, match="AwsSolutions-SQS4"):
        app.synth()


def test_what_cdk_finds_in_a_template_stops_synth(tmp_path: Path) -> None:
    from aws_cdk import CfnResource  # noqa: PLC0415 - starts Node, which only these tests need
    from aws_cdk import Stack as CdkStack  # noqa: PLC0415 - the same

    app = new_app(tmp_path)
    wrong = {"BucketEncryption": "please"}
    CfnResource(CdkStack(app, "Careless"), "Bucket", type="AWS::S3::Bucket", properties=wrong)
    with pytest.raises(RuntimeError, match="BucketEncryption"):
        app.synth()


def test_every_template_passes_cfn_lint_in_five_regions(
    stacks: dict[str, Stack],
    invoking_stacks: dict[str, Stack],
    other_provider_stacks: dict[str, Stack],
    existing_pool_stacks: dict[str, Stack],
    guarded_stacks: dict[str, Stack],
) -> None:
    # W3005: the construct library writes a DependsOn beside every GetAtt of a role.
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--ignore-checks", "W3005"]
    command += ["--regions", "us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-southeast-2", "--"]
    kinds = (stacks, invoking_stacks, other_provider_stacks, existing_pool_stacks, guarded_stacks)
    templates = [str(stack.path) for kind in kinds for stack in kind.values()]
    finished = subprocess.run([*command, *templates], capture_output=True, text=True, check=False)
    assert (finished.returncode, finished.stdout) == (0, "")


def test_the_page_on_uninstalling_lists_each_kind_of_resource_that_prod_keeps(
    stacks: dict[str, Stack],
) -> None:
    kept = {name: kept_kinds(stacks[name]) for name in stacks}
    table = (ROOT / "docs/how-to/upgrade.md").read_text().partition("## Uninstall")[2]
    assert kept["Prod-Status"] | kept["Prod-Web"] == set(
        re.findall(r"^\| `(AWS::[\w:]+)`", table, re.MULTILINE)
    )
    assert kept["Dev-Status"] | kept["Dev-Web"] | kept["Dev-Example"] == {"AWS::Lambda::LayerVersion"}


def kept_kinds(stack: Stack) -> set[str]:
    resources = json.loads(stack.path.read_text())["Resources"].values()
    return {one["Type"] for one in resources if str(one.get("DeletionPolicy", "")).startswith("Retain")}


# the API


@pytest.mark.parametrize("name", STATUS_STACKS)
def test_readers_sign_in_with_cognito_by_default(stacks: dict[str, Stack], name: str) -> None:
    with_key = ["API_KEY"] if name == "Local-Status" else []
    assert modes(stacks[name]) == ["AMAZON_COGNITO_USER_POOLS", "AWS_IAM", "AWS_LAMBDA", *with_key]


@pytest.mark.parametrize("name", ["Dev-Status", "Prod-Status"])
def test_there_is_no_api_key_by_default(stacks: dict[str, Stack], name: str) -> None:
    assert stacks[name].all("AWS::AppSync::ApiKey") == []
    assert "@aws_api_key" not in schema(stacks[name])
    assert "ApiKey" not in stacks[name].outputs


def test_the_demo_key_ends_thirty_days_after_midnight(stacks: dict[str, Stack]) -> None:
    key = stacks["Local-Status"].one("AWS::AppSync::ApiKey").properties
    midnight = dt.datetime.combine(TODAY, dt.time(), tzinfo=dt.UTC)
    assert key["Expires"] == (midnight + dt.timedelta(days=30)).timestamp()
    assert "@aws_api_key" in schema(stacks["Local-Status"])


@pytest.mark.parametrize(
    ("name", "introspection"),
    [("Dev-Status", "ENABLED"), ("Prod-Status", "DISABLED"), ("Local-Status", "ENABLED")],
)
def test_introspection_is_off_in_prod(stacks: dict[str, Stack], name: str, introspection: str) -> None:
    assert stacks[name].one(API).properties["IntrospectionConfig"] == introspection


@pytest.mark.parametrize("name", STATUS_STACKS)
def test_the_api_is_traced_bounded_and_logs_without_content(stacks: dict[str, Stack], name: str) -> None:
    api = stacks[name].one(API).properties
    assert api["XrayEnabled"] is True
    assert 0 < api["QueryDepthLimit"] <= 15
    assert 0 < api["ResolverCountLimit"] <= 50
    assert api["LogConfig"]["FieldLogLevel"] == "INFO"  # the audit trail of reads is of this level
    assert api["LogConfig"]["ExcludeVerboseContent"] is True


@pytest.mark.parametrize("name", STATUS_STACKS)
def test_only_view_tokens_reach_the_authorizer(stacks: dict[str, Stack], name: str) -> None:
    providers = stacks[name].one(API).properties["AdditionalAuthenticationProviders"]
    config = next(p["LambdaAuthorizerConfig"] for p in providers if "LambdaAuthorizerConfig" in p)
    assert config["IdentityValidationExpression"].startswith("^sbv1")
    assert config["AuthorizerResultTtlInSeconds"] == 0


@pytest.mark.parametrize("name", STATUS_STACKS)
def test_every_root_field_has_a_resolver_in_javascript(stacks: dict[str, Stack], name: str) -> None:
    resolvers = stacks[name].all("AWS::AppSync::Resolver")
    fields = {f"{r.properties['TypeName']}.{r.properties['FieldName']}" for r in resolvers}
    assert fields == {
        "Mutation.answerWaiting",
        "Mutation.cancelJob",
        "Mutation.endSessions",
        "Mutation.publishStatus",
        "Mutation.syncSession",
        "Query.countTenantJobs",
        "Query.getJob",
        "Query.getStatusDetail",
        "Query.listJobs",
        "Query.listStatusUpdates",
        "Query.listTenantJobs",
        "Subscription.onStatusUpdate",
        "Subscription.onTenantStatus",
    }
    coded = [*resolvers, *stacks[name].all("AWS::AppSync::FunctionConfiguration")]
    assert all(isinstance(r.properties["Code"], str) for r in coded)
    assert {r.properties["Runtime"]["Name"] for r in coded} == {"APPSYNC_JS"}


# functions


@pytest.mark.parametrize("name", [*STATUS_STACKS, *EXAMPLE_STACKS])
def test_functions_run_the_newest_python_on_arm_and_are_traced(stacks: dict[str, Stack], name: str) -> None:
    functions = [f.properties for f in stacks[name].all("AWS::Lambda::Function")]
    assert functions
    assert {f["Runtime"] for f in functions} == {"python3.14"}
    assert {tuple(f["Architectures"]) for f in functions} == {("arm64",)}
    assert {f["TracingConfig"]["Mode"] for f in functions} == {"Active"}
    assert all("LogGroup" in f["LoggingConfig"] for f in functions)


@pytest.mark.parametrize("name", [*STATUS_STACKS, *EXAMPLE_STACKS])
def test_no_function_sets_what_the_runtime_sets(stacks: dict[str, Stack], name: str) -> None:
    for function in stacks[name].all("AWS::Lambda::Function"):
        variables = function.properties.get("Environment", {}).get("Variables", {})
        assert [variable for variable in variables if variable.startswith("AWS_")] == []


@pytest.mark.parametrize("name", STATUS_STACKS)
def test_the_publisher_has_the_memory_that_the_cost_formula_counts(
    stacks: dict[str, Stack], name: str
) -> None:
    publisher = stacks[name].function("status_publisher.handler.handler")
    assert publisher.properties["MemorySize"] == MEMORY_GB * 1024


@pytest.mark.parametrize("name", STATUS_STACKS)
def test_a_payload_that_fails_is_retried_within_bounds_and_then_kept(
    stacks: dict[str, Stack], name: str
) -> None:
    stack = stacks[name]
    publisher = stack.function("status_publisher.handler.handler")
    assert publisher.properties["Timeout"] == PUBLISHER_SECONDS
    delivery = stack.one("AWS::Lambda::EventInvokeConfig", FunctionName={"Ref": publisher.name}).properties
    (queue,) = [queue for queue in stack.all("AWS::SQS::Queue") if "FifoQueue" not in queue.properties]
    assert delivery["MaximumRetryAttempts"] <= 2
    assert delivery["MaximumEventAgeInSeconds"] <= 900
    assert delivery["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": [queue.name, "Arn"]}
    assert queue.properties["SqsManagedSseEnabled"] is True
    assert queue.properties["MessageRetentionPeriod"] == 14 * 24 * 3600


@pytest.mark.parametrize("name", ["Dev-Status", "Prod-Status"])
def test_no_queue_takes_anything_without_tls(stacks: dict[str, Stack], name: str) -> None:
    policies = [policy.properties for policy in stacks[name].all("AWS::SQS::QueuePolicy")]
    kept = {queue["Ref"] for policy in policies for queue in policy["Queues"]}
    assert kept == {queue.name for queue in stacks[name].all("AWS::SQS::Queue")}
    for policy in policies:
        statement = policy["PolicyDocument"]["Statement"][0]
        assert (statement["Effect"], statement["Action"]) == ("Deny", "sqs:*")
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def fifo_queues(stack: Stack) -> tuple[Resource, Resource]:
    """The queue of statuses, and its dead-letter queue."""
    fifo = [queue for queue in stack.all("AWS::SQS::Queue") if queue.properties.get("FifoQueue")]
    (statuses,) = [queue for queue in fifo if "RedrivePolicy" in queue.properties]
    (dead,) = [queue for queue in fifo if queue is not statuses]
    return statuses, dead


@pytest.mark.parametrize("name", STATUS_STACKS)
def test_the_queue_keeps_each_jobs_order_and_what_fails_too_often(
    stacks: dict[str, Stack], name: str
) -> None:
    statuses, dead = fifo_queues(stacks[name])
    assert statuses.properties["DeduplicationScope"] == "messageGroup"
    assert statuses.properties["FifoThroughputLimit"] == "perMessageGroupId"
    assert "ContentBasedDeduplication" not in statuses.properties  # the same words twice are two statuses
    assert statuses.properties["RedrivePolicy"] == {
        "deadLetterTargetArn": {"Fn::GetAtt": [dead.name, "Arn"]},
        "maxReceiveCount": QUEUE_RECEIVES,
    }
    assert all(queue.properties["SqsManagedSseEnabled"] is True for queue in (statuses, dead))
    assert dead.properties["MessageRetentionPeriod"] == 14 * 24 * 3600


@pytest.mark.parametrize("name", STATUS_STACKS)
def test_the_queue_feeds_the_publisher_and_takes_back_what_failed(
    stacks: dict[str, Stack], name: str
) -> None:
    stack = stacks[name]
    publisher = stack.function("status_publisher.handler.handler")
    statuses, _ = fifo_queues(stack)
    mapping = stack.one("AWS::Lambda::EventSourceMapping").properties
    assert mapping["FunctionName"] == {"Ref": publisher.name}
    assert mapping["EventSourceArn"] == {"Fn::GetAtt": [statuses.name, "Arn"]}
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BatchSize"] == MESSAGES_PER_INVOCATION
    assert "MaximumBatchingWindowInSeconds" not in mapping  # FIFO queues have none
    # Lambda refuses a shorter one; a longer one would hold up the job of a publisher that died.
    assert statuses.properties["VisibilityTimeout"] == publisher.properties["Timeout"]


def test_the_queue_leaves_prods_publisher_room_for_invokes(stacks: dict[str, Stack]) -> None:
    reserved = stacks["Prod-Status"].function("status_publisher.handler.handler").properties
    mapping = stacks["Prod-Status"].one("AWS::Lambda::EventSourceMapping").properties
    most = mapping["ScalingConfig"]["MaximumConcurrency"]
    assert most == queue_concurrency(reserved["ReservedConcurrentExecutions"])
    assert most < reserved["ReservedConcurrentExecutions"]


def test_the_local_publisher_is_sent_to_the_data_plane(stacks: dict[str, Stack]) -> None:
    publisher = stacks["Local-Status"].function("status_publisher.handler.handler")
    assert publisher.properties["Environment"]["Variables"]["APPSYNC_API_URL"] == APPSYNC_URL
    outputs = stacks["Local-Status"].outputs
    assert outputs["GraphqlUrl"]["Value"] == APPSYNC_URL
    assert outputs["RealtimeUrl"]["Value"] == "ws://127.0.0.1:4000/graphql/realtime"


def test_other_stages_never_follow_the_override(stacks: dict[str, Stack]) -> None:
    assert APPSYNC_URL not in json.dumps(stacks["Prod-Status"].outputs)


# identity and data


@pytest.mark.parametrize("name", STATUS_STACKS)
def test_a_users_tenant_is_set_once_and_by_an_administrator(stacks: dict[str, Stack], name: str) -> None:
    pool = stacks[name].one("AWS::Cognito::UserPool").properties
    tenant = next(attribute for attribute in pool["Schema"] if attribute["Name"] == "tenantId")
    assert tenant["Mutable"] is False
    assert pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True
    client = stacks[name].one("AWS::Cognito::UserPoolClient").properties
    assert "custom:tenantId" not in client["WriteAttributes"]
    groups = stacks[name].all("AWS::Cognito::UserPoolGroup")
    assert sorted(group.properties["GroupName"] for group in groups) == ["admin", "operator", "viewer"]


@pytest.mark.parametrize("name", STATUS_STACKS)
def test_both_tokens_carry_the_tenant(stacks: dict[str, Stack], name: str) -> None:
    pool = stacks[name].one("AWS::Cognito::UserPool").properties
    trigger = stacks[name].function("pre_token_generation.handler.handler")
    assert pool["UserPoolTier"] == "ESSENTIALS"
    assert pool["LambdaConfig"]["PreTokenGenerationConfig"] == {
        "LambdaArn": {"Fn::GetAtt": [trigger.name, "Arn"]},
        "LambdaVersion": "V2_0",
    }


@pytest.mark.parametrize(
    ("name", "password", "mfa"),
    [("Dev-Status", True, "OPTIONAL"), ("Prod-Status", False, "ON"), ("Local-Status", True, "OPTIONAL")],
)
def test_plain_passwords_are_for_demos_and_prod_asks_for_a_second_factor(
    stacks: dict[str, Stack], name: str, password: bool, mfa: str
) -> None:
    client = stacks[name].one("AWS::Cognito::UserPoolClient").properties
    assert client["GenerateSecret"] is False
    assert "ALLOW_USER_SRP_AUTH" in client["ExplicitAuthFlows"]
    assert ("ALLOW_USER_PASSWORD_AUTH" in client["ExplicitAuthFlows"]) is password
    assert stacks[name].one("AWS::Cognito::UserPool").properties["MfaConfiguration"] == mfa


def tables(stack: Stack) -> dict[str, dict[str, Any]]:
    found = stack.all("AWS::DynamoDB::Table")
    return {table.properties["KeySchema"][0]["AttributeName"]: table.properties for table in found}


@pytest.mark.parametrize("name", STATUS_STACKS)
def test_tables_are_keyed_as_the_library_reads_them(stacks: dict[str, Stack], name: str) -> None:
    status, sessions = tables(stacks[name])["pk"], tables(stacks[name])["tenant_id"]
    assert [key["AttributeName"] for key in sessions["KeySchema"]] == ["tenant_id", "sk"]
    assert [key["AttributeName"] for key in status["KeySchema"]] == ["pk", "sk"]
    assert status["TimeToLiveSpecification"] == {"AttributeName": "expiresAt", "Enabled": True}
    assert sessions["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    indexes = {index["IndexName"]: index for index in status["GlobalSecondaryIndexes"]}
    assert {
        name: [key["AttributeName"] for key in index["KeySchema"]] for name, index in indexes.items()
    } == {"byUser": ["userKey", "createdKey"], "byTenant": ["tenantKey", "createdKey"]}
    for index in indexes.values():
        assert index["Projection"]["ProjectionType"] == "INCLUDE"
        # These change with every status: projected, each commit would pay for the index.
        assert not {"sequence", "lastUpdated", "progress"} & set(index["Projection"]["NonKeyAttributes"])


@pytest.mark.parametrize("name", STATUS_STACKS)
def test_tables_are_encrypted_on_demand_and_recoverable(stacks: dict[str, Stack], name: str) -> None:
    for table in tables(stacks[name]).values():
        assert table["BillingMode"] == "PAY_PER_REQUEST"
        assert table["SSESpecification"] == {"SSEEnabled": True}
        assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert table["DeletionProtectionEnabled"] is (name == "Prod-Status")


# outputs


@pytest.mark.parametrize("name", STATUS_STACKS)
def test_the_status_stack_outputs_the_settings_of_clients(stacks: dict[str, Stack], name: str) -> None:
    written = {output for output in stacks[name].outputs if output.startswith(("Exports", LOCALCLOUD_OUTPUT))}
    assert set(stacks[name].outputs) - written - {"ApiKey", "AlarmTopicArn", "WebUrl"} == {
        "GraphqlUrl",
        "RealtimeUrl",
        "ApiId",
        "UserPoolId",
        "UserPoolClientId",
        "UserClaim",
        "PublisherFunctionArn",
        "StatusTransport",
        "StatusQueueUrl",
        "StatusDeadLetterQueueUrl",
        "DeadLetterQueueUrl",
        "StatusTable",
        "UserSessionsTable",
        "ViewTokenSecretArn",
        "ViewTokenAudience",
        "LibraryLayerArn",
    }
    claim = "cognito:username" if name == "Local-Status" else "sub"
    assert stacks[name].outputs["UserClaim"]["Value"] == claim
    assert stacks[name].one(API).properties["EnvironmentVariables"]["USER_CLAIM"] == claim
    assert ("ApiKey" in stacks[name].outputs) is (name == "Local-Status")
    assert ("WebUrl" in stacks[name].outputs) is (name == "Local-Status")
    assert ("AlarmTopicArn" in stacks[name].outputs) is (name == "Prod-Status")


def test_localcloud_reads_everything_from_one_output(stacks: dict[str, Stack]) -> None:
    outputs = stacks["Local-Status"].outputs
    (ours,) = [name for name in outputs if name.startswith(LOCALCLOUD_OUTPUT)]
    text = json.dumps(outputs[ours]["Value"])
    named = {name for name in outputs if not name.startswith(("Exports", LOCALCLOUD_OUTPUT))}
    assert {name for name in named if f'\\"{name}\\":' not in text} == set()


def test_the_example_stack_outputs_its_state_machine_and_dead_letters(stacks: dict[str, Stack]) -> None:
    assert set(stacks["Local-Example"].outputs) == {
        "StateMachineArn",
        "StreetFairArn",
        "ExecutionDeadLetterQueueUrl",
    }


def test_the_example_depends_on_nothing_that_changes_with_code(
    stacks: dict[str, Stack], invoking_stacks: dict[str, Stack]
) -> None:
    # CloudFormation refuses to change an export in use, so a layer must not be one.
    for stack in (stacks["Dev-Status"], invoking_stacks["Dev-Status"]):
        exports = sorted(name for name in stack.outputs if name.startswith("Exports") and "Publisher" in name)
        # Function and queue whatever the transport, or the choice could not be changed once it is deployed.
        parts = ["FnGetAttStatusPublisherFunction", "FnGetAttStatusPublisherStatusesQueue"]
        assert len(exports) == 3
        wanted = [*parts, "RefStatusPublisherStatusesQueue"]
        assert all(part in name for part, name in zip(wanted, exports, strict=True))


@pytest.mark.parametrize("name", STATUS_STACKS)
def test_every_field_but_the_publishers_first_asks_whether_the_login_is_still_good(
    stacks: dict[str, Stack], name: str
) -> None:
    check = stacks[name].one("AWS::AppSync::FunctionConfiguration", Name="checkLogin")
    first_steps = {}
    for resolver in stacks[name].all("AWS::AppSync::Resolver"):
        functions = resolver.properties.get("PipelineConfig", {}).get("Functions", [None])
        field = f"{resolver.properties['TypeName']}.{resolver.properties['FieldName']}"
        first_steps[field] = functions[0]
    assert first_steps.pop("Mutation.publishStatus") is None
    assert set(map(str, first_steps.values())) == {str({"Fn::GetAtt": [check.name, "FunctionId"]})}


@pytest.mark.parametrize("name", STATUS_STACKS)
def test_the_bucket_of_details_is_private_and_keeps_them_as_long_as_the_log(
    stacks: dict[str, Stack], name: str
) -> None:
    bucket = stacks[name].one("AWS::S3::Bucket").properties
    blocked = bucket["PublicAccessBlockConfiguration"]
    assert set(blocked.values()) == {True}
    assert len(blocked) == 4
    (encryption,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    (rule,) = bucket["LifecycleConfiguration"]["Rules"]
    variables = (
        stacks[name].function("status_publisher.handler.handler").properties["Environment"]["Variables"]
    )
    assert str(rule["ExpirationInDays"]) == variables["LOG_RETENTION_DAYS"]
    denied = [
        statement
        for policy in stacks[name].all("AWS::S3::BucketPolicy")
        for statement in policy.properties["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny"
    ]
    plain_http = {"Bool": {"aws:SecureTransport": "false"}}
    assert (plain_http in [statement["Condition"] for statement in denied]) is (name != "Local-Status")
