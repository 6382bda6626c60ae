"""The pipeline on the tables and the API that settings name: for Lambda, and for processes that need none."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from statusbeam.model.settings import PublisherSettings

from ..eta.dynamo_histories import DynamoHistories
from ..eta.estimates import Estimates
from ..journal.dynamo import DynamoJournal
from ..journal.dynamo_sessions import DynamoSessionStore
from .admission import admission_of
from .api_key_readers import ApiKeyReaders
from .appsync import AppSyncBroadcaster, sigv4
from .pipeline import Pipeline
from .watch_cache import WatchCache

if TYPE_CHECKING:
    from botocore.credentials import Credentials
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client


def pipeline_on_aws(
    settings: PublisherSettings,
    *,
    client: DynamoDBClient,
    credentials: Credentials,
    new_s3_client: Callable[[], S3Client],
) -> Pipeline:
    """Everything wired up; `credentials` sign the pushes, `new_s3_client` is called for the first detail.

    Raises SettingError.
    """
    estimates = Estimates(
        DynamoHistories(client, settings.status_table, retention_days=settings.job_retention_days)
    )
    return Pipeline(
        journal=DynamoJournal(
            client,
            settings.status_table,
            log_retention_days=settings.log_retention_days,
            job_retention_days=settings.job_retention_days,
            estimator=estimates.before_commit,
        ),
        sessions=WatchCache(DynamoSessionStore(client, settings.user_sessions_table)),
        broadcaster=AppSyncBroadcaster(
            settings.appsync_api_url,
            sigv4(credentials, region=client.meta.region_name),
            firewall_pass=settings.firewall_pass,
        ),
        admission=admission_of(settings, new_s3_client),
        estimates=estimates,
        api_key_readers=ApiKeyReaders(settings.api_key_tenant) if settings.api_key_tenant else None,
    )
