"""Journal and sessions on DynamoDB, with a botocore client handed in.

>>> client = botocore.session.get_session().create_client("dynamodb")
>>> journal = DynamoJournal(client, "StatusTable", log_retention_days=7, job_retention_days=90)
>>> journal.commit(batch, deadline=time.time() + 20).updates[-1].sequence
3
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from .clock import Clock
from .commits import Commit, Head, head_after, new_epoch, numbered, redelivery
from .dynamo_items import (
    MARKER_ACTION,
    PK,
    SK,
    TTL,
    CommitWriter,
    from_item,
    head_key,
    marker_key,
    partition,
    read_head,
    read_update,
    refused_key,
    to_item,
    update_key,
)
from .errors import JournalError, SessionStoreError
from .events import StatusUpdate
from .limits import DAY_SECONDS
from .payload import Batch
from .settings import SessionsTable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from .dynamo_items import Item

_FIRST_PAUSE_SECONDS = 0.02
_LONGEST_PAUSE_SECONDS = 0.5
"""How long to wait for others who commit to the same job: up to twice as long after each conflict."""

_HEADS_KEPT = 1_000
_HEAD_KEPT_SECONDS = 300

_SESSIONS_PER_PAGE = 25
"""One live session is enough to know; expired ones may stand before it until TTL takes them."""

_OPERATORS = "#tenant#"
"""How sessions of a tenant's operators begin. User ids have no `#`, so no user's sessions begin like it."""

_PASSING = frozenset(
    (
        "InternalServerError",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingException",
        "TransactionInProgressException",
    )
)
"""DynamoDB's errors that the same call may not meet again."""


class DynamoJournal:
    """The Journal in the status table. A commit is one TransactWriteItems, and a read of the head before it
    unless this process was the last to commit to the job."""

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        *,
        log_retention_days: int,
        job_retention_days: int,
        clock: Clock | None = None,
    ) -> None:
        self._client = client
        self._table = table
        self._clock = clock or Clock()
        # Heads as this process left them, and when; the transaction finds out if they moved since.
        self._heads: dict[str, tuple[Head, float]] = {}
        self._log_seconds = log_retention_days * DAY_SECONDS
        self._writer = CommitWriter(
            table, log_seconds=self._log_seconds, job_seconds=job_retention_days * DAY_SECONDS
        )

    def commit(self, batch: Batch, *, deadline: float) -> Commit:
        """See Journal.commit."""
        longest = _FIRST_PAUSE_SECONDS
        while True:
            try:
                return self._commit_once(batch)
            except _ConflictError as conflict:
                pause = longest * self._clock.chance()
                if self._clock.now() + pause >= deadline:
                    problem = f"job {batch.job_id}: others committed first until time was up"
                    raise JournalError(problem, code="conflict", retriable=True) from conflict
            self._clock.sleep(pause)
            longest = min(2 * longest, _LONGEST_PAUSE_SECONDS)

    def keep_refused(self, batch: Batch) -> None:
        """See Journal.keep_refused."""
        expires_at = int(self._clock.now()) + self._log_seconds
        for update in batch.updates:
            item = to_item({**refused_key(update), **update.to_wire(), TTL: expires_at})
            try:
                self._client.put_item(TableName=self._table, Item=item)
            except (ClientError, BotoCoreError) as error:
                raise _journal_error(error) from error

    def head(self, job_id: str) -> Head | None:
        """See Journal.head."""
        values = self._get(head_key(job_id))
        return read_head(values) if values and values[TTL] > self._clock.now() else None

    def updates(self, job_id: str, *, first: int, last: int) -> tuple[StatusUpdate, ...]:
        """See Journal.updates."""
        if first > last:
            return ()
        keys = {":pk": partition(job_id), ":first": update_key(first), ":last": update_key(last)}
        query = {
            "TableName": self._table,
            "ConsistentRead": True,
            "KeyConditionExpression": "#pk = :pk AND #sk BETWEEN :first AND :last",
            "ExpressionAttributeNames": {"#pk": PK, "#sk": SK},
            "ExpressionAttributeValues": to_item(keys),
        }
        now = self._clock.now()
        try:
            found = [from_item(item) for page in _pages(self._client, query) for item in page]
        except (ClientError, BotoCoreError) as error:
            raise _journal_error(error) from error
        return tuple(read_update(values) for values in found if values[TTL] > now)

    def _commit_once(self, batch: Batch) -> Commit:
        now = self._clock.now()
        before = self._head_left_behind(batch.job_id, now) or self.head(batch.job_id)
        after = head_after(before, batch, epoch=new_epoch(now))
        updates = numbered(batch, after)
        actions = self._writer.actions(
            batch_id=batch.batch_id, before=before, after=after, updates=updates, now=int(now)
        )
        try:
            self._client.transact_write_items(TransactItems=actions)
        except ClientError as error:
            reasons = [reason.get("Code", "None") for reason in error.response.get("CancellationReasons", ())]
            if not reasons or "ValidationError" in reasons:
                raise _journal_error(error) from error
            if reasons[MARKER_ACTION] != "ConditionalCheckFailed":
                raise _ConflictError from error
            return redelivery(batch, self._committed_before(batch))
        except BotoCoreError as error:
            raise _journal_error(error) from error
        self._remember(after, now)
        return Commit(updates=updates)

    def _head_left_behind(self, job_id: str, now: float) -> Head | None:
        head, left_at = self._heads.pop(job_id, (None, now))
        return head if now - left_at < _HEAD_KEPT_SECONDS else None

    def _remember(self, head: Head, now: float) -> None:
        self._heads[head.job_id] = (head, now)
        if len(self._heads) > _HEADS_KEPT:
            del self._heads[next(iter(self._heads))]

    def _committed_before(self, batch: Batch) -> tuple[StatusUpdate, ...]:
        marker = self._get(marker_key(batch.job_id, batch.batch_id))
        if not marker:  # TTL took it between the two calls
            raise _ConflictError
        return self.updates(batch.job_id, first=marker["firstSequence"], last=marker["lastSequence"])

    def _get(self, key: dict[str, str]) -> dict[str, Any]:
        try:
            answer = self._client.get_item(TableName=self._table, Key=to_item(key), ConsistentRead=True)
        except (ClientError, BotoCoreError) as error:
            raise _journal_error(error) from error
        return from_item(answer.get("Item", {}))


