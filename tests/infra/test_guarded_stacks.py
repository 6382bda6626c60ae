"""The resources of a deployment with a key, logs, backups, a private API and tenant queues."""

from __future__ import annotations

from typing import Any

import pytest

from tests.infra.synthesised import Resource, Stack
from tests.infra.variants import KEY, SECURITY_GROUPS, SUBNETS, TENANTS

PUBLISHER = "status_publisher.handler.handler"
ROTATION = "view_token_rotation.handler.handler"
READING = {"kms:Decrypt", "kms:DescribeKey"}
WRITING = {*READING, "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"}
QUEUES_OF_A_PUBLISHER = 3


@pytest.fixture
def status(guarded_stacks: dict[str, Stack]) -> Stack:
    return guarded_stacks["Dev-Status"]


@pytest.fixture
def example(guarded_stacks: dict[str, Stack]) -> Stack:
    return guarded_stacks["Dev-Example"]


def publishers(stack: Stack) -> dict[str | None, Resource]:
    """The publishers by the tenant that they are bound to."""
    return {
        function.properties["Environment"]["Variables"].get("PUBLISHER_TENANT"): function
        for function in stack.all("AWS::Lambda::Function")
        if function.properties["Handler"].endswith(PUBLISHER)
    }


def statements(stack: Stack, role: Any) -> list[dict[str, Any]]:
    name = role["Fn::GetAtt"][0]
    return [
        statement
        for policy in stack.all("AWS::IAM::Policy")
        if {"Ref": name} in policy.properties["Roles"]
        for statement in policy.properties["PolicyDocument"]["Statement"]
    ]


# the customer's key


def key_of(resource: Resource) -> Any:
    properties = resource.properties
    match resource.type:
        case "AWS::DynamoDB::Table":
            return properties["SSESpecification"]["KMSMasterKeyId"]
        case "AWS::SQS::Queue" | "AWS::SNS::Topic":
            return properties["KmsMasterKeyId"]
        case "AWS::S3::Bucket":
            (rule,) = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
            return rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"]
        case "AWS::Backup::BackupVault":
            return properties["EncryptionKeyArn"]
        case _:
            return properties["KmsKeyId"]


@pytest.mark.parametrize(
    ("type_", "count"),
    [
        ("AWS::DynamoDB::Table", 2),
        ("AWS::SQS::Queue", QUEUES_OF_A_PUBLISHER * (1 + len(TENANTS))),
        ("AWS::SNS::Topic", 1),
        ("AWS::SecretsManager::Secret", 2),
        ("AWS::Backup::BackupVault", 1),
        ("AWS::Logs::LogGroup", 11),  # nine functions, the API, the firewall
    ],
)
def test_one_key_encrypts_all_stored_data(status: Stack, type_: str, count: int) -> None:
    stored = status.all(type_)
    assert len(stored) == count
    assert {key_of(resource) for resource in stored} == {KEY}


def test_the_key_encrypts_details_and_not_their_access_log(status: Stack) -> None:
    (details,) = [b for b in status.all("AWS::S3::Bucket") if "LoggingConfiguration" in b.properties]
    assert key_of(details) == KEY
    (log,) = [bucket for bucket in status.all("AWS::S3::Bucket") if bucket is not details]
    assert details.properties["LoggingConfiguration"]["DestinationBucketName"] == {"Ref": log.name}
    # S3 delivers access logs to buckets under its own key only.
    assert "aws:kms" not in str(log.properties)


@pytest.mark.parametrize(
    "type_", ["AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::SNS::Topic", "AWS::Logs::LogGroup"]
)
def test_the_key_encrypts_what_the_workflows_stack_stores(example: Stack, type_: str) -> None:
    stored = example.all(type_)
    assert stored
    assert {key_of(resource) for resource in stored} == {KEY}


def test_there_is_no_other_key(guarded_stacks: dict[str, Stack]) -> None:
    assert [key for stack in guarded_stacks.values() for key in stack.all("AWS::KMS::Key")] == []


def through(stack: Stack, role: Any) -> dict[str, set[str]]:
    """The actions of a role on the key, by the calling service."""
    found: dict[str, set[str]] = {}
    for statement in statements(stack, role):
        if statement["Resource"] == KEY and "Condition" in statement:
            service = statement["Condition"]["StringEquals"]["kms:ViaService"]["Fn::Join"][1][0].rstrip(".")
            found.setdefault(service, set()).update(statement["Action"])
    return found


