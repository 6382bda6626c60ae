"""The task tokens of states that wait for an answer, in a table that only this function reads.

A state and its answer may arrive in either order, because EventBridge keeps none. Each is stored, and the
second one finds both. An answer counts for a state that asked before the answer was given.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from statusbeam.model.limits import DAY_SECONDS
from statusbeam.model.settings import ApprovalsTable as Names

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from statusbeam.model.job_key import JobKey

_WAIT_SECONDS: Final = 366 * DAY_SECONDS
"""The longest that a standard execution runs."""

_ANSWER_SECONDS: Final = DAY_SECONDS
"""The seconds that an answer is stored for a state that has not asked yet. Most belong to another
workflow."""


class Waits:
    """The waits by job and invocation, on a botocore client. All methods raise ClientError, BotoCoreError."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def ask(self, job: JobKey, invocation_id: str, *, token: str, at_ms: int) -> tuple[str, str] | None:
        """Keep the token of a state that waits since `at_ms`. Returns token and answer if both are there."""
        until = {"N": str(int(time.time()) + _WAIT_SECONDS)}
        values = {":token": {"S": token}, ":at": {"N": str(at_ms)}, ":ttl": until}
        change = "SET #token = :token, #asked = :at, #ttl = :ttl"
        names = {"#token": Names.TOKEN, "#asked": Names.ASKED_AT, "#ttl": Names.TTL}
        return self._changed(job, invocation_id, change, names, values)

    def answer(self, job: JobKey, invocation_id: str, *, answer: str, at_ms: int) -> tuple[str, str] | None:
        """Keep an answer, JSON, that was given at `at_ms`. Returns token and answer if both are there."""
        until = {"N": str(int(time.time()) + _ANSWER_SECONDS)}
        values = {":answer": {"S": answer}, ":at": {"N": str(at_ms)}, ":ttl": until}
        change = "SET #answer = :answer, #answered = :at, #ttl = if_not_exists(#ttl, :ttl)"
        names = {"#answer": Names.ANSWER, "#answered": Names.ANSWERED_AT, "#ttl": Names.TTL}
        return self._changed(job, invocation_id, change, names, values)

    def forget(self, job: JobKey, invocation_id: str) -> None:
        """Delete an ended wait."""
        self._client.delete_item(TableName=self._table, Key=_key(job, invocation_id))

    def _changed(
        self, job: JobKey, invocation_id: str, change: str, names: dict[str, str], values: dict[str, Any]
    ) -> tuple[str, str] | None:
        found = self._client.update_item(
            TableName=self._table,
            Key=_key(job, invocation_id),
            UpdateExpression=change,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
            ReturnValues="ALL_NEW",
        )["Attributes"]
        if Names.TOKEN not in found or Names.ANSWER not in found:
            return None
        if int(found[Names.ANSWERED_AT]["N"]) < int(found[Names.ASKED_AT]["N"]):
            return None  # the answer belongs to an earlier attempt
        return found[Names.TOKEN]["S"], found[Names.ANSWER]["S"]


def _key(job: JobKey, invocation_id: str) -> dict[str, Any]:
    return {Names.PARTITION_KEY: {"S": job.text}, Names.SORT_KEY: {"S": invocation_id}}
