"""The sender's dependencies, built at first use. Only this module reads the environment."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, Final, cast

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session

from statusbeam.model.errors import NotificationError
from statusbeam.model.settings import NotificationChannel, NotificationSettings
from statusbeam.notifications.channels.channel import Channel
from statusbeam.notifications.channels.event_bus import EventBusChannel
from statusbeam.notifications.channels.slack import SlackChannel
from statusbeam.notifications.channels.slack_threads import DynamoThreads
from statusbeam.notifications.channels.webhook import WebhookChannel
from statusbeam.notifications.https_post import HttpsClient

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

_CLIENT = Config(connect_timeout=1, read_timeout=5, retries={"total_max_attempts": 3, "mode": "standard"})

SECRET_SECONDS: Final = 300.0
"""The seconds that a secret stays in memory. A changed secret takes effect after that at the latest."""


@cache
def channels() -> dict[str, Channel]:
    """The channels by name. Raises SettingError."""
    settings = NotificationSettings.from_env(os.environ)
    return {one.name: _channel(one, settings) for one in settings.channels}


@cache
def sqs() -> SQSClient:
    """The client that sets when SQS delivers a failed message again."""
    return cast("SQSClient", _session().create_client("sqs", config=_CLIENT))


def _channel(channel: NotificationChannel, settings: NotificationSettings) -> Channel:
    if channel.kind == "event_bridge":
        events = cast("EventBridgeClient", _session().create_client("events", config=_CLIENT))
        return EventBusChannel(events, channel.target)
    secrets = cast("SecretsManagerClient", _session().create_client("secretsmanager", config=_CLIENT))
    target = secret_document(secrets, channel.target)
    if channel.kind == "webhook":
        return WebhookChannel(target, HttpsClient())
    dynamo = cast("DynamoDBClient", _session().create_client("dynamodb", config=_CLIENT))
    threads = DynamoThreads(dynamo, settings.threads_table, channel.name) if settings.threads_table else None
    return SlackChannel(target, HttpsClient(), threads, link=settings.job_link)


def secret_document(
    client: SecretsManagerClient, arn: str, *, ticks: Callable[[], float] = time.monotonic
) -> Callable[[], Any]:
    """A function that gives the JSON in a secret, read every SECRET_SECONDS. It raises NotificationError."""
    kept: list[tuple[float, Any]] = []

    def document() -> Any:
        if kept and ticks() - kept[-1][0] < SECRET_SECONDS:
            return kept[-1][1]
        try:
            found = json.loads(client.get_secret_value(SecretId=arn)["SecretString"])
        except (BotoCoreError, ClientError) as error:
            raise NotificationError("the channel's secret can't be read", code="no_secret") from error
        except (ValueError, KeyError):
            # not chained, because a parser's error quotes its input
            raise NotificationError("the channel's secret is not JSON", code="bad_secret") from None
        kept[:] = [(ticks(), found)]
        return found

    return document


@cache
def _session() -> Session:
    return Session()
