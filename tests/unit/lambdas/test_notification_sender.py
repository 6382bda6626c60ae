"""The sender sends queued notifications by their channel; a failed one waits, and log lines contain no
address."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from moto import mock_aws

from lambdas.notification_sender import _wiring
from lambdas.notification_sender import handler as sender
from lambdas.notification_sender.handler import handler
from statusbeam.model.errors import NotificationError
from statusbeam.model.settings import (
    NOTIFICATION_RECEIVES,
    NotificationChannel,
    NotificationSettings,
    channels_text,
)
from statusbeam.notifications.channels.event_bus import EventBusChannel
from statusbeam.notifications.channels.slack_threads import DynamoThreads
from statusbeam.notifications.deliveries import Delivery
from statusbeam.notifications.job_event import JobEvent
from tests.unit.samples import job_key
from tests.unit.statusbeam.notifications.samples import job_event

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

NO_CONTEXT = cast("Any", None)
QUEUE_ARN = "arn:aws:sqs:us-east-1:123456789012:Deliveries.fifo"


@dataclass
class FakeChannel:
    """A channel that fails with the errors it is given, in turn."""

    errors: list[NotificationError] = field(default_factory=list)
    sent: list[JobEvent] = field(default_factory=list)

    def send(self, event: JobEvent) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.sent.append(event)


@dataclass
class FakeSqs:
    """The sender's calls to SQS."""

    waits: list[int] = field(default_factory=list)

    def get_queue_url(self, **_: str) -> dict[str, str]:
        return {"QueueUrl": "https://queue"}

    def change_message_visibility(self, **request: Any) -> None:
        self.waits.append(request["VisibilityTimeout"])


@pytest.fixture
def channel(monkeypatch: pytest.MonkeyPatch) -> FakeChannel:
    channel = FakeChannel()
    monkeypatch.setattr(sender, "channels", lambda: {"ops": channel})
    return channel


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> FakeSqs:
    sqs = FakeSqs()
    monkeypatch.setattr(sender, "sqs", lambda: sqs)
    return sqs


def record(channel: str = "ops", received: int = 1) -> dict[str, Any]:
    return {
        "messageId": "m1",
        "receiptHandle": "r1",
        "body": Delivery(channel=channel, event=job_event()).body(),
        "eventSourceARN": QUEUE_ARN,
        "attributes": {"ApproximateReceiveCount": str(received)},
    }


def test_a_notification_leaves_by_its_channel(channel: FakeChannel, sqs: FakeSqs) -> None:
    assert handler({"Records": [record()]}, NO_CONTEXT) == {"batchItemFailures": []}
    assert channel.sent == [job_event()]
    assert sqs.waits == []


def test_a_notification_that_fails_waits_for_its_next_try(
    channel: FakeChannel, sqs: FakeSqs, caplog: pytest.LogCaptureFixture
) -> None:
    channel.errors.append(NotificationError("the webhook answered 503", code="http_503", retry_after=77))
    with caplog.at_level(logging.INFO):
        answer = handler({"Records": [record()]}, NO_CONTEXT)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    assert sqs.waits == [77]
    assert "channel=<ops>, event_id=<event-7>, type=<job.completed>, code=<http_503>" in caplog.text


def test_the_last_failure_sends_it_to_the_dead_letters_at_once(channel: FakeChannel, sqs: FakeSqs) -> None:
    channel.errors.append(NotificationError("no", code="http_410"))
    handler({"Records": [record(received=NOTIFICATION_RECEIVES)]}, NO_CONTEXT)
    assert sqs.waits == [0]


def test_a_channel_that_is_gone_is_skipped(channel: FakeChannel, sqs: FakeSqs) -> None:
    assert handler({"Records": [record("former")]}, NO_CONTEXT) == {"batchItemFailures": []}
    assert channel.sent == []


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        for cached in (_wiring.channels, _wiring.sqs, _wiring._session):
            cached.cache_clear()
        yield
        for cached in (_wiring.channels, _wiring.sqs, _wiring._session):
            cached.cache_clear()


