"""Notifications in a stack: from the table's stream, with only the used grants."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import statusbeam.cdk
from statusbeam.cdk import JobEventType, NotificationChannel, NotificationOptions
from statusbeam.model.settings import NotificationSettings
from tests.infra.synthesised import Stack
from tests.infra.test_statusbeam_construct import stack_with
from tests.infra.variants import KEY, variant

if TYPE_CHECKING:
    from pathlib import Path

    from aws_cdk import Stack as CdkStack

HOOK = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:hook-AbCdEf"
CHAT = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:chat-AbCdEf"
BUS = "arn:aws:events:eu-west-1:123456789012:event-bus/jobs"
CHANNELS = (
    NotificationChannel(name="ops", kind="webhook", target=HOOK),
    NotificationChannel(name="chat", kind="slack", target=CHAT, events=(JobEventType.LOST,), tenant="city"),
    NotificationChannel(name="bus", kind="event_bridge", target=BUS),
)
LIFECYCLE, SENDER = "job_lifecycle.handler.handler", "notification_sender.handler.handler"


@pytest.fixture(scope="module")
def stack(node_beside_the_interpreter: None, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """A deployment with one channel of each kind."""

    def fill(stack: CdkStack) -> None:
        options = NotificationOptions(channels=CHANNELS, job_link="https://status.example.com/#/jobs/{jobId}")
        status = statusbeam.cdk.Statusbeam(stack, "Status", alarms=True)
        statusbeam.cdk.StatusNotifications(stack, "Notifications", status=status, options=options)

    return stack_with(tmp_path_factory.mktemp("cdk.out"), fill)


def statements(stack: Stack, handler: str) -> list[dict[str, Any]]:
    """The allowed actions of the function's role."""
    role = stack.function(handler).properties["Role"]["Fn::GetAtt"][0]
    return [
        statement
        for policy in stack.all("AWS::IAM::Policy")
        if {"Ref": role} in policy.properties["Roles"]
        for statement in policy.properties["PolicyDocument"]["Statement"]
    ]


def actions(stack: Stack, handler: str) -> dict[str, Any]:
    """The resources by action."""
    found: dict[str, Any] = {}
    for statement in statements(stack, handler):
        named = statement["Action"]
        for action in named if isinstance(named, list) else [named]:
            found.setdefault(action, []).append(statement["Resource"])
    return found


def test_only_commits_that_make_an_event_invoke_the_function(stack: Stack) -> None:
    table = stack.all("AWS::DynamoDB::Table")
    streams = [one for one in table if "StreamSpecification" in one.properties]
    assert [one.properties["StreamSpecification"] for one in streams] == [
        {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    ]
    (mapping,) = [
        one for one in stack.all("AWS::Lambda::EventSourceMapping") if "StartingPosition" in one.properties
    ]
    (pattern,) = mapping.properties["FilterCriteria"]["Filters"]
    assert json.loads(pattern["Pattern"]) == {
        "dynamodb": {"Keys": {"sk": {"S": ["HEAD"]}}, "NewImage": {"jobEvent": {"S": [{"exists": True}]}}}
    }
    assert mapping.properties["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping.properties["DestinationConfig"]["OnFailure"]["Destination"]


def test_deliveries_keep_order_and_end_as_dead_letters(stack: Stack) -> None:
    ordered = [one for one in stack.all("AWS::SQS::Queue") if one.name.startswith("NotificationsDeliveries")]
    assert [one.properties["FifoQueue"] for one in ordered] == [True, True]
    (receives,) = [
        one.properties["RedrivePolicy"]["maxReceiveCount"]
        for one in ordered
        if "RedrivePolicy" in one.properties
    ]
    assert receives == 8
    watched = {
        json.dumps(one.properties["Dimensions"])
        for one in stack.all("AWS::CloudWatch::Alarm")
        if "Dimensions" in one.properties
    }
    assert any("NotificationsDeliveriesDeadLetters" in one for one in watched)


def test_the_sender_may_read_its_secrets_and_put_to_its_bus_only(stack: Stack) -> None:
    may = actions(stack, SENDER)
    assert may["secretsmanager:GetSecretValue"] == [[CHAT, HOOK]]
    assert may["events:PutEvents"] == [BUS]
    assert "dynamodb:Query" not in may
    assert "sqs:SendMessage" not in may


def test_the_reader_of_commits_may_not_write_the_table(stack: Stack) -> None:
    may = actions(stack, LIFECYCLE)
    assert {"dynamodb:GetItem", "dynamodb:Query", "dynamodb:GetRecords"} <= set(may)
    assert not {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"} & set(may)
    assert "secretsmanager:GetSecretValue" not in may


def test_settings_are_whole_and_hold_no_secret(stack: Stack) -> None:
    for handler in (LIFECYCLE, SENDER):
        variables = stack.function(handler).properties["Environment"]["Variables"]
        texts = {name: one if isinstance(one, str) else json.dumps(one) for name, one in variables.items()}
        settings = NotificationSettings.from_env(texts)
        assert settings.channels == CHANNELS
        assert settings.threads_table


def test_a_stage_notifies_with_a_key_of_its_own(
    node_beside_the_interpreter: None, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    stacks = variant(
        tmp_path_factory.mktemp("cdk.out"),
        tmp_path,
        "Dev",
        region="eu-west-1",
        resources=statusbeam.cdk.ResourceOptions(key_arn=KEY),
        notifications=NotificationOptions(channels=CHANNELS),
        page=None,
        example=None,
    )
    queues = stacks["Dev-Status"].all("AWS::SQS::Queue")
    assert {one.properties["KmsMasterKeyId"] for one in queues} == {KEY}


def test_a_stage_without_notifications_has_no_stream(stacks: dict[str, Stack]) -> None:
    for name in ("Dev-Status", "Prod-Status", "Local-Status"):
        tables = stacks[name].all("AWS::DynamoDB::Table")
        assert not any("StreamSpecification" in one.properties for one in tables)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"channels": ()}, "names"),
        ({"channels": (CHANNELS[0], CHANNELS[0])}, "names"),
        ({"channels": (NotificationChannel(name="a b", kind="webhook", target=HOOK),)}, "names"),
        ({"channels": (NotificationChannel(name="a", kind="webhook", target="https://x"),)}, "target of a"),
        ({"channels": (NotificationChannel(name="a", kind="event_bridge", target=HOOK),)}, "target of a"),
        ({"channels": CHANNELS, "job_link": "http://x/{jobId}"}, "job_link"),
        ({"channels": CHANNELS, "job_link": "https://x"}, "job_link"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        NotificationOptions(**options)