def test_readers_and_writers_may_use_the_key_through_their_service_only(
    status: Stack, example: Stack
) -> None:
    def of(stack: Stack, handler: str) -> dict[str, set[str]]:
        return through(stack, stack.function(handler).properties["Role"])

    def source(name: str) -> dict[str, set[str]]:
        return through(status, status.one("AWS::AppSync::DataSource", Name=name).properties["ServiceRoleArn"])

    for publisher in publishers(status).values():
        found = through(status, publisher.properties["Role"])
        assert found == {"dynamodb": WRITING, "s3": WRITING}
    assert of(status, "status_detail.handler.handler") == {"s3": READING}
    assert of(status, "view_token_authorizer.handler.handler") == {"secretsmanager": READING}
    assert of(status, ROTATION) == {"secretsmanager": WRITING}
    assert of(status, "pre_token_generation.handler.handler") == {}
    assert source("Status") == source("Sessions") == {"dynamodb": WRITING}
    assert of(example, "handlers.geo_agent") == {"sqs": WRITING}
    assert of(example, "execution_stopper.handler.handler") == {"dynamodb": WRITING}
    assert of(example, "approvals.handler.handler") == {"dynamodb": WRITING}
    for machine in example.machines:
        assert through(example, machine.properties["RoleArn"]) == {"sqs": WRITING}


@pytest.mark.parametrize(
    "key_arn", ["", "alias/mine", "0f1e2d3c-0000-4000-8000-000000000000", "arn:aws:kms:x"]
)
def test_an_arn_of_another_resource_than_a_key_is_refused(key_arn: str) -> None:
    from statusbeam.cdk import ResourceOptions  # noqa: PLC0415 - starts Node

    with pytest.raises(ValueError, match="key_arn"):
        ResourceOptions(key_arn=key_arn)


# queues of tenants


def test_a_tenants_queue_feeds_a_publisher_of_that_tenant_only(status: Stack) -> None:
    assert set(publishers(status)) == {None, *TENANTS}
    fed = {
        mapping.properties["FunctionName"]["Ref"]: mapping.properties["EventSourceArn"]["Fn::GetAtt"][0]
        for mapping in status.all("AWS::Lambda::EventSourceMapping")
    }
    assert set(fed) == {publisher.name for publisher in publishers(status).values()}
    assert len(set(fed.values())) == len(fed)


def test_the_stack_outputs_each_tenants_queue(status: Stack) -> None:
    text = status.outputs["TenantQueueUrls"]["Value"]["Fn::Join"][1]
    named = {part["Ref"] for part in text if isinstance(part, dict)}
    assert len(named) == len(TENANTS)
    assert named < {queue.name for queue in status.all("AWS::SQS::Queue")}
    assert all(f'"{tenant}":' in str(text) for tenant in TENANTS)


def test_each_tenants_publisher_has_alarms_of_its_own(status: Stack) -> None:
    refused = [
        alarm.properties["Dimensions"]
        for alarm in status.all("AWS::CloudWatch::Alarm")
        if alarm.properties["MetricName"] == "StatusesRefused"
    ]
    assert len(refused) == len({str(dimensions) for dimensions in refused}) == 1 + len(TENANTS)


@pytest.mark.parametrize("options", [{"tenant_queues": ("",)}, {"tenant_queues": "acme"}, {"tenant": "acme"}])
def test_queues_of_tenants_that_make_no_sense_are_refused(options: dict[str, Any]) -> None:
    from statusbeam.cdk import PublishingOptions  # noqa: PLC0415 - starts Node

    with pytest.raises(ValueError, match="tenant_queues"):
        PublishingOptions(**{"tenant_queues": ("city",), **options})


# the API


def test_a_private_api_is_reached_by_publishers_and_the_canary_in_its_network(status: Stack) -> None:
    assert status.one("AWS::AppSync::GraphQLApi").properties["Visibility"] == "PRIVATE"
    network = {"SubnetIds": list(SUBNETS), "SecurityGroupIds": list(SECURITY_GROUPS)}
    inside = [f for f in status.all("AWS::Lambda::Function") if "VpcConfig" in f.properties]
    assert [f.properties["VpcConfig"] for f in inside] == [network] * (2 + len(TENANTS))
    canary = status.function("canary.handler.handler")
    assert {f.name for f in inside} == {canary.name, *(one.name for one in publishers(status).values())}
    for function in inside:
        everywhere = [
            s["Action"] for s in statements(status, function.properties["Role"]) if s["Resource"] == "*"
        ]
        assert "ec2:CreateNetworkInterface" in everywhere[0]


