"""boto3 clients for code that reports statuses or makes view tokens: made at first use, bounded in how long
they wait.

A backend that is down holds the caller for two attempts of a second to connect and two to answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botocore.config import Config
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

_CONNECT_SECONDS = 1
_ANSWER_SECONDS = 2
_ATTEMPTS = 2


def lambda_client() -> LambdaClient:
    """A client for invokes."""
    import boto3.session  # noqa: PLC0415 - loaded at first send

    # A session of its own: boto3's default one must not be shared by threads.
    return boto3.session.Session().client("lambda", config=_config())


def sqs_client() -> SQSClient:
    """A client for the queue."""
    import boto3.session  # noqa: PLC0415 - loaded at first send

    return boto3.session.Session().client("sqs", config=_config())


def secrets_client() -> SecretsManagerClient:
    """A client for the secret that signs view tokens."""
    import boto3.session  # noqa: PLC0415 - loaded when the first token is made

    return boto3.session.Session().client("secretsmanager", config=_config())


def _config() -> Config:
    from botocore.config import Config  # noqa: PLC0415 - loaded at first send

    return Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_ANSWER_SECONDS,
        retries={"total_max_attempts": _ATTEMPTS, "mode": "standard"},
    )
