"""The threads of one Slack channel, in a table of their own, with a botocore client handed in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from statusbeam.model.clock import Clock
from statusbeam.model.errors import NotificationError
from statusbeam.model.job_key import JobKey
from statusbeam.model.limits import DAY_SECONDS
from statusbeam.model.settings import ThreadsTable as Names

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_KEPT_SECONDS: Final = 90 * DAY_SECONDS
"""How long a thread is stored: as long as a job, by default."""


class DynamoThreads:
    """The threads of the channel with this name."""

    def __init__(
        self, client: DynamoDBClient, table: str, channel: str, *, clock: Clock | None = None
    ) -> None:
        self._client = client
        self._table = table
        self._channel = channel
        self._clock = clock or Clock()

    def find(self, job: JobKey) -> str | None:
        """See Threads.find."""
        key = {Names.PARTITION_KEY: {"S": job.text}, Names.SORT_KEY: {"S": self._channel}}
        try:
            found = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        except (BotoCoreError, ClientError) as error:
            raise _unreadable(error) from error
        return found["Item"][Names.TIMESTAMP]["S"] if "Item" in found else None

    def keep(self, job: JobKey, timestamp: str) -> None:
        """See Threads.keep."""
        item = {
            Names.PARTITION_KEY: job.text,
            Names.SORT_KEY: self._channel,
            Names.TIMESTAMP: timestamp,
        }
        ttl = str(int(self._clock.now()) + _KEPT_SECONDS)
        try:
            self._client.put_item(
                TableName=self._table,
                Item={**{name: {"S": text} for name, text in item.items()}, Names.TTL: {"N": ttl}},
            )
        except (BotoCoreError, ClientError) as error:
            raise _unreadable(error) from error


def _unreadable(error: Exception) -> NotificationError:
    return NotificationError(
        f"the table of Slack threads failed: {type(error).__name__}", code="threads_unavailable"
    )
