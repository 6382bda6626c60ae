"""boto3 clients with short time-outs, and botocore's errors as TransportErrors.

A backend that is down holds the caller for two attempts. Each takes up to 1 s to connect and 2 s to answer.
The first client loads boto3.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from statusbeam.model.errors import TransportError

from .process_local import ProcessLocal

if TYPE_CHECKING:
    from botocore.config import Config
    from botocore.exceptions import ClientError
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500
_CONNECT_SECONDS = 1
_READ_SECONDS = 2
_ATTEMPTS = 2
_CREDENTIAL_CODES = frozenset(
    (
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "RequestExpired",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    )
)
"""The error codes of services if the caller's credentials or clock are wrong for the moment."""


@contextmanager
def translate_aws_errors() -> Iterator[None]:
    """Raise botocore's errors inside the block as TransportErrors."""
    try:
        from botocore.exceptions import (  # noqa: PLC0415 - loaded at first send
            BotoCoreError,
            ClientError,
            ParamValidationError,
        )
    except ImportError as error:
        raise TransportError("boto3 is not installed", code="no_boto3", retriable=False) from error
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        raise TransportError(str(error), code=code, retriable=_is_retriable(error)) from error
    except BotoCoreError as error:
        # No service refused it: this process may have network, credentials and settings later.
        retriable = not isinstance(error, ParamValidationError)
        raise TransportError(str(error), code=type(error).__name__, retriable=retriable) from error


@contextmanager
def aws_errors_of(client: ProcessLocal[Any]) -> Iterator[None]:
    """`translate_aws_errors`, which also drops a client without valid credentials, so that it is created
    again."""
    try:
        with translate_aws_errors():
            yield
    except TransportError as error:
        if _needs_new_client(error):
            client.forget()
        raise


def _is_retriable(error: ClientError) -> bool:
    """Whether the service may accept the same request later."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code = error.response["Error"]["Code"]
    refused_once = "Throttl" in code or code in _CREDENTIAL_CODES
    return refused_once or status == _TOO_MANY_REQUESTS or status >= _SERVER_ERROR


def _needs_new_client(error: TransportError) -> bool:
    """Whether the credentials that the client keeps are the reason: another client looks for others."""
    return error.code in _CREDENTIAL_CODES or "Credential" in error.code or "Token" in error.code


def lambda_client() -> LambdaClient:
    """A client for invokes."""
    import boto3.session  # noqa: PLC0415 - loaded at first send

    # A session of its own: boto3's default one must not be shared by threads.
    return boto3.session.Session().client("lambda", config=_config())


def sqs_client() -> SQSClient:
    """A client for the queue."""
    import boto3.session  # noqa: PLC0415 - loaded at first send

    return boto3.session.Session().client("sqs", config=_config())


def dynamodb_client() -> DynamoDBClient:
    """A client for the table of sessions and the status table."""
    import boto3.session  # noqa: PLC0415 - loaded at first use

    return boto3.session.Session().client("dynamodb", config=_config())


def secrets_client() -> SecretsManagerClient:
    """A client for the secret that signs view tokens."""
    import boto3.session  # noqa: PLC0415 - loaded when the first token is made

    return boto3.session.Session().client("secretsmanager", config=_config())


def _config() -> Config:
    from botocore.config import Config  # noqa: PLC0415 - loaded at first send

    return Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"total_max_attempts": _ATTEMPTS, "mode": "standard"},
    )
