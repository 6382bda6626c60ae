"""Reads the events of jobs from the table's stream, and checks leases from a queue of its own.

The event source mapping hands over heads with a `jobEvent` only, so no other commit invokes the function. A
failing record stops its shard until it succeeds or is too old. SQS delivers a failing check again.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from lambdas.job_lifecycle._wiring import job_lifecycle
from statusbeam.model.errors import StatusError
from statusbeam.notifications.lease_check import LeaseCheck

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_log = logging.getLogger(__name__)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Handle records in order. The answer names the first failed record, from which Lambda retries."""
    lifecycle = job_lifecycle()
    for record in event["Records"]:
        is_commit = "dynamodb" in record
        name = record["dynamodb"]["SequenceNumber"] if is_commit else record["messageId"]
        try:
            if is_commit:
                lifecycle.take_commit(record["dynamodb"])
            else:
                lifecycle.take_check(LeaseCheck.from_document(json.loads(record["body"])))
        except (StatusError, BotoCoreError, ClientError) as error:
            _log.warning("record=<%s>, error=<%s> | retried: %s", name, type(error).__name__, error)
            return {"batchItemFailures": [{"itemIdentifier": name}]}
    return {"batchItemFailures": []}
