"""The journal on DynamoDB, with a botocore client handed in.

>>> client = botocore.session.get_session().create_client("dynamodb")
>>> journal = DynamoJournal(client, "StatusTable", log_retention_days=7, job_retention_days=90)
>>> journal.commit(batch, deadline=time.time() + 20).updates[-1].sequence
3
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from botocore.exceptions import BotoCoreError, ClientError

from statusbeam.model.bounded import Bounded
from statusbeam.model.chunked import chunked
from statusbeam.model.clock import Clock
from statusbeam.model.errors import JournalError
from statusbeam.model.job_key import JobKey
from statusbeam.model.limits import DAY_SECONDS
from statusbeam.model.replace import replace
from statusbeam.model.settings import StatusTable
from statusbeam.model.update import StatusUpdate

from ..snapshot.fold import touched
from ..snapshot.job_state import Job
from .batch import Batch
from .commits import Commit, change_of, new_epoch, redelivery
from .conditions import ConditionNotMetError
from .dynamo_errors import journal_error, reasons_of
from .dynamo_items import (
    HEAD,
    MARKER_ACTION,
    PK,
    SK,
    TTL,
    CommitWriter,
    agent_key,
    from_item,
    head_key,
    marker_key,
    partition,
    read_agents,
    read_job,
    read_update,
    refused_key,
    to_item,
    update_key,
)
from .dynamo_query import pages

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactGetItemTypeDef

    from .estimator import Estimator

_FIRST_PAUSE_SECONDS = 0.02
_LONGEST_PAUSE_SECONDS = 0.5
"""The seconds to wait for other commits to the same job: up to twice as long after each conflict."""

_JOBS_KEPT = 1_000
_JOB_KEPT_SECONDS = 300
_AGENTS_KEPT = 64
"""The limits of a process's memory: jobs, seconds, and agents of each job or those it touched last."""

_GETS_AT_ONCE = 25
"""The most items of a TransactGetItems: AWS takes 100, emulators still its first limit."""

_SNAPSHOT_READS = 10
"""The tries of reading a snapshot that other commits move meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _CachedSnapshot:
    """The snapshot of a job after this process's last commit, with the agents that it has read."""

    job: Job
    names: frozenset[str]  # of the agents it knows of, also of those that don't exist
    at: float


