"""CloudWatch alarms, with the thresholds of docs/operations.md, and the topic that they notify."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from statusbeam.model.settings import (
    FUNCTION_DIMENSION,
    METRICS_NAMESPACE,
    PUBLISHER_SERVICE,
    REFUSED_METRIC,
)

_MINUTE = Duration.minutes(1)
# A page that is two minutes behind is no longer live; redeliveries alone take 12 s.
_OLDEST_SECONDS = 120
_BREACHES = 3


class Alarms(Construct):
    """Every alarm notifies `topic` when it begins and when it ends. Subscribe addresses and pagers to it."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN,
    ) -> None:
        super().__init__(scope, construct_id)
        # CloudWatch may not use the key that AWS manages for SNS, so the topic has its own.
        key = kms.Key(self, "Key", enable_key_rotation=True, removal_policy=removal_policy)
        key.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                resources=["*"],  # in a key's own policy, the key
            )
        )
        self.topic = sns.Topic(self, "Topic", master_key=key, enforce_ssl=True)
        self.topic.grant_publish(iam.ServicePrincipal("cloudwatch.amazonaws.com"))

    def dead_letters(self, queues: Mapping[str, sqs.IQueue]) -> None:
        """An alarm for each queue, by name, as soon as it holds a message."""
        for name, queue in queues.items():
            metric = queue.metric_approximate_number_of_messages_visible(period=_MINUTE, statistic="Maximum")
            self._alarm(
                name, metric, above=0, minutes=1, description="Something could not be delivered or committed."
            )

    def backlog(self, queue: sqs.IQueue) -> None:
        """An alarm on statuses that wait in `queue` for two minutes."""
        metric = queue.metric_approximate_age_of_oldest_message(period=_MINUTE, statistic="Maximum")
        self._alarm(
            "OldestStatus",
            metric,
            above=_OLDEST_SECONDS,
            minutes=_BREACHES,
            description="Statuses wait to be committed: pages are behind.",
        )

    def function(self, name: str, function: lambda_.IFunction) -> None:
        """Alarms on errors and throttles of `function` in three minutes in a row."""
        for what, metric in (
            ("Errors", function.metric_errors(period=_MINUTE)),
            ("Throttles", function.metric_throttles(period=_MINUTE)),
        ):
            self._alarm(
                f"{name}{what}", metric, above=0, minutes=_BREACHES, description=f"{name}: {what.lower()}."
            )

    def refused_statuses(self, publisher: lambda_.IFunction) -> None:
        """An alarm as soon as `publisher` refuses a status for another user's job, or of another tenant."""
        metric = cloudwatch.Metric(
            namespace=METRICS_NAMESPACE,
            metric_name=REFUSED_METRIC,
            dimensions_map={"service": PUBLISHER_SERVICE, FUNCTION_DIMENSION: publisher.function_name},
            period=_MINUTE,
            statistic="Sum",
        )
        self._alarm(
            "RefusedStatuses",
            metric,
            above=0,
            minutes=1,
            description="Somebody reported for another user's job, or for another tenant.",
        )

    def _alarm(
        self, name: str, metric: cloudwatch.IMetric, *, above: float, minutes: int, description: str
    ) -> None:
        alarm = cloudwatch.Alarm(
            self,
            name,
            metric=metric,
            threshold=above,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=minutes,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            alarm_description=f"{description} docs/operations.md says what to do.",
        )
        notify = actions.SnsAction(self.topic)
        alarm.add_alarm_action(notify)
        alarm.add_ok_action(notify)
