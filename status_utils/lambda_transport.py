"""The way to the publisher: one asynchronous Lambda invoke a payload.

    >>> LambdaTransport("arn:aws:lambda:eu-west-1:123456789012:function:publisher").send(payload)

boto3 is loaded at the first send, so that importing the library costs nothing. Asynchronous invokes keep no
order, not even those of one caller: where order matters, see queue_transport.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any

from .aws_clients import lambda_client
from .errors import TransportError
from .limits import PAYLOAD_BYTES
from .validation import json_text

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

_ACCEPTED = 202


class LambdaTransport:
    """A Transport to the publisher Lambda. One client serves all threads."""

    def __init__(self, function: str, *, new_client: Callable[[], LambdaClient] | None = None) -> None:
        self._function = function
        self._new_client = new_client or lambda_client
        self._client: LambdaClient | None = None
        self._lock = Lock()

    def send(self, payload: Mapping[str, Any]) -> None:
        """See Transport.send."""
        body = json_text(payload).encode()
        if len(body) > PAYLOAD_BYTES:
            problem = f"the payload has {len(body)} bytes, an invoke takes {PAYLOAD_BYTES}"
            raise TransportError(problem, code="too_large", retriable=False)
        try:
            from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - loaded at first send
        except ImportError as error:
            raise TransportError("boto3 is not installed", code="no_boto3", retriable=False) from error
        try:
            answer = self._ready_client().invoke(
                FunctionName=self._function, InvocationType="Event", Payload=body
            )
            answer["Payload"].read()  # empty, but unread it would keep the connection from being used again
        except (BotoCoreError, ClientError) as error:
            raise TransportError(str(error), code=type(error).__name__, retriable=True) from error
        if answer["StatusCode"] != _ACCEPTED:
            problem = f"Lambda answered {answer['StatusCode']}"
            raise TransportError(problem, code="not_accepted", retriable=True)

    def _ready_client(self) -> LambdaClient:
        with self._lock:
            if self._client is None:
                self._client = self._new_client()
            return self._client