class DynamoJournal:
    """The Journal in the status table. A commit is one TransactWriteItems. Before it, one TransactGetItems
    reads uncached items: the head, unless this process made the job's last commit, and agents.
    """

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        *,
        log_retention_days: int,
        job_retention_days: int,
        clock: Clock | None = None,
        estimator: Estimator | None = None,
    ) -> None:
        self._client = client
        self._table = table
        self._clock = clock or Clock()
        self._estimate = partial(estimator, self.snapshot) if estimator else None
        # Snapshots after this process's last commits. The transaction detects if they are outdated.
        self._cached: Bounded[JobKey, _CachedSnapshot] = Bounded(_JOBS_KEPT)
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
                raise journal_error(error) from error

    def snapshot(self, job: JobKey) -> Job | None:
        """See Journal.snapshot."""
        for _ in range(_SNAPSHOT_READS):
            keys = {":pk": partition(job), ":first": StatusTable.AGENT_PREFIX, ":last": HEAD}
            # Backwards, so the head comes first. If it's still the same afterwards, the agents belong to it.
            head, *agents = self._range(keys, forward=False) or [{}]
            if not _is_live(head, self._clock.now()):
                return None
            again = self._get(head_key(job))
            if all(again.get(name) == head[name] for name in ("epoch", "sequence")):
                return read_job(head, agents)
        raise JournalError(f"job {job.job_id}: it moved during each read", code="conflict", retriable=True)

    def updates(self, job: JobKey, *, first: int, last: int) -> tuple[StatusUpdate, ...]:
        """See Journal.updates."""
        if first > last:
            return ()
        keys = {":pk": partition(job), ":first": update_key(first), ":last": update_key(last)}
        now = self._clock.now()
        return tuple(read_update(values) for values in self._range(keys, forward=True) if values[TTL] > now)

    def _commit_once(self, batch: Batch) -> Commit:
        now = self._clock.now()
        names = touched(batch.updates)
        cached = self._cached.pop(batch.job, None)
        if cached and now - cached.at >= _JOB_KEPT_SECONDS:
            cached = None
        before = self._read_missing(batch.job, cached, names, now)
        try:
            change = change_of(before, batch, epoch=new_epoch(now), now=now, estimate=self._estimate)
        except ConditionNotMetError:
            # A remembered job may be old, and here no transaction finds out: the journal reads it once more.
            return self._not_open(batch) if cached is None else self._commit_once(batch)
        if not change.entries:
            return self._skipped(batch, cached)
        actions = self._writer.actions(batch.batch_id, change, now=int(now))
        try:
            self._client.transact_write_items(TransactItems=actions)
        except ClientError as error:
            reasons = reasons_of(error)
            if not reasons or "ValidationError" in reasons:
                raise journal_error(error) from error
            if reasons[MARKER_ACTION] != "ConditionalCheckFailed":
                raise _ConflictError from error
            return self._committed_before(batch) or _conflict()
        except BotoCoreError as error:
            raise journal_error(error) from error
        self._remember(
            _CachedSnapshot(job=change.after, names=names | (cached.names if cached else names), at=now),
            names,
        )
        return Commit(updates=change.updates, shed=change.shed, change=change)

    def _skipped(self, batch: Batch, cached: _CachedSnapshot | None) -> Commit:
        """Skip a batch whose statuses a limit dropped. An earlier delivery may have committed it."""
        if cached is not None:
            self._cached[batch.job] = cached
        return self._committed_before(batch) or Commit(updates=(), shed=len(batch.entries))

    def _not_open(self, batch: Batch) -> Commit:
        """Nothing, unless it is the batch itself that the job is closed by."""
        return self._committed_before(batch) or Commit(updates=(), skipped=True)

    def _read_missing(
        self, job: JobKey, cached: _CachedSnapshot | None, names: frozenset[str], now: float
    ) -> Job | None:
        """The head and the agents called `names`; None for a job that begins.

        Agents that are read with or after the head belong to it. A later write of an agent would also have
        moved the head, and DynamoDB will refuse the commit.
        """
        agents = [agent_key(job, name) for name in sorted(names - (cached.names if cached else frozenset()))]
        if cached is None:
            head, *items = self._get_in_order([head_key(job), *agents])
            return read_job(head, filter(None, items)) if _is_live(head, now) else None
        found = filter(None, self._get_in_order(agents))
        read = read_agents(found, cached.job.head)
        return replace(cached.job, agents={**cached.job.agents, **read})

    def _remember(self, cached: _CachedSnapshot, names: frozenset[str]) -> None:
        if len(cached.names) > _AGENTS_KEPT:
            agents = {name: agent for name, agent in cached.job.agents.items() if name in names}
            cached = replace(cached, job=replace(cached.job, agents=agents), names=names)
        self._cached[cached.job.head.key] = cached

    def _committed_before(self, batch: Batch) -> Commit | None:
        marker = self._get(marker_key(batch.job, batch.batch_id))
        if not marker or marker[TTL] <= self._clock.now():
            return None
        first, last = marker["firstSequence"], marker["lastSequence"]
        committed = self.updates(batch.job, first=first, last=last)
        return redelivery(batch, count=last - first + 1, committed=committed, digest=marker["digest"])

    def _get(self, key: dict[str, str]) -> dict[str, Any]:
        try:
            answer = self._client.get_item(TableName=self._table, Key=to_item(key), ConsistentRead=True)
        except (ClientError, BotoCoreError) as error:
            raise journal_error(error) from error
        return from_item(answer.get("Item", {}))

    def _get_in_order(self, keys: list[dict[str, str]]) -> list[dict[str, Any]]:
        """The items at these keys, empty for missing ones. No item is older than those before it."""
        found: list[dict[str, Any]] = []
        for some in chunked(keys, _GETS_AT_ONCE):
            gets: list[TransactGetItemTypeDef] = [
                {"Get": {"TableName": self._table, "Key": to_item(key)}} for key in some
            ]
            try:
                answer = self._client.transact_get_items(TransactItems=gets)
            except ClientError as error:
                if "TransactionConflict" in reasons_of(error):
                    raise _ConflictError from error
                raise journal_error(error) from error
            except BotoCoreError as error:
                raise journal_error(error) from error
            found += (from_item(one.get("Item", {})) for one in answer["Responses"])
        return found

    def _range(self, keys: dict[str, str], *, forward: bool) -> list[dict[str, Any]]:
        query = {
            "TableName": self._table,
            "ConsistentRead": True,
            "ScanIndexForward": forward,
            "KeyConditionExpression": "#pk = :pk AND #sk BETWEEN :first AND :last",
            "ExpressionAttributeNames": {"#pk": PK, "#sk": SK},
            "ExpressionAttributeValues": to_item(keys),
        }
        try:
            return [from_item(item) for page in pages(self._client, query) for item in page]
        except (ClientError, BotoCoreError) as error:
            raise journal_error(error) from error


def _is_live(head: Mapping[str, Any], now: float) -> bool:
    # Without a head there may still be agents: of a job whose head TTL deleted first.
    return head.get(SK) == HEAD and head[TTL] > now


class _ConflictError(Exception):
    """Another process committed to the job meanwhile."""


def _conflict() -> NoReturn:
    # TTL took the marker between the two calls.
    raise _ConflictError
