"""The publisher: the one function that commits and pushes statuses, and the queue for what it could not."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.bundling import ROOT, build_bundle
from infra.compliance import accept
from infra.python_function import AsyncDelivery, PythonFunction
from infra.stage import StageConfig
from status_utils.settings import PublisherSettings

# With Lambda's default of six hours, "50 %" could arrive long after "done".
_RETRIES = 2
_MAX_EVENT_AGE = Duration.minutes(15)


class Publisher(Construct):
    """`function` is what callers invoke, `role` takes the grants, `dead_letters` holds failed payloads."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        settings: PublisherSettings,
        library: lambda_.ILayerVersion,
    ) -> None:
        super().__init__(scope, construct_id)
        self.dead_letters = sqs.Queue(
            self,
            "DeadLetters",
            enforce_ssl=not stage.emulated,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            retention_period=Duration.days(14),
            removal_policy=stage.removal_policy,
        )
        accept(self.dead_letters, rule="AwsSolutions-SQS3", reason="This queue is the dead-letter queue.")
        if stage.emulated:
            reason = "The emulator speaks plain HTTP, on the loopback interface only."
            accept(self.dead_letters, rule="AwsSolutions-SQS4", reason=reason)
        publisher = PythonFunction(
            self,
            "Publisher",
            bundle=build_bundle(
                sources=("lambdas/__init__.py", "lambdas/status_publisher"),
                requirements=ROOT / "lambdas" / "requirements.txt",
            ),
            handler="lambdas.status_publisher.handler.handler",
            environment=settings.to_env(),
            log_retention=stage.log_retention,
            removal_policy=stage.removal_policy,
            timeout=Duration.seconds(30),
            memory_mb=512,
            layers=[library],
            reserved_concurrency=stage.publisher_reserved_concurrency,
            async_delivery=AsyncDelivery(
                retry_attempts=_RETRIES, max_event_age=_MAX_EVENT_AGE, on_failure=self.dead_letters
            ),
        )
        self.function = publisher.function
        self.role = publisher.role
