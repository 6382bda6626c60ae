"""The cost of 1,000 statuses, from AWS's metrics and the prices of `statusbeam cost`."""

from __future__ import annotations

from collections.abc import Iterator

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from statusbeam.model.prices import Prices
from statusbeam.model.settings import COMMITTED_METRIC, PUBLISHER_MEMORY_MB, PUSHES_METRIC

from ..publishing.publisher import Publisher
from .deployment import Deployment
from .metrics import api_metric, publisher_metric, table_metric

_PRICES = Prices()
_HOUR = Duration.hours(1)
_MILLISECONDS_PER_MINUTE = 60_000
_Billed = tuple[float, cloudwatch.Metric]
"""Dollars for a million, and the metric that counts."""


def cost_per_thousand(deployment: Deployment) -> cloudwatch.MathExpression:
    """Dollars for 1,000 committed statuses, hour by hour, without storage and readers' queries."""
    billed = [*_of_tables(deployment), *_of_api(deployment)]
    committed = []
    for publisher in deployment.publishers:
        billed += _of_publisher(publisher)
        committed.append(publisher_metric(publisher.function, COMMITTED_METRIC, period=_HOUR))
    metrics = {f"b{number}": metric for number, (_, metric) in enumerate(billed)}
    counted = {f"c{number}": metric for number, metric in enumerate(committed)}
    # a metric without data in an hour counts as 0
    dollars = " + ".join(f"FILL(b{n}, 0) * {price / 1e6:.12f}" for n, (price, _) in enumerate(billed))
    statuses = " + ".join(f"FILL({name}, 0)" for name in counted)
    return cloudwatch.MathExpression(
        expression=f"IF(({statuses}) > 0, 1000 * ({dollars}) / ({statuses}))",
        using_metrics={**metrics, **counted},
        label="dollars for 1,000 statuses",
        period=_HOUR,
    )


def _of_tables(deployment: Deployment) -> Iterator[_Billed]:
    for table in deployment.tables.values():
        yield _PRICES.write_unit, table_metric(table, "ConsumedWriteCapacityUnits", period=_HOUR)
        yield _PRICES.read_unit, table_metric(table, "ConsumedReadCapacityUnits", period=_HOUR)


def _of_api(deployment: Deployment) -> Iterator[_Billed]:
    yield _PRICES.delivery, api_metric(deployment.api, "OutboundMessages", period=_HOUR)
    connected = api_metric(deployment.api, "ConnectionDuration", period=_HOUR)
    yield _PRICES.connection_minute / _MILLISECONDS_PER_MINUTE, connected


def _of_publisher(publisher: Publisher) -> Iterator[_Billed]:
    function, queue = publisher.function, publisher.queue
    yield _PRICES.mutation, publisher_metric(function, PUSHES_METRIC, period=_HOUR)
    yield _PRICES.invocation, function.metric_invocations(period=_HOUR)
    gb_milliseconds = _PRICES.gb_second * PUBLISHER_MEMORY_MB / 1024 / 1000
    yield gb_milliseconds, function.metric_duration(period=_HOUR, statistic="Sum")
    for requests in (
        queue.metric_number_of_messages_sent(period=_HOUR),
        queue.metric_number_of_messages_received(period=_HOUR),
        queue.metric_number_of_messages_deleted(period=_HOUR),
        queue.metric_number_of_empty_receives(period=_HOUR),
    ):
        yield _PRICES.fifo_request, requests
