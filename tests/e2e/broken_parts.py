"""Breaks one part of a running deployment, and restores it at the end of the block."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Final

from tests.e2e.cloud import Cloud
from tests.http_server import serving

_READ_ONLY: Final = frozenset(
    (
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesDelayed",
        "ApproximateNumberOfMessagesNotVisible",
        "CreatedTimestamp",
        "LastModifiedTimestamp",
        "QueueArn",
    )
)
"""The read-only attributes of a queue."""


@contextmanager
def changed_environment(cloud: Cloud, changes: Mapping[str, str | None]) -> Iterator[None]:
    """Run the block with changed variables of the publisher. None removes one."""
    functions, name = cloud.aws("lambda"), cloud.outputs.publisher_function_arn
    before = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    changed = {key: value for key, value in {**before, **changes}.items() if value is not None}
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": changed})
    try:
        yield
    finally:
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": before})


@contextmanager
def stopped_publisher(cloud: Cloud) -> Iterator[None]:
    """Run the block with a publisher whose reserved concurrency is 0."""
    functions, name = cloud.aws("lambda"), cloud.outputs.publisher_function_arn
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    try:
        yield
    finally:
        functions.delete_function_concurrency(FunctionName=name)


@contextmanager
def without_queue(cloud: Cloud) -> Iterator[None]:
    """Run the block without the queue of statuses."""
    sqs, url = cloud.aws("sqs"), cloud.outputs.status_queue_url
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    sqs.delete_queue(QueueUrl=url)
    try:
        yield
    finally:
        attributes = {name: value for name, value in found.items() if name not in _READ_ONLY}
        made = sqs.create_queue(QueueName=url.rsplit("/", 1)[-1], Attributes=attributes)
        assert made["QueueUrl"] == url


@contextmanager
def expired_api_key(cloud: Cloud, expired_at: float) -> Iterator[None]:
    """Run the block with an expired API key."""
    appsync, api_id = cloud.aws("appsync"), cloud.outputs.api_id
    (key,) = appsync.list_api_keys(apiId=api_id)["apiKeys"]
    appsync.update_api_key(apiId=api_id, id=key["id"], expires=int(expired_at))
    try:
        yield
    finally:
        appsync.update_api_key(apiId=api_id, id=key["id"], expires=key["expires"])


class _Throttles(BaseHTTPRequestHandler):
    """Answers every request like a throttling DynamoDB."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        error = {
            "__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException",
            "message": "Throughput exceeds the current throughput limit for your table.",
        }
        body = json.dumps(error).encode()
        self.send_response(400)
        self.send_header("content-type", "application/x-amz-json-1.0")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base's name
        """Log nothing, to keep the tests' output clean."""


@contextmanager
def throttling_dynamodb() -> Iterator[str]:
    """The address of a throttling DynamoDB."""
    with serving(_Throttles) as url:
        yield url
