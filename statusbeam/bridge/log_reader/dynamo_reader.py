"""The LogReader on the status table, with a botocore client handed in.

>>> reader = DynamoLogReader(client, "StatusTable")
>>> await reader.positions([JobKey("city", "report-7")])
{JobKey(tenant_id='city', job_id='report-7'): ('19aa3c', 12)}

The client's calls run in threads of the reader's own; `close` ends them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from statusbeam.log.journal.dynamo import DynamoJournal
from statusbeam.log.journal.dynamo_errors import journal_error
from statusbeam.log.journal.dynamo_items import from_item, head_key, read_head, to_item
from statusbeam.log.snapshot.job_state import Head, Job
from statusbeam.model.chunked import chunked
from statusbeam.model.clock import Clock
from statusbeam.model.errors import JournalError
from statusbeam.model.job_key import JobKey
from statusbeam.model.settings import StatusTable
from statusbeam.model.update import StatusUpdate
from statusbeam.model.words import OverallStatus

from .reader import HeadsPage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

T = TypeVar("T")

_KEYS_PER_READ: Final = 100
"""The most keys in a BatchGetItem."""

_BATCH_READS: Final = 5
"""The attempts to read the unprocessed keys of a BatchGetItem."""

_THREADS: Final = 16


class DynamoLogReader:
    """A LogReader of the status table."""

    def __init__(self, client: DynamoDBClient, table: str, *, clock: Clock | None = None) -> None:
        self._client = client
        self._table = table
        self._clock = clock or Clock()
        # Only its reads are used. The retention matters to commits.
        self._journal = DynamoJournal(
            client, table, log_retention_days=1, job_retention_days=1, clock=self._clock
        )
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="log-reader")

    def close(self) -> None:
        """End the threads after their current reads."""
        self._threads.shutdown()

    async def positions(self, jobs: Sequence[JobKey]) -> Mapping[JobKey, tuple[str, int]]:
        """See LogReader.positions."""
        return await self._in_thread(lambda: self._positions(jobs))

    async def snapshot(self, job: JobKey) -> Job | None:
        """See LogReader.snapshot."""
        return await self._in_thread(lambda: self._journal.snapshot(job))

    async def updates(self, job: JobKey, *, first: int, last: int) -> Sequence[StatusUpdate]:
        """See LogReader.updates."""
        return await self._in_thread(lambda: self._journal.updates(job, first=first, last=last))

    async def heads(self, jobs: Sequence[JobKey]) -> Sequence[Head]:
        """See LogReader.heads."""
        return await self._in_thread(lambda: self._heads(jobs))

    async def heads_of_tenant(self, tenant_id: str, state: OverallStatus, *, limit: int) -> Sequence[Head]:
        """See LogReader.heads_of_tenant."""
        return await self._in_thread(lambda: self._heads_of_tenant(tenant_id, state, limit))

    async def heads_of_user(
        self, tenant_id: str, user_id: str, *, limit: int, token: str | None = None
    ) -> HeadsPage:
        """See LogReader.heads_of_user."""
        return await self._in_thread(lambda: self._heads_of_user(tenant_id, user_id, limit, token))

    async def _in_thread(self, read: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, read)

    def _positions(self, jobs: Sequence[JobKey]) -> dict[JobKey, tuple[str, int]]:
        names = ("tenantId", "jobId", "epoch", "sequence", StatusTable.TTL)
        heads = self._head_items(jobs, consistent=False, names=names)
        return {JobKey(head["tenantId"], head["jobId"]): (head["epoch"], head["sequence"]) for head in heads}

    def _heads(self, jobs: Sequence[JobKey], *, consistent: bool = True) -> list[Head]:
        found = {head.key: head for head in map(read_head, self._head_items(jobs, consistent=consistent))}
        return [found[job] for job in jobs if job in found]

    def _heads_of_tenant(self, tenant_id: str, state: OverallStatus, limit: int) -> list[Head]:
        query: dict[str, Any] = {
            "TableName": self._table,
            "IndexName": StatusTable.BY_TENANT,
            "ScanIndexForward": False,
            "Limit": limit,
            "KeyConditionExpression": "#tenant = :tenant",
            "ExpressionAttributeNames": {"#tenant": StatusTable.BY_TENANT_PARTITION_KEY},
            "ExpressionAttributeValues": to_item(
                {":tenant": f"{StatusTable.TENANT_PREFIX}{tenant_id}#{state.value}"}
            ),
        }
        try:
            answer = self._client.query(**query)
        except (ClientError, BotoCoreError) as error:
            raise journal_error(error) from error
        listed = [JobKey(tenant_id, from_item(item)["jobId"]) for item in answer["Items"]]
        return [head for head in self._heads(listed, consistent=False) if head.overall_status is state]

    def _heads_of_user(self, tenant_id: str, user_id: str, limit: int, token: str | None) -> HeadsPage:
        user_key = f"{StatusTable.USER_PREFIX}{tenant_id}#{user_id}"
        query: dict[str, Any] = {
            "TableName": self._table,
            "IndexName": StatusTable.BY_USER,
            "ScanIndexForward": False,
            "Limit": limit,
            "KeyConditionExpression": "#user = :user",
            "ExpressionAttributeNames": {"#user": StatusTable.BY_USER_PARTITION_KEY},
            "ExpressionAttributeValues": to_item({":user": user_key}),
        }
        if token is not None:
            job = JobKey(tenant_id, token.partition("#")[2])
            index = {StatusTable.BY_USER_PARTITION_KEY: user_key, StatusTable.BY_USER_SORT_KEY: token}
            query["ExclusiveStartKey"] = to_item({**head_key(job), **index})
        try:
            answer = self._client.query(**query)
        except (ClientError, BotoCoreError) as error:
            raise journal_error(error) from error
        listed = [from_item(item) for item in answer["Items"]]
        heads = self._heads([JobKey(tenant_id, item["jobId"]) for item in listed])
        more = bool(answer.get("LastEvaluatedKey")) and bool(listed)
        return HeadsPage(heads=heads, next_token=listed[-1][StatusTable.BY_USER_SORT_KEY] if more else None)

    def _head_items(
        self, jobs: Iterable[JobKey], *, consistent: bool, names: Sequence[str] = ()
    ) -> list[dict[str, Any]]:
        """The heads that exist and have not expired."""
        now = self._clock.now()
        found: list[dict[str, Any]] = []
        for some in chunked(list(dict.fromkeys(jobs)), _KEYS_PER_READ):
            request: dict[str, Any] = {
                "Keys": [to_item(head_key(job)) for job in some],
                "ConsistentRead": consistent,
            }
            if names:
                aliases = {f"#n{index}": name for index, name in enumerate(names)}
                request |= {
                    "ProjectionExpression": ", ".join(aliases),
                    "ExpressionAttributeNames": aliases,
                }
            found += self._batch(request)
        return [item for item in found if item[StatusTable.TTL] > now]

    def _batch(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        for _ in range(_BATCH_READS):
            try:
                answer = self._client.batch_get_item(RequestItems={self._table: request})  # type: ignore[dict-item]
            except (ClientError, BotoCoreError) as error:
                raise journal_error(error) from error
            items += map(from_item, answer["Responses"].get(self._table, []))
            rest = answer.get("UnprocessedKeys", {}).get(self._table)
            if not rest:
                return items
            request = {**request, "Keys": rest["Keys"]}
        # without this, a missing answer would look like a job that does not exist
        raise JournalError(
            "the status table returned no answer for some heads", code="throttled", retriable=True
        )
