"""The function's dependencies, built at first use. Only this module reads the environment."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, cast

from botocore.config import Config
from botocore.session import Session

from lambdas.job_lifecycle.lifecycle import JobLifecycle
from statusbeam.log.journal.dynamo import DynamoJournal
from statusbeam.model.settings import NotificationSettings
from statusbeam.notifications.deliveries import DeliveryQueue

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient

_CLIENT = Config(connect_timeout=1, read_timeout=5, retries={"total_max_attempts": 3, "mode": "standard"})


@cache
def job_lifecycle() -> JobLifecycle:
    """The function's work, on the deployed table and queues. Raises SettingError."""
    settings = NotificationSettings.from_env(os.environ)
    session = Session()
    # botocore's own types don't distinguish clients.
    dynamo = cast("DynamoDBClient", session.create_client("dynamodb", config=_CLIENT))
    sqs = cast("SQSClient", session.create_client("sqs", config=_CLIENT))
    return JobLifecycle(
        # Only its reads are used. The retention matters to commits.
        DynamoJournal(dynamo, settings.status_table, log_retention_days=1, job_retention_days=1),
        DeliveryQueue(sqs, settings.notification_queue_url),
        channels=settings.channels,
        sqs=sqs,
        lease_queue_url=settings.lease_queue_url,
    )
