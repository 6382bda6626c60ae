"""The running executions of each job, in a table of the stopper's own.

An execution is known from its first event on. Its start may reach the stopper after the request to cancel its
job, because EventBridge keeps no order. So the stopper stores the time of the request, and compares the start
with it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from statusbeam.model.limits import DAY_SECONDS
from statusbeam.model.settings import ExecutionsTable as Names

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    from statusbeam.model.job_key import JobKey

_EXECUTION_SECONDS: Final = 366 * DAY_SECONDS
"""The longest that a standard execution runs: its end takes it out of the table."""

_MARK_SECONDS: Final = DAY_SECONDS
"""Longer than EventBridge retries the delivery of an event."""


class Executions:
    """The running executions by job, on a botocore client. All methods raise ClientError, BotoCoreError."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def add(self, job: JobKey, execution_arn: str) -> None:
        """Store that an execution runs for a job."""
        self._put(job, execution_arn, _EXECUTION_SECONDS, {})

    def remove(self, job: JobKey, execution_arn: str) -> None:
        """Remove an ended execution."""
        self._client.delete_item(TableName=self._table, Key=_key(job, execution_arn))

    def of(self, job: JobKey) -> list[str]:
        """The executions that run for a job."""
        found = self._client.query(
            TableName=self._table,
            KeyConditionExpression="#job = :job AND #execution > :mark",
            ExpressionAttributeNames={"#job": Names.PARTITION_KEY, "#execution": Names.SORT_KEY},
            ExpressionAttributeValues={":job": {"S": job.text}, ":mark": {"S": Names.CANCELLED}},
            ConsistentRead=True,
        )
        return [item[Names.SORT_KEY]["S"] for item in found["Items"]]

    def mark_cancelled(self, job: JobKey, *, at_ms: int) -> None:
        """Store the time of a request to cancel a job (epoch milliseconds)."""
        self._put(job, Names.CANCELLED, _MARK_SECONDS, {Names.CANCELLED_AT: {"N": str(at_ms)}})

    def cancelled_ms(self, job: JobKey) -> int:
        """The time of the last request to cancel the job, in epoch milliseconds; 0 for none, or long ago."""
        found = self._client.get_item(
            TableName=self._table, Key=_key(job, Names.CANCELLED), ConsistentRead=True
        )
        return int(found["Item"][Names.CANCELLED_AT]["N"]) if "Item" in found else 0

    def _put(self, job: JobKey, execution: str, seconds: int, more: dict[str, AttributeValueTypeDef]) -> None:
        ttl: AttributeValueTypeDef = {"N": str(int(time.time()) + seconds)}
        self._client.put_item(TableName=self._table, Item={**_key(job, execution), **more, Names.TTL: ttl})


def _key(job: JobKey, execution: str) -> dict[str, AttributeValueTypeDef]:
    return {Names.PARTITION_KEY: {"S": job.text}, Names.SORT_KEY: {"S": execution}}
