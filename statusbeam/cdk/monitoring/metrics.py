"""The metrics that alarms and the dashboard read."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_appsync as appsync
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_

from statusbeam.model.settings import FUNCTION_DIMENSION, METRICS_NAMESPACE, PUBLISHER_SERVICE

MINUTE = Duration.minutes(1)


def publisher_metric(
    publisher: lambda_.IFunction, name: str, *, statistic: str = "Sum", period: Duration = MINUTE
) -> cloudwatch.Metric:
    """A metric that a publisher emits itself."""
    return own_metric(publisher, name, service=PUBLISHER_SERVICE, statistic=statistic, period=period)


def own_metric(
    function: lambda_.IFunction, name: str, *, service: str, statistic: str, period: Duration
) -> cloudwatch.Metric:
    """A metric that a function of ours emits itself."""
    return cloudwatch.Metric(
        namespace=METRICS_NAMESPACE,
        metric_name=name,
        dimensions_map={"service": service, FUNCTION_DIMENSION: function.function_name},
        statistic=statistic,
        period=period,
    )


def api_metric(
    api: appsync.IGraphqlApi, name: str, *, statistic: str = "Sum", period: Duration = MINUTE
) -> cloudwatch.Metric:
    """A metric of the AppSync API."""
    return cloudwatch.Metric(
        namespace="AWS/AppSync",
        metric_name=name,
        dimensions_map={"GraphQLAPIId": api.api_id},
        statistic=statistic,
        period=period,
    )


def table_metric(
    table: dynamodb.ITable, name: str, *, statistic: str = "Sum", period: Duration = MINUTE
) -> cloudwatch.Metric:
    """A metric of a whole table. Its indexes have metrics of their own."""
    return cloudwatch.Metric(
        namespace="AWS/DynamoDB",
        metric_name=name,
        dimensions_map={"TableName": table.table_name},
        statistic=statistic,
        period=period,
    )
