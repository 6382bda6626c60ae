"""The publisher's dependencies, built once per cold start. Only this module reads the environment."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, cast

from botocore.config import Config
from botocore.loaders import Loader
from botocore.session import Session

from lambdas.status_publisher.queue import Retries
from lambdas.status_publisher.tracing import Tracing, XRayDaemon
from statusbeam.log.publishing.on_aws import pipeline_on_aws
from statusbeam.log.publishing.pipeline import PublishResult
from statusbeam.model.errors import SettingError
from statusbeam.model.settings import PublisherSettings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

_log = logging.getLogger("statusbeam.wiring")  # a child of the logger whose format the handler sets

_CLIENT = Config(
    connect_timeout=1,
    read_timeout=1,
    retries={"total_max_attempts": 2, "mode": "standard"},
    parameter_validation=False,  # takes as long as everything else at 25 statuses, and DynamoDB validates too
)
_BRIEF = Config(
    connect_timeout=0.5, read_timeout=1, retries={"total_max_attempts": 1}, parameter_validation=False
)


class _OursOnly(Loader):
    """Loads botocore's data without listing the folders of all 400 services."""

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 - botocore's signature
        return ["dynamodb", "s3", "sqs"]


@cache
def publisher() -> Callable[..., PublishResult]:
    """`Pipeline.publish` on the deployed tables and API. Raises SettingError."""
    settings = PublisherSettings.from_env(os.environ)
    session = _session()
    credentials = session.get_credentials()
    if credentials is None:
        raise SettingError(
            "AWS_ACCESS_KEY_ID", "is not set: the function runs without its role's credentials"
        )
    # botocore's own types don't distinguish clients.
    client = cast("DynamoDBClient", session.create_client("dynamodb", config=_CLIENT))
    pipeline = pipeline_on_aws(settings, client=client, credentials=credentials, new_s3_client=_s3)
    _log.info(
        "appsync_api_id=<%s>, status_table=<%s> | wired", settings.appsync_api_id, settings.status_table
    )
    daemon = os.environ.get("AWS_XRAY_DAEMON_ADDRESS")  # Lambda sets this variable if tracing is on
    if daemon is None:
        return pipeline.publish
    return Tracing(
        pipeline, send=XRayDaemon(daemon).send, own_trace=lambda: os.environ.get("_X_AMZN_TRACE_ID")
    ).publish


def _s3() -> S3Client:
    return cast("S3Client", _session().create_client("s3", config=_BRIEF))


@cache
def retries() -> Retries:
    """The client that asks SQS for early retries; made when a message fails for the first time."""
    return Retries(cast("SQSClient", _session().create_client("sqs", config=_BRIEF)))


@cache
def _session() -> Session:
    session = Session()
    session.register_component("data_loader", _OursOnly())
    return session
