"""The publisher: the function that commits and pushes statuses, its queue, and its dead-letter queues."""

from __future__ import annotations

from aws_cdk import Duration
from constructs import Construct

from statusbeam.model.settings import PUBLISHER_MEMORY_MB, PUBLISHER_SECONDS, PublisherSettings

from ..bundling import LOG, PUBLISHER_PINS, build_bundle, function_sources
from ..dead_letters import dead_letter_queue
from ..options import PrivateNetwork, ResourceOptions
from ..python_function import AsyncDelivery, PythonFunction
from .status_queue import StatusQueue

# With Lambda's default of six hours, a late status could arrive long after the job's end.
_RETRIES = 2
_MAX_EVENT_AGE = Duration.minutes(15)


class Publisher(Construct):
    """Callers send statuses to `queue`, in each job's order, or invoke `function`. Grants go to `role`.

    `dead_letters` holds invokes that failed, `queue_dead_letters` holds messages that failed.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        resources: ResourceOptions,
        settings: PublisherSettings,
        reserved_concurrency: int | None = None,
        network: PrivateNetwork | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.dead_letters = dead_letter_queue(self, "DeadLetters", resources=resources)
        timeout = Duration.seconds(PUBLISHER_SECONDS)
        publisher = PythonFunction(
            self,
            "Publisher",
            bundle=build_bundle(
                sources=(*function_sources("status_publisher"), *LOG),
                requirements=PUBLISHER_PINS,
            ),
            handler="lambdas.status_publisher.handler.handler",
            environment=settings.to_env(),
            resources=resources,
            timeout=timeout,
            memory_mb=PUBLISHER_MEMORY_MB,
            reserved_concurrency=reserved_concurrency,
            network=network,
            async_delivery=AsyncDelivery(
                retry_attempts=_RETRIES, max_event_age=_MAX_EVENT_AGE, on_failure=self.dead_letters
            ),
        )
        self.function = publisher.function
        self.role = publisher.role
        statuses = StatusQueue(self, "Statuses", resources=resources, consumer_timeout=timeout)
        statuses.feed(publisher.function, reserved_concurrency=reserved_concurrency)
        self.queue = statuses.queue
        self.queue_dead_letters = statuses.dead_letters
