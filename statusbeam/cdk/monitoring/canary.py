"""The canary: a function that runs `statusbeam doctor --probe` on a schedule, as a client does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from constructs import Construct

from statusbeam.model.settings import (
    CANARY_MEMORY_MB,
    CANARY_SERVICE,
    PROBE_FAILED_METRIC,
    PROBE_LATENCY_METRIC,
    PROBE_PREFIX,
    CanarySettings,
)
from statusbeam.model.settings import StatusTable as Names

from ..api.view_tokens import ViewTokens
from ..bundling import CANARY_PINS, CLIENT, build_bundle, function_sources
from ..compliance import accept_wildcard
from ..options import CanaryOptions, PrivateNetwork, ResourceOptions
from ..publishing.publisher import Publisher
from ..publishing.status_route import StatusRoute
from ..python_function import AsyncDelivery, PythonFunction, grant_invoke
from ..storage.tables import StatusTable, UserSessionsTable
from .alarms import Alarms
from .metrics import own_metric

_OUTPUTS: Final = (
    "GraphqlUrl",
    "ApiId",
    "PublisherFunctionArn",
    "StatusTransport",
    "StatusQueueUrl",
    "StatusTable",
    "UserSessionsTable",
    "ViewTokenSecretArn",
    "ViewTokenAudience",
)
"""What a probe reads of the deployment. The API key is not among it."""
_TIMEOUT: Final = Duration.minutes(2)
"""A probe waits 20 s for its connection and 30 s for its statuses; AWS may be slow as well."""
_LATE: Final = Duration.minutes(1)
"""The next tick is as good as a late one."""
_ABSENT: Final = f"{PROBE_PREFIX}*"
"""The partitions of the items that the probe looks for to see whether a table answers."""
_PROBE_JOBS: Final = f"{Names.JOB_PREFIX}*#{PROBE_PREFIX}*"
"""The partitions of probe jobs. No tenant's part of a key has a `#`."""


class Canary(Construct):
    """Publishes a probe job and follows it, `options.every_minutes`. `function` emits what it measured.

    `tenant` is the tenant of the probe jobs. A tick that fails is not tried again: it carries nothing, and
    the alarm on missing probes counts it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        options: CanaryOptions,
        resources: ResourceOptions,
        outputs: Mapping[str, str],
        tenant: str,
        network: PrivateNetwork | None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._options = options
        stack = Stack.of(self)
        canary = PythonFunction(
            self,
            "Canary",
            bundle=build_bundle(sources=(*function_sources("canary"), *CLIENT), requirements=CANARY_PINS),
            handler="lambdas.canary.handler.handler",
            environment=CanarySettings(
                deployment_name=stack.stack_name,
                deployment_outputs=stack.to_json_string({name: outputs[name] for name in _OUTPUTS}),
                canary_tenant=tenant,
            ).to_env(),
            resources=resources,
            timeout=_TIMEOUT,
            memory_mb=CANARY_MEMORY_MB,
            network=network,
            async_delivery=AsyncDelivery(retry_attempts=0, max_event_age=_LATE),
        )
        self.function = canary.function
        self._role = canary.role
        self._schedule()

    def grant(
        self,
        *,
        publisher: Publisher,
        route: StatusRoute,
        view_tokens: ViewTokens,
        status_table: StatusTable,
        sessions_table: UserSessionsTable,
    ) -> None:
        """Allow what a probe does: to report, to read its own jobs, to issue its view tokens, to inspect."""
        route.grant(self._role)
        grant_invoke(self._role, publisher.function)
        view_tokens.grant_read(self._role)
        status_table.grant(self._role, "dynamodb:GetItem", "dynamodb:Query", keys=(_ABSENT, _PROBE_JOBS))
        sessions_table.grant(self._role, "dynamodb:GetItem", keys=(_ABSENT,))
        for actions, resource in (
            (
                ("lambda:GetFunctionConcurrency", "lambda:GetFunctionConfiguration"),
                publisher.function.function_arn,
            ),
            (("sqs:GetQueueAttributes",), publisher.queue.queue_arn),
            (("lambda:ListEventSourceMappings",), "*"),
        ):
            iam.Grant.add_to_principal(grantee=self._role, actions=list(actions), resource_arns=[resource])
        reason = "lambda:ListEventSourceMappings takes no resource."
        accept_wildcard(self._role, resource="*", reason=reason)

    def watch(self, alarms: Alarms) -> None:
        """Add the alarms on its probes and on its function."""
        alarms.function("Canary", self.function)
        alarms.when(
            "CanaryFailures",
            self.metric(PROBE_FAILED_METRIC, statistic="Maximum"),
            periods=2,
            missing=cloudwatch.TreatMissingData.BREACHING,
            description="Two probes in a row failed, or did not run.",
        )
        alarms.when(
            "CanaryLatency",
            self.metric(PROBE_LATENCY_METRIC, statistic="p99"),
            above=self._options.p99_milliseconds,
            periods=2,
            within=3,
            description="Statuses take longer to reach a client than the service level objective allows.",
        )

    def metric(self, name: str, *, statistic: str) -> cloudwatch.Metric:
        """A metric that the canary emits, with one value a probe, or one for each of its statuses."""
        return own_metric(
            self.function, name, service=CANARY_SERVICE, statistic=statistic, period=self._period
        )

    @property
    def _period(self) -> Duration:
        return Duration.minutes(self._options.every_minutes)

    def _schedule(self) -> None:
        # Each period of the alarms begins at a multiple of its length. A probe that starts a minute later
        # ends within it, so that each period has exactly one.
        minutes = ",".join(map(str, range(1, 60, self._options.every_minutes)))
        target = targets.LambdaFunction(self.function, max_event_age=_LATE, retry_attempts=0)
        events.Rule(self, "Schedule", schedule=events.Schedule.cron(minute=minutes), targets=[target])
