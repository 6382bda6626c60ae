"""The transport by asynchronous Lambda invoke: one invoke for each payload.

    >>> LambdaTransport("arn:aws:lambda:eu-west-1:123456789012:function:publisher").send(payload)

Asynchronous invokes keep no order, not even those of one caller. Where order matters, see queue_transport.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from statusbeam.model.errors import TransportError
from statusbeam.model.limits import PAYLOAD_BYTES
from statusbeam.model.validation import json_text

from .aws_clients import aws_errors_of, lambda_client
from .process_local import ProcessLocal

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

_ACCEPTED = 202


class LambdaTransport:
    """Sends to the publisher Lambda. One client serves all threads."""

    def __init__(self, function: str, *, new_client: Callable[[], LambdaClient] | None = None) -> None:
        self._function = function
        self._client = ProcessLocal(new_client or lambda_client)

    def prepare(self) -> None:
        """Load boto3, which takes longer than sending. Raises what boto3 raises."""
        self._client.get()

    def send(self, payload: Mapping[str, Any]) -> None:
        """See Transport.send."""
        body = json_text(payload).encode()
        if len(body) > PAYLOAD_BYTES:
            problem = f"the payload has {len(body)} bytes, an invoke takes {PAYLOAD_BYTES}"
            raise TransportError(problem, code="too_large", retriable=False)
        with aws_errors_of(self._client):
            answer = self._client.get().invoke(
                FunctionName=self._function, InvocationType="Event", Payload=body
            )
            answer["Payload"].read()  # empty; an unread body would keep the connection from being used again
        if answer["StatusCode"] != _ACCEPTED:
            problem = f"Lambda answered {answer['StatusCode']}"
            raise TransportError(problem, code="not_accepted", retriable=True)