class DynamoSessionStore:
    """The SessionStore in the user sessions table."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def is_watched(self, tenant_id: str, user_id: str, *, now: float) -> bool:
        """See SessionStore.is_watched."""
        return any(self._has_live(tenant_id, beginning, now) for beginning in (f"{user_id}#", _OPERATORS))

    def _has_live(self, tenant_id: str, beginning: str, now: float) -> bool:
        query = {
            "TableName": self._table,
            "ConsistentRead": True,  # who has just subscribed is not to miss the next status
            "Limit": _SESSIONS_PER_PAGE,
            "KeyConditionExpression": "#tenant = :tenant AND begins_with(#sk, :beginning)",
            "FilterExpression": "#ttl > :now",
            "ExpressionAttributeNames": {
                "#tenant": SessionsTable.PARTITION_KEY,
                "#sk": SessionsTable.SORT_KEY,
                "#ttl": SessionsTable.TTL,
            },
            "ExpressionAttributeValues": to_item(
                {":tenant": tenant_id, ":beginning": beginning, ":now": int(now)}
            ),
        }
        try:
            return any(_pages(self._client, query))
        except (ClientError, BotoCoreError) as error:
            raise SessionStoreError(str(error), code=_code(error), retriable=_may_pass(error)) from error


class _ConflictError(Exception):
    """Somebody else committed to the job meanwhile."""


def _pages(client: DynamoDBClient, query: dict[str, Any]) -> Iterator[list[Item]]:
    while True:
        answer = client.query(**query)
        yield list(answer["Items"])
        if not answer.get("LastEvaluatedKey"):
            return
        query = query | {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def _journal_error(error: ClientError | BotoCoreError) -> JournalError:
    return JournalError(str(error), code=_code(error), retriable=_may_pass(error))


def _code(error: ClientError | BotoCoreError) -> str:
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__


def _may_pass(error: ClientError | BotoCoreError) -> bool:
    # What kept botocore from an answer (no connection, no time) may be gone the next time.
    return not isinstance(error, ClientError) or _code(error) in _PASSING