@pytest.mark.parametrize("missing", ["subnet_ids", "security_group_ids"])
def test_a_network_without_subnets_or_groups_is_refused(missing: str) -> None:
    from statusbeam.cdk import PrivateNetwork  # noqa: PLC0415 - starts Node

    with pytest.raises(ValueError, match=missing):
        PrivateNetwork(**{"subnet_ids": SUBNETS, "security_group_ids": SECURITY_GROUPS, missing: ()})


def test_other_apis_are_public(stacks: dict[str, Stack]) -> None:
    assert "Visibility" not in stacks["Prod-Status"].one("AWS::AppSync::GraphQLApi").properties
    assert "VpcConfig" not in stacks["Prod-Status"].function(PUBLISHER).properties


def test_more_logs_have_no_content_either(status: Stack) -> None:
    log = status.one("AWS::AppSync::GraphQLApi").properties["LogConfig"]
    assert (log["FieldLogLevel"], log["ExcludeVerboseContent"]) == ("ALL", True)


# view tokens


@pytest.mark.parametrize(("name", "days"), [("Dev-Status", 30), ("Prod-Status", 30)])
def test_the_secret_of_view_tokens_is_rotated(stacks: dict[str, Stack], name: str, days: int) -> None:
    assert rotated_after(stacks[name]) == days


def test_the_options_set_how_often_the_secret_is_rotated(status: Stack) -> None:
    assert rotated_after(status) == 7


def rotated_after(stack: Stack) -> int:
    secret = stack.one("AWS::SecretsManager::Secret", Description="Signs view tokens")
    schedule = stack.one("AWS::SecretsManager::RotationSchedule").properties
    assert schedule["SecretId"] == {"Fn::GetAtt": [secret.name, "Id"]}
    rotation = stack.function(ROTATION)
    assert schedule["RotationLambdaARN"] == {"Fn::GetAtt": [rotation.name, "Arn"]}
    permission = stack.one("AWS::Lambda::Permission", Principal="secretsmanager.amazonaws.com").properties
    assert permission["SourceArn"] == schedule["SecretId"]
    return int(schedule["RotationRules"]["AutomaticallyAfterDays"])


def test_the_emulator_rotates_nothing(stacks: dict[str, Stack]) -> None:
    assert stacks["Local-Status"].all("AWS::SecretsManager::RotationSchedule") == []


@pytest.mark.parametrize("days", [0, 1_001])
def test_a_rotation_that_secrets_manager_does_not_know_is_refused(days: int) -> None:
    from statusbeam.cdk import ApiOptions  # noqa: PLC0415 - starts Node

    with pytest.raises(ValueError, match="view_token_rotation_days"):
        ApiOptions(view_token_rotation_days=days)


# sign-in, backups


def test_threat_protection_is_on_on_request(status: Stack, stacks: dict[str, Stack]) -> None:
    pool = status.one("AWS::Cognito::UserPool").properties
    assert pool["UserPoolTier"] == "PLUS"
    assert pool["UserPoolAddOns"] == {"AdvancedSecurityMode": "ENFORCED"}
    other = stacks["Prod-Status"].one("AWS::Cognito::UserPool").properties
    assert other["UserPoolTier"] == "ESSENTIALS"
    assert "UserPoolAddOns" not in other


def test_the_table_of_jobs_is_copied_every_night(status: Stack, stacks: dict[str, Stack]) -> None:
    (rule,) = status.one("AWS::Backup::BackupPlan").properties["BackupPlan"]["BackupPlanRule"]
    assert rule["Lifecycle"] == {"DeleteAfterDays": 35}
    assert rule["ScheduleExpression"] == "cron(0 3 * * ? *)"
    selection = status.one("AWS::Backup::BackupSelection").properties["BackupSelection"]
    (jobs,) = [t for t in status.all("AWS::DynamoDB::Table") if "GlobalSecondaryIndexes" in t.properties]
    assert selection["Resources"] == [{"Fn::GetAtt": [jobs.name, "Arn"]}]
    assert stacks["Prod-Status"].all("AWS::Backup::BackupPlan") == []


def test_copies_that_are_kept_for_no_day_are_refused() -> None:
    from statusbeam.cdk import ResourceOptions  # noqa: PLC0415 - starts Node

    with pytest.raises(ValueError, match="backup_days"):
        ResourceOptions(backup_days=0)
