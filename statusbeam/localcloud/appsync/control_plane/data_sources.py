"""Opens the data sources of a deployed API: DynamoDB and Lambda, each with its own service role."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ..resolvers.dynamodb_source import DynamoDBSource
from ..resolvers.resolver import DataSource, DataSourceError
from .definition import DataSourceDefinition

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

DYNAMODB = "AMAZON_DYNAMODB"
LAMBDA = "AWS_LAMBDA"

# Concurrent blocking calls. AppSync has no such limit, but a laptop needs one.
MAX_THREADS = 16
# AppSync's time limit for a request is 30 s.
_TIMEOUT_S = 30
# One attempt: the emulator runs on this machine, so a retry would fail too.
_CONFIG = Config(
    retries={"total_max_attempts": 1},
    connect_timeout=5,
    read_timeout=_TIMEOUT_S,
    max_pool_connections=MAX_THREADS,
)

Credentials = Mapping[str, str]
"""`aws_access_key_id`, `aws_secret_access_key` and `aws_session_token`, as boto3.Session takes them."""


class AwsDataSources:
    """Opens the source of a DataSourceDefinition when it is called with one.

    `credentials_of` returns the credentials of a service role, by its ARN. Without it, or for a source
    without a role, the process's own credentials are used. Sources share clients and threads.
    """

    def __init__(
        self,
        endpoint_url: str | None = None,
        *,
        region: str = "us-east-1",
        credentials_of: Callable[[str], Credentials] | None = None,
        executor: Executor | None = None,
    ) -> None:
        self._endpoint_url = endpoint_url
        self._region = region
        self._credentials_of = credentials_of
        self._executor = executor or ThreadPoolExecutor(MAX_THREADS, thread_name_prefix="data-source")
        self._clients: dict[tuple[str, str, str | None], Any] = {}
        self._lock = threading.Lock()

    def __call__(self, definition: DataSourceDefinition) -> DataSource:
        """The source. A source of an unknown type fails when it is used."""
        if definition.type == DYNAMODB:
            table = str(definition.config.get("tableName", ""))
            return DynamoDBSource(self._client("dynamodb", definition), table, self._executor)
        if definition.type == LAMBDA:
            function = str(definition.config.get("lambdaFunctionArn", ""))
            return LambdaSource(self._client("lambda", definition), function, self._executor)
        return UnsupportedSource(definition)

    def _client(self, service: str, definition: DataSourceDefinition) -> Any:
        region = str(definition.config.get("awsRegion") or self._region)
        role = definition.service_role_arn if self._credentials_of is not None else None
        with self._lock:
            key = (service, region, role)
            if key not in self._clients:
                credentials = dict(self._credentials_of(role)) if self._credentials_of and role else {}
                session = boto3.Session(region_name=region, **credentials)  # type: ignore[arg-type]
                self._clients[key] = session.client(  # type: ignore[call-overload]
                    service, endpoint_url=self._endpoint_url, config=_CONFIG
                )
            return self._clients[key]


class LambdaSource:
    """The AWS_LAMBDA data source: `{operation: "Invoke", payload, invocationType?}`."""

    def __init__(self, client: LambdaClient, function: str, executor: Executor) -> None:
        self._client = client
        self._function = function
        self._executor = executor

    async def invoke(self, request: Mapping[str, Any]) -> Any:
        """See resolvers.DataSource."""
        operation = request.get("operation", "Invoke")
        if operation != "Invoke":
            message = f"The Lambda operation {operation} is not implemented by localcloud"
            raise DataSourceError(message, "Unsupported")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, self._invoke, request)

    def _invoke(self, request: Mapping[str, Any]) -> Any:
        kind: Any = request.get("invocationType") or "RequestResponse"
        payload = json.dumps(request.get("payload")).encode()
        try:
            answer = self._client.invoke(FunctionName=self._function, InvocationType=kind, Payload=payload)
            text = answer["Payload"].read()
        except (BotoCoreError, ClientError) as error:
            name = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
            raise DataSourceError(str(error), f"Lambda:{name}") from error
        result = json.loads(text) if text else None
        problem: str | None = answer.get("FunctionError")
        if problem:
            failed = result if isinstance(result, Mapping) else {}
            error_type = failed.get("errorType") or problem
            raise DataSourceError(str(failed.get("errorMessage")), f"Lambda:{error_type}")
        return result


class UnsupportedSource:
    """A data source of a type that localcloud does not support."""

    def __init__(self, definition: DataSourceDefinition) -> None:
        self._definition = definition

    async def invoke(self, request: Mapping[str, Any]) -> Any:  # noqa: ARG002 - part of the interface
        """See resolvers.DataSource."""
        raise DataSourceError(
            f"The data source {self._definition.name} has the type {self._definition.type}, "
            "which is not implemented by localcloud",
            "Unsupported",
        )
