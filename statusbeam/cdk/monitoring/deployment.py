"""The parts of a deployment that alarms and the dashboard watch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import aws_appsync as appsync
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_

from statusbeam.model.settings import (
    FAILURES_METRIC,
    GIVEN_UP_METRIC,
    REFUSED_METRIC,
    REJECTED_METRIC,
)

from ..publishing.publishers import Publishers
from .alarms import Alarms
from .canary import Canary
from .metrics import api_metric, publisher_metric, table_metric


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """The keys of `tables` and `functions` are the prefixes of their alarms' names."""

    publishers: Publishers
    api: appsync.GraphqlApi
    tables: Mapping[str, dynamodb.ITable]
    functions: Mapping[str, lambda_.IFunction]
    canary: Canary | None


def add_alarms(alarms: Alarms, deployment: Deployment) -> None:
    """All alarms of a deployment. Each tenant's publisher has alarms of its own, whose names contain the
    tenant."""
    for suffix in deployment.publishers.by_suffix:
        _publisher(alarms, deployment.publishers, suffix)
    _api(alarms, deployment.api)
    for name, table in deployment.tables.items():
        for what, does in (("Read", "reads"), ("Write", "writes")):
            alarms.when(
                f"{name}{what}Throttles",
                table_metric(table, f"{what}ThrottleEvents"),
                description=f"DynamoDB throttles {does} of the table.",
            )
    for name, function in deployment.functions.items():
        alarms.function(name, function)
    if deployment.canary is not None:
        deployment.canary.watch(alarms)


def _publisher(alarms: Alarms, publishers: Publishers, suffix: str) -> None:
    publisher = publishers.by_suffix[suffix]
    function = publisher.function
    alarms.dead_letters(
        {"StatusDeadLetters": publisher.queue_dead_letters, "InvokeDeadLetters": publisher.dead_letters},
        of=suffix,
    )
    alarms.backlog(publisher.queue, of=suffix)
    alarms.function("Publisher", function, minutes=3, of=suffix)
    for name, metric, description in (
        (
            "RefusedStatuses",
            REFUSED_METRIC,
            "A caller reported for another user's job, or for another tenant.",
        ),
        ("RejectedStatuses", REJECTED_METRIC, "The publisher rejects statuses that are not valid."),
        ("PushesGivenUp", GIVEN_UP_METRIC, "AppSync did not accept a push in two deliveries."),
    ):
        alarms.when(name, publisher_metric(function, metric), description=description, of=suffix)
    alarms.when(
        "PublishFailures",
        publisher_metric(function, FAILURES_METRIC),
        periods=3,
        description="The publisher could not commit or push statuses. SQS delivers them again.",
        of=suffix,
    )


def _api(alarms: Alarms, api: appsync.GraphqlApi) -> None:
    for name, metric, description in (
        ("ApiErrors", "5XXError", "AppSync answers requests with 5XX."),
        ("ConnectErrors", "ConnectServerError", "AppSync fails to open WebSocket connections."),
        ("SubscribeErrors", "SubscribeServerError", "AppSync fails to start subscriptions."),
    ):
        # AppSync fails now and then, and clients retry, so one bad minute triggers no alarm.
        alarms.when(name, api_metric(api, metric), periods=2, within=10, description=description)
