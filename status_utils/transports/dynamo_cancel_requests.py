"""Requests to cancel a job, from the job's head in the status table: one GetItem of two attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from statusbeam.model.settings import StatusTable
from statusbeam.model.validation import moment_of
from statusbeam.model.words import OverallStatus

from .aws_clients import aws_errors_of, dynamodb_client
from .process_local import ProcessLocal

if TYPE_CHECKING:
    from statusbeam.model.job_key import JobKey

_ENDED: Final = frozenset((OverallStatus.COMPLETED, OverallStatus.FAILED, OverallStatus.CANCELLED))


class DynamoCancelRequests:
    """Reads the heads of `table`. Needs `dynamodb:GetItem` on it."""

    def __init__(self, table: str) -> None:
        self._table = table
        self._client = ProcessLocal(dynamodb_client)

    def prepare(self) -> None:
        """Load the AWS SDK and make the client. Raises what these raise."""
        self._client.get()

    def is_requested(self, job: JobKey, opened_at: float) -> bool:
        """See CancelRequests.is_requested."""
        with aws_errors_of(self._client):
            answer = self._client.get().get_item(
                TableName=self._table,
                Key={
                    StatusTable.PARTITION_KEY: {"S": f"{StatusTable.JOB_PREFIX}{job.text}"},
                    StatusTable.SORT_KEY: {"S": StatusTable.HEAD},
                },
                ProjectionExpression="cancelRequest, overallStatus",
            )
        return _is_requested(answer.get("Item", {}), opened_at)


def _is_requested(head: dict[str, Any], opened_at: float) -> bool:
    request = head.get("cancelRequest", {}).get("M")
    if not request:
        return False
    has_ended = head.get("overallStatus", {}).get("S") in _ENDED
    return not has_ended or moment_of(request["at"]["S"]).timestamp() >= opened_at
