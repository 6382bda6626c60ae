"""CloudWatch alarms, the topic that they notify, and a composite alarm of all of them.

docs/how-to/runbooks.md has a section for each.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from ..encryption import customer_key
from ..options import ResourceOptions
from .metrics import MINUTE

RUNBOOKS: Final = "docs/how-to/runbooks.md"
COMPOSITE: Final = "Unhealthy"
# A page that is two minutes behind is no longer live. Redeliveries alone take 12 s.
_OLDEST_SECONDS = 120


class Alarms(Construct):
    """Every alarm notifies `topic` when it begins and when it ends. Subscribe addresses and pagers to it.

    The composite alarm `Unhealthy` begins with the first alarm, and ends with the last. A tenant's publisher
    has a composite alarm of its own, which counts as one.

    `runbooks` is a page with a heading for each alarm. The alarms' descriptions link to it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        resources: ResourceOptions = ResourceOptions(),
        runbooks: str = RUNBOOKS,
    ) -> None:
        super().__init__(scope, construct_id)
        self.runbooks = runbooks
        self.all: list[cloudwatch.Alarm] = []
        """The alarms, without the composite ones."""
        self._emulated = resources.emulated
        self._composites: dict[str, _Composite] = {}
        key = customer_key(self, resources) or self._own_key(resources)
        self.topic = sns.Topic(self, "Topic", master_key=key, enforce_ssl=True)
        # With a key of this stack, also in the key's policy.
        self.topic.grant_publish(iam.ServicePrincipal("cloudwatch.amazonaws.com"))

    def _own_key(self, resources: ResourceOptions) -> kms.IKey:
        """CloudWatch may not use the key that AWS manages for SNS."""
        return kms.Key(self, "Key", enable_key_rotation=True, removal_policy=resources.removal_policy)

    def dead_letters(self, queues: Mapping[str, sqs.IQueue], *, of: str = "") -> None:
        """Add an alarm for each queue, by name, which begins with its first message."""
        for name, queue in queues.items():
            metric = queue.metric_approximate_number_of_messages_visible(period=MINUTE, statistic="Maximum")
            self.when(
                name,
                metric,
                description="A message could not be delivered or committed in any attempt.",
                of=of,
            )

    def backlog(self, queue: sqs.IQueue, *, of: str = "") -> None:
        """Add an alarm on statuses that wait in `queue` for two minutes."""
        self.when(
            "OldestStatus",
            queue.metric_approximate_age_of_oldest_message(period=MINUTE, statistic="Maximum"),
            above=_OLDEST_SECONDS,
            periods=3,
            description="Statuses wait to be committed: pages are behind.",
            of=of,
        )

    def function(self, name: str, function: lambda_.IFunction, *, minutes: int = 1, of: str = "") -> None:
        """Add alarms on errors and on throttles of `function` in a number of minutes in a row."""
        for what, metric in (
            ("Errors", function.metric_errors(period=MINUTE)),
            ("Throttles", function.metric_throttles(period=MINUTE)),
        ):
            description = f"{what} of the function."
            self.when(f"{name}{what}", metric, periods=minutes, description=description, of=of)

    def when(
        self,
        name: str,
        metric: cloudwatch.IMetric,
        *,
        description: str,
        above: float = 0,
        periods: int = 1,
        within: int | None = None,
        missing: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING,
        of: str = "",
    ) -> None:
        """An alarm while `metric` is above a threshold in `periods` of the last `within`; None: in a row.

        `name` is the heading of its runbook. `of` distinguishes the alarms of several publishers.
        """
        alarm = cloudwatch.Alarm(
            self,
            f"{name}{of}",
            metric=metric,
            threshold=above,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=within or periods,
            datapoints_to_alarm=periods,
            treat_missing_data=missing,
            alarm_description=self.description(name, description),
        )
        notify = actions.SnsAction(self.topic)
        alarm.add_alarm_action(notify)
        alarm.add_ok_action(notify)
        self.all.append(alarm)
        if not self._emulated:  # the emulator lacks composite alarms
            self._composite(of).add(alarm.alarm_name)

    def description(self, name: str, text: str) -> str:
        """The meaning of an alarm, and the link to its runbook."""
        return f"{text} {self.runbooks}#{name.lower()}"

    def _composite(self, of: str) -> _Composite:
        """The composite alarm of the deployment, or of a tenant's publisher."""
        if of not in self._composites:
            self._composites[of] = _Composite(self, f"{COMPOSITE}{of}")
            if of:
                self._composite("").add(self._composites[of].name)
        return self._composites[of]


class _Composite:
    """A composite alarm that is on while one of its members is on."""

    def __init__(self, scope: Alarms, construct_id: str) -> None:
        self._members: list[str] = []
        self._resource = cloudwatch.CfnCompositeAlarm(
            scope,
            construct_id,
            alarm_rule="FALSE",
            alarm_actions=[scope.topic.topic_arn],
            ok_actions=[scope.topic.topic_arn],
            alarm_description=scope.description(COMPOSITE, "At least one alarm of the deployment is on."),
        )
        self.name = self._resource.ref

    def add(self, member: str) -> None:
        """Add an alarm, by its name."""
        self._members.append(f'ALARM("{member}")')
        self._resource.alarm_rule = " OR ".join(self._members)