def test_channels_are_made_of_settings_and_secrets_are_not_in_them(
    aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = boto3.client("secretsmanager", region_name="us-east-1")
    secret = json.dumps({"url": "https://hooks.example.com/T0KEN", "secret": "whsec_x"})
    arn = secrets.create_secret(Name="hook", SecretString=secret)["ARN"]
    made = (
        NotificationChannel(name="ops", kind="webhook", target=arn),
        NotificationChannel(name="chat", kind="slack", target=arn),
        NotificationChannel(name="bus", kind="event_bridge", target="arn:aws:events:…:event-bus/jobs"),
    )
    settings = NotificationSettings(
        status_table="StatusTable",
        notification_channels=channels_text(made),
        notification_queue_url="https://queue",
        lease_queue_url="https://leases",
        threads_table="Threads",
    )
    environment = settings.to_env()
    assert NotificationSettings.from_env(environment).channels == made
    assert "T0KEN" not in json.dumps(environment)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert set(_wiring.channels()) == {"ops", "chat", "bus"}


def test_a_secret_is_read_again_after_a_while(aws: None) -> None:
    secrets = boto3.client("secretsmanager", region_name="us-east-1")
    arn = secrets.create_secret(Name="hook", SecretString='{"url": "https://a.example"}')["ARN"]
    now = [0.0]
    document = _wiring.secret_document(secrets, arn, ticks=lambda: now[0])
    assert document() == {"url": "https://a.example"}
    secrets.put_secret_value(SecretId=arn, SecretString='{"url": "https://b.example"}')
    assert document() == {"url": "https://a.example"}
    now[0] = _wiring.SECRET_SECONDS
    assert document() == {"url": "https://b.example"}


@pytest.mark.parametrize(
    ("text", "code"), [("https://hooks.example.com/T0KEN", "bad_secret"), (None, "no_secret")]
)
def test_a_secret_that_can_not_be_used_is_not_quoted(aws: None, text: str | None, code: str) -> None:
    secrets = boto3.client("secretsmanager", region_name="us-east-1")
    arn = secrets.create_secret(Name="hook", SecretString=text)["ARN"] if text else "missing"
    with pytest.raises(NotificationError) as caught:
        _wiring.secret_document(secrets, arn)()
    assert caught.value.code == code
    assert "T0KEN" not in f"{caught.value}{caught.value.__cause__}"


def test_an_event_bus_gets_a_job_status_change(aws: None) -> None:
    events = boto3.client("events", region_name="us-east-1")
    sqs: SQSClient = boto3.client("sqs", region_name="us-east-1")
    queue = sqs.create_queue(QueueName="seen")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    bus = events.create_event_bus(Name="jobs")["EventBusArn"]
    pattern = {"source": ["statusbeam"], "detail-type": ["Statusbeam Job Status Change"]}
    events.put_rule(Name="all", EventBusName="jobs", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="all", EventBusName="jobs", Targets=[{"Id": "1", "Arn": arn}])
    EventBusChannel(events, bus).send(job_event())
    (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    assert json.loads(message["Body"])["detail"] == job_event().document()


def test_an_event_bus_that_refuses_is_a_failure(aws: None) -> None:
    class Refusing:
        def put_events(self, **_: Any) -> dict[str, Any]:
            return {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}]}

    with pytest.raises(NotificationError, match="ThrottlingException"):
        EventBusChannel(cast("Any", Refusing()), "jobs").send(job_event())


def test_threads_are_kept_by_job_and_channel(aws: None) -> None:
    client = boto3.client("dynamodb", region_name="us-east-1")
    client.create_table(
        TableName="Threads",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("job", "channel")],
        KeySchema=[
            {"AttributeName": "job", "KeyType": "HASH"},
            {"AttributeName": "channel", "KeyType": "RANGE"},
        ],
    )
    chat, other = DynamoThreads(client, "Threads", "chat"), DynamoThreads(client, "Threads", "other")
    chat.keep(job_key(), "17.1")
    assert chat.find(job_key()) == "17.1"
    assert other.find(job_key()) is None
    assert chat.find(job_key("job-2")) is None
    with pytest.raises(NotificationError):
        DynamoThreads(client, "Missing", "chat").find(job_key())
