"""The durations of the steps of earlier jobs, in the status table.

`pk = HISTORY#<tenant>#<workflow>#<version>`, `sk = STEP#<name>`; the numbers of StepHistory.to_item, which
publishers add to without reading: they can't overwrite each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from statusbeam.model.clock import Clock
from statusbeam.model.job_key import escape_key_part
from statusbeam.model.limits import DAY_SECONDS

from ..journal.dynamo_errors import is_conflict, journal_error
from ..journal.dynamo_items import PK, SK, TTL, from_item, to_item
from .step_history import StepHistory, WorkflowKey

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

_STEP: Final = "STEP#"
_STEPS_READ: Final = 100
"""The most steps of one workflow: with more, the names are generated and identify no step."""

_STEPS_AT_ONCE: Final = 100
"""The most actions of a transaction."""

_TRIES: Final = 4
_LONGEST_PAUSE_SECONDS: Final = 0.1


class DynamoHistories:
    """The Histories in the status table. A history is forgotten `retention_days` after its last job."""

    def __init__(
        self, client: DynamoDBClient, table: str, *, retention_days: int, clock: Clock | None = None
    ) -> None:
        self._client = client
        self._table = table
        self._seconds = retention_days * DAY_SECONDS
        self._clock = clock or Clock()

    def read(self, workflow: WorkflowKey) -> Mapping[str, StepHistory]:
        """See Histories.read. One Query, eventually consistent, because a single job makes no difference."""
        try:
            answer = self._client.query(
                TableName=self._table,
                Limit=_STEPS_READ,
                KeyConditionExpression="#pk = :pk",
                ExpressionAttributeNames={"#pk": PK},
                ExpressionAttributeValues=to_item({":pk": partition_of(workflow)}),
            )
        except (ClientError, BotoCoreError) as error:
            raise journal_error(error) from error
        items = [from_item(item) for item in answer["Items"]]
        now = self._clock.now()
        return {
            item[SK].removeprefix(_STEP): StepHistory.from_item(item) for item in items if item[TTL] > now
        }

    def add(self, workflow: WorkflowKey, increments: Mapping[str, StepHistory]) -> None:
        """See Histories.add. A transaction, because the SDK may send it again without counting twice."""
        actions = [self._action(workflow, name, increment) for name, increment in sorted(increments.items())]
        for left in reversed(range(_TRIES)):
            try:
                self._client.transact_write_items(TransactItems=actions[:_STEPS_AT_ONCE])
            except ClientError as error:
                # Jobs of one workflow may complete at the same moment.
                if left == 0 or not is_conflict(error):
                    raise journal_error(error) from error
            except BotoCoreError as error:
                raise journal_error(error) from error
            else:
                return
            self._clock.sleep(_LONGEST_PAUSE_SECONDS * self._clock.chance())

    def _action(self, workflow: WorkflowKey, name: str, increment: StepHistory) -> TransactWriteItemTypeDef:
        sums = increment.to_item()
        names = {f"#n{at}": attribute for at, attribute in enumerate(sums)}
        values = {f":n{at}": value for at, value in enumerate(sums.values())}
        added = ", ".join(f"#n{at} :n{at}" for at in range(len(sums)))
        # Up to midnight, as for jobs; nothing reads it but TTL.
        expires_at = (int(self._clock.now()) + self._seconds) // DAY_SECONDS * DAY_SECONDS + DAY_SECONDS
        return {
            "Update": {
                "TableName": self._table,
                "Key": to_item({PK: partition_of(workflow), SK: f"{_STEP}{name}"}),
                "UpdateExpression": f"SET #ttl = :ttl ADD {added}",
                "ExpressionAttributeNames": {"#ttl": TTL, **names},
                "ExpressionAttributeValues": to_item({":ttl": expires_at, **values}),
            }
        }


def partition_of(workflow: WorkflowKey) -> str:
    """The partition key of a workflow's history."""
    return "#".join(("HISTORY", *map(escape_key_part, workflow)))
