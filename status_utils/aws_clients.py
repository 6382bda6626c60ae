"""boto3 clients for code that reports statuses or makes view tokens: made at first use, bounded in how long
they wait.

A backend that is down holds the caller for two attempts of a second to connect and two to answer.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

from statusbeam.model.errors import TransportError

if TYPE_CHECKING:
    from botocore.config import Config
    from botocore.exceptions import ClientError
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

Client = TypeVar("Client")

_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500
_CONNECT_SECONDS = 1
_ANSWER_SECONDS = 2
_ATTEMPTS = 2


class OwnClient(Generic[Client]):
    """One client for all threads of a process, made when it is first needed; a forked process makes its own.

    >>> client = OwnClient(lambda_client)
    >>> client.get() is client.get()
    True
    """

    def __init__(self, new_client: Callable[[], Client]) -> None:
        self._new_client = new_client
        self._lock = Lock()
        self._made: tuple[int, Client] | None = None  # by which process

    def get(self) -> Client:
        """The client."""
        made, process = self._made, os.getpid()
        if made is not None and made[0] == process:
            return made[1]
        with self._lock:
            if self._made is None or self._made[0] != process:
                self._made = (process, self._new_client())
            return self._made[1]


def may_pass(error: ClientError) -> bool:
    """Whether a service that refused something may take it the next time."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    throttled = "Throttl" in error.response["Error"]["Code"]
    return throttled or status == _TOO_MANY_REQUESTS or status >= _SERVER_ERROR


@contextmanager
def transport_errors() -> Iterator[None]:
    """What goes wrong inside between us and a service is a TransportError."""
    try:
        from botocore.exceptions import (  # noqa: PLC0415 - loaded at first send
            BotoCoreError,
            ClientError,
            ConnectionError,  # noqa: A004 - botocore's own
            CredentialRetrievalError,
            HTTPClientError,
        )
    except ImportError as error:
        raise TransportError("boto3 is not installed", code="no_boto3", retriable=False) from error
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        raise TransportError(str(error), code=code, retriable=may_pass(error)) from error
    except BotoCoreError as error:
        # What kept botocore from an answer may be gone the next time; a missing region stays missing.
        passing = isinstance(error, HTTPClientError | ConnectionError | CredentialRetrievalError)
        raise TransportError(str(error), code=type(error).__name__, retriable=passing) from error


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
