"""The dashboard of a deployment, drawn by cdk-monitoring-constructs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aws_cdk import aws_cloudwatch as cloudwatch
from cdk_monitoring_constructs import (
    CustomMetricGroup,
    DefaultDashboardFactory,
    MonitoringFacade,
)
from constructs import Construct

from statusbeam.model.settings import (
    COMMITTED_METRIC,
    COMMITTED_TO_PUSHED_METRIC,
    FAILURES_METRIC,
    GIVEN_UP_METRIC,
    PROBE_DUPLICATES_METRIC,
    PROBE_FAILED_METRIC,
    PROBE_LATENCY_METRIC,
    PROBE_LOST_METRIC,
    PRODUCED_TO_COMMITTED_METRIC,
    PUSHES_METRIC,
    REFUSED_METRIC,
    REJECTED_METRIC,
    SHED_METRIC,
    SUPPRESSED_METRIC,
)

from ..publishing.publisher import Publisher
from .alarms import Alarms
from .canary import Canary
from .cost import cost_per_thousand
from .deployment import Deployment
from .metrics import api_metric, publisher_metric

_MS: Final = cloudwatch.YAxisProps(label="ms", min=0, show_units=False)
_DOLLARS: Final = cloudwatch.YAxisProps(label="$", min=0, show_units=False)
Shown = cloudwatch.Metric | cloudwatch.MathExpression
_ALARM_COLUMNS, _ALARM_ROWS = 24, 6


class Dashboard(Construct):
    """One page: alarms, statuses and pushes, latencies, probes, clients, queues, functions, tables, cost.

    `name` is the dashboard's name, which must be unique in an account, across regions.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        deployment: Deployment,
        alarms: Alarms | None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._deployment = deployment
        # Without a name, the library would use a deployed resource's name, which synth does not know.
        factory = DefaultDashboardFactory(self, "Factory", dashboard_name_prefix=name)
        self._page = MonitoringFacade(self, "Monitoring", dashboard_factory=factory)
        if alarms is not None:
            widget = cloudwatch.AlarmStatusWidget(
                alarms=list(alarms.all), title="Alarms", width=_ALARM_COLUMNS, height=_ALARM_ROWS
            )
            self._page.add_widget(widget)
        self._statuses()
        if deployment.canary is not None:
            self._probes(deployment.canary)
        self._clients()
        for suffix, publisher in deployment.publishers.by_suffix.items():
            self._publisher(publisher, suffix)
        for table_name, table in deployment.tables.items():
            self._page.monitor_dynamo_table(
                table=table, human_readable_name=table_name, alarm_friendly_name=table_name
            )
        for function_name, function in deployment.functions.items():
            self._page.monitor_lambda_function(
                lambda_function=function, human_readable_name=function_name, alarm_friendly_name=function_name
            )

    def _statuses(self) -> None:
        latency = self._percentiles
        self._graphs(
            "Statuses",
            {
                "Statuses": self._sums(COMMITTED_METRIC, REJECTED_METRIC, REFUSED_METRIC, SHED_METRIC),
                "Pushes": self._sums(PUSHES_METRIC, SUPPRESSED_METRIC, GIVEN_UP_METRIC, FAILURES_METRIC),
            },
        )
        self._graphs(
            "Latency",
            {
                "Produced → committed": latency(PRODUCED_TO_COMMITTED_METRIC),
                "Committed → pushed": latency(COMMITTED_TO_PUSHED_METRIC),
            },
            axis=_MS,
        )
        cost = cost_per_thousand(self._deployment)
        self._graphs("Cost", {"Dollars for 1,000 statuses": [cost]}, axis=_DOLLARS)

    def _probes(self, canary: Canary) -> None:
        counts = (PROBE_FAILED_METRIC, PROBE_LOST_METRIC, PROBE_DUPLICATES_METRIC)
        self._graphs(
            "Latency of probes",
            {
                "Produced → received": [
                    canary.metric(PROBE_LATENCY_METRIC, statistic=statistic).with_(label=statistic)
                    for statistic in ("p50", "p99")
                ]
            },
            axis=_MS,
        )
        self._graphs("Probes", {"Probes": [canary.metric(name, statistic="Sum") for name in counts]})
        self._page.monitor_lambda_function(
            lambda_function=canary.function, human_readable_name="Canary", alarm_friendly_name="Canary"
        )

    def _clients(self) -> None:
        api = self._deployment.api

        def figures(*names: str, statistic: str = "Sum") -> list[Shown]:
            return [api_metric(api, name, statistic=statistic) for name in names]

        self._page.monitor_app_sync_api(api=api, human_readable_name="AppSync", alarm_friendly_name="AppSync")
        self._graphs(
            "Clients",
            {
                # each subscription writes one session
                "Live sessions and connections": figures(
                    "ActiveSubscriptions", "ActiveConnections", statistic="Maximum"
                ),
                "Connections": figures("ConnectSuccess", "ConnectClientError", "ConnectServerError"),
                "Subscriptions": figures("SubscribeSuccess", "SubscribeClientError", "SubscribeServerError"),
                "Deliveries": figures("OutboundMessages", "InboundMessageDropped", "InvalidationSuccess"),
            },
        )

    def _publisher(self, publisher: Publisher, suffix: str) -> None:
        self._page.monitor_lambda_function(
            lambda_function=publisher.function,
            human_readable_name=f"Publisher{suffix}",
            alarm_friendly_name=f"Publisher{suffix}",
        )
        self._page.monitor_sqs_queue_with_dlq(
            queue=publisher.queue,
            dead_letter_queue=publisher.queue_dead_letters,
            human_readable_name=f"Statuses{suffix}",
            alarm_friendly_name=f"Statuses{suffix}",
        )
        self._page.monitor_sqs_queue(
            queue=publisher.dead_letters,
            human_readable_name=f"InvokeDeadLetters{suffix}",
            alarm_friendly_name=f"InvokeDeadLetters{suffix}",
        )

    def _graphs(
        self,
        title: str,
        graphs: dict[str, list[Shown]],
        *,
        axis: cloudwatch.YAxisProps | None = None,
    ) -> None:
        self._page.monitor_custom(
            human_readable_name=title,
            alarm_friendly_name=title,
            metric_groups=[
                CustomMetricGroup(title=name, metrics=list(metrics), graph_widget_axis=axis)
                for name, metrics in graphs.items()
            ],
        )

    def _sums(self, *names: str) -> list[Shown]:
        return [metric for name in names for metric in self._each(name, "Sum")]

    def _percentiles(self, name: str) -> list[Shown]:
        return [metric for statistic in ("p50", "p99") for metric in self._each(name, statistic)]

    def _each(self, name: str, statistic: str) -> Sequence[cloudwatch.Metric]:
        """The metric of each publisher."""
        return [
            publisher_metric(publisher.function, name, statistic=statistic).with_(
                label=" ".join(filter(None, (name, "" if statistic == "Sum" else statistic, suffix)))
            )
            for suffix, publisher in self._deployment.publishers.by_suffix.items()
        ]
