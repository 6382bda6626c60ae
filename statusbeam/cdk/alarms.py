"""CloudWatch alarms, with the thresholds of docs/how-to/operations.md, and the topic that they notify."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Duration
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

from .encryption import customer_key
from .options import ResourceOptions

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
        resources: ResourceOptions = ResourceOptions(),
    ) -> None:
        super().__init__(scope, construct_id)
        key = customer_key(self, resources) or self._own_key(resources)
        self.topic = sns.Topic(self, "Topic", master_key=key, enforce_ssl=True)
        # With a key of this stack, also in the key's policy.
        self.topic.grant_publish(iam.ServicePrincipal("cloudwatch.amazonaws.com"))

    def _own_key(self, resources: ResourceOptions) -> kms.IKey:
        """CloudWatch may not use the key that AWS manages for SNS."""
        return kms.Key(self, "Key", enable_key_rotation=True, removal_policy=resources.removal_policy)

    def dead_letters(self, queues: Mapping[str, sqs.IQueue]) -> None:
        """An alarm for each queue, by name, as soon as it holds a message."""
        for name, queue in queues.items():
            metric = queue.metric_approximate_number_of_messages_visible(period=_MINUTE, statistic="Maximum")
            self._alarm(
                name, metric, above=0, minutes=1, description="Something could not be delivered or committed."
            )

    def backlog(self, queue: sqs.IQueue, of: str = "") -> None:
        """An alarm on statuses that wait in `queue` for two minutes. `of` tells several queues apart."""
        metric = queue.metric_approximate_age_of_oldest_message(period=_MINUTE, statistic="Maximum")
        self._alarm(
            f"OldestStatus{of}",
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

    def refused_statuses(self, publisher: lambda_.IFunction, of: str = "") -> None:
        """An alarm as soon as `publisher` refuses a status for another user's job, or of another tenant.

        `of` tells several publishers apart.
        """
        metric = cloudwatch.Metric(
            namespace=METRICS_NAMESPACE,
            metric_name=REFUSED_METRIC,
            dimensions_map={"service": PUBLISHER_SERVICE, FUNCTION_DIMENSION: publisher.function_name},
            period=_MINUTE,
            statistic="Sum",
        )
        self._alarm(
            f"RefusedStatuses{of}",
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
            alarm_description=f"{description} docs/how-to/operations.md says what to do.",
        )
        notify = actions.SnsAction(self.topic)
        alarm.add_alarm_action(notify)
        alarm.add_ok_action(notify)
