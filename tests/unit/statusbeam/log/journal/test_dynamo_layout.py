"""The items that the DynamoDB adapters write, and their failures; test_adapters has their behaviour."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from statusbeam.log.journal.audience import Audience
from statusbeam.log.journal.batch import Batch
from statusbeam.log.journal.commits import change_of
from statusbeam.log.journal.dynamo import DynamoJournal
from statusbeam.log.journal.dynamo_items import CommitWriter
from statusbeam.log.journal.dynamo_sessions import DynamoSessionStore
from statusbeam.log.journal.entry import Entry
from statusbeam.log.publishing.pipeline import pushes
from statusbeam.log.snapshot.fold import fold
from statusbeam.model import limits
from statusbeam.model.errors import JournalError, SessionStoreError
from statusbeam.model.update import StatusUpdate
from statusbeam.model.validation import json_text
from tests.soak.table import MemoryTable
from tests.unit.dynamo_tables import SESSIONS_TABLE, STATUS_TABLE, all_items, dynamo_tables
from tests.unit.samples import NOW, StoppedClock, batch, job_key, update

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SOON = NOW + 20
DAY = 86_400


@pytest.fixture
def client() -> Iterator[DynamoDBClient]:
    with dynamo_tables() as made:
        yield made


def journal(client: object, time: StoppedClock | None = None) -> DynamoJournal:
    return DynamoJournal(
        cast("DynamoDBClient", client),
        STATUS_TABLE,
        log_retention_days=7,
        job_retention_days=90,
        clock=(time or StoppedClock()).clock(),
    )


class MeddlingClient:
    """A client whose transactions lose against other publishers, while there are any."""

    def __init__(self, client: DynamoDBClient, *meddlers: Callable[[], object]) -> None:
        self._client = client
        self._meddlers = list(meddlers)
        self.transactions = 0

    def transact_write_items(self, **request: Any) -> Any:
        self.transactions += 1
        if self._meddlers:
            self._meddlers.pop(0)()
        return self._client.transact_write_items(**request)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


class MovingClient:
    """A client after whose queries other publishers commit, while there are any."""

    def __init__(self, client: DynamoDBClient, *movers: Callable[[], object]) -> None:
        self._client = client
        self._movers = list(movers)

    def query(self, **request: Any) -> Any:
        answer = self._client.query(**request)
        if self._movers:
            self._movers.pop(0)()
        return answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


class FailingClient:
    """A client whose every call fails in one way."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        def fail(**request: Any) -> Any:
            raise self._error

        return fail


def test_a_commit_writes_head_marker_log_and_agents(client: DynamoDBClient) -> None:
    said = {"a": 1, "tokenUsage": {"inputTokens": 7}}
    journal(client).commit(batch("b1", 2, metadata=said, progress=40, toolName="map"), deadline=SOON)
    items = all_items(client)
    midnight_after_90_days = (int(NOW) // DAY + 91) * DAY
    assert set(items) == {
        ("JOB#city#job-1", "AGENT#Geo Agent"),
        ("JOB#city#job-1", "HEAD"),
        ("JOB#city#job-1", "MARKER#b1"),
        ("JOB#city#job-1", "UPDATE#000000000001"),
        ("JOB#city#job-1", "UPDATE#000000000002"),
    }
    usage = {"M": {"inputTokens": {"N": "7"}, "outputTokens": {"N": "0"}, "totalTokens": {"N": "7"}}}
    snapshot = journal(client).snapshot(job_key())
    assert snapshot is not None
    own = {key: item.pop("fold") for key, item in items.items() if "fold" in item}
    assert own["JOB#city#job-1", "HEAD"] == {"S": json_text(snapshot.head.to_item()["fold"])}
    assert own["JOB#city#job-1", "AGENT#Geo Agent"] == {
        "S": json_text(snapshot.agents["Geo Agent"].to_item()["fold"])
    }
    assert items["JOB#city#job-1", "AGENT#Geo Agent"] == {
        "pk": {"S": "JOB#city#job-1"},
        "sk": {"S": "AGENT#Geo Agent"},
        "name": {"S": "Geo Agent"},
        "invocationId": {"S": "Geo Agent"},
        "attempt": {"N": "1"},
        "status": {"S": "in-progress"},
        "activity": {"S": "Looking at the map"},
        "startedAt": {"S": "2026-11-20T08:30:00.000Z"},
        "tokenUsage": usage,
        "tools": {"L": [{"S": "map"}]},
        "leaseExpiresAt": {"S": "2026-11-20T08:31:15.000Z"},
        "order": {"N": "64"},
        "run": {"N": "1"},
        "epoch": {"S": f"{int(NOW * 1000):x}"},
        "sequence": {"N": "2"},
        "expiresAt": {"N": str(midnight_after_90_days + 7 * DAY)},
    }
    assert items["JOB#city#job-1", "HEAD"] == {
        "pk": {"S": "JOB#city#job-1"},
        "sk": {"S": "HEAD"},
        "jobId": {"S": "job-1"},
        "tenantId": {"S": "city"},
        "userId": {"S": "ana"},
        "sequence": {"N": "2"},
        "epoch": {"S": f"{int(NOW * 1000):x}"},
        "run": {"N": "1"},
        "runFirstSequence": {"N": "1"},
        "overallStatus": {"S": "processing"},
        "createdAt": {"S": "2026-11-20T08:30:00.000Z"},
        "startedAt": {"S": "2026-11-20T08:30:00.000Z"},
        "lastUpdated": {"S": "2026-11-20T08:30:00.000Z"},
        "leaseExpiresAt": {"S": "2026-11-20T08:31:15.000Z"},
        "totalTokenUsage": usage,
        "userKey": {"S": "USER#city#ana"},
        "createdKey": {"S": "2026-11-20T08:30:00.000Z#job-1"},
        "tenantKey": {"S": "TENANT#city#processing"},
        "jobEvent": {"S": "job.started"},
        "expiresAt": {"N": str(midnight_after_90_days)},
        "rate": {"L": [{"N": "198000"}, {"N": f"{int(NOW * 1000)}"}]},
    }
    assert len(items["JOB#city#job-1", "MARKER#b1"].pop("digest")["S"]) == 32
    assert items["JOB#city#job-1", "MARKER#b1"] == {
        "pk": {"S": "JOB#city#job-1"},
        "sk": {"S": "MARKER#b1"},
        "firstSequence": {"N": "1"},
        "lastSequence": {"N": "2"},
        "expiresAt": {"N": str(int(NOW) + 21 * DAY)},
    }
    assert items["JOB#city#job-1", "UPDATE#000000000002"] == {
        "pk": {"S": "JOB#city#job-1"},
        "sk": {"S": "UPDATE#000000000002"},
        "jobId": {"S": "job-1"},
        "tenantId": {"S": "city"},
        "userId": {"S": "ana"},
        "eventId": {"S": "b1.1"},
        "sequence": {"N": "2"},
        "type": {"S": "agent_status"},
        "status": {"S": "agent_invoking"},
        "qualifiedStatus": {"S": "invoking_geo_agent"},
        "message": {"S": "Looking at the map"},
        "agentName": {"S": "Geo Agent"},
        "toolName": {"S": "map"},
        "progress": {"N": "40"},
        "timestamp": {"S": "2026-11-20T08:30:00.000Z"},
        "metadata": {"S": json_text(said)},
        "expiresAt": {"N": str(int(NOW) + 7 * DAY)},
    }


def test_a_commit_of_the_same_day_leaves_the_index_unchanged(client: DynamoDBClient) -> None:
    time = StoppedClock()
    journal(client, time).commit(batch("b1"), deadline=SOON)
    before = all_items(client)["JOB#city#job-1", "HEAD"]
    time.time += 3_600
    journal(client, time).commit(batch("b2"), deadline=SOON + 3_600)
    after = all_items(client)["JOB#city#job-1", "HEAD"]
    assert {name for name in after if after[name] != before[name]} <= {"sequence", "fold", "rate"}


def test_refused_statuses_are_kept_in_a_partition_of_their_own_until_the_log_expires(
    client: DynamoDBClient,
) -> None:
    journal(client).keep_refused(batch("b1", 2, userId="ben"))
    items = all_items(client)
    assert set(items) == {("REFUSED#city#job-1", "b1.0"), ("REFUSED#city#job-1", "b1.1")}
    assert items["REFUSED#city#job-1", "b1.0"]["userId"] == {"S": "ben"}
    assert items["REFUSED#city#job-1", "b1.0"]["expiresAt"] == {"N": str(int(NOW) + 7 * DAY)}


@pytest.mark.parametrize("meddlers", [1, 3])
def test_publishers_who_commit_at_the_same_time_leave_no_gap(client: DynamoDBClient, meddlers: int) -> None:
    other = journal(client)
    faster = [lambda n=n: other.commit(batch(f"other-{n}"), deadline=SOON) for n in range(meddlers)]
    meddling = MeddlingClient(client, *faster)
    time = StoppedClock()
    commit = journal(meddling, time).commit(batch("mine", 2), deadline=SOON)
    assert [u.sequence for u in commit.updates] == [meddlers + 1, meddlers + 2]
    everything = other.updates(job_key(), first=1, last=100)
    assert [u.sequence for u in everything] == list(range(1, meddlers + 3))
    assert len(time.slept) == meddlers


def test_the_pauses_between_conflicts_grow_to_a_bound(client: DynamoDBClient) -> None:
    other = journal(client)
    faster = [lambda n=n: other.commit(batch(f"other-{n}"), deadline=SOON) for n in range(8)]
    time = StoppedClock()
    journal(MeddlingClient(client, *faster), time).commit(batch("mine"), deadline=SOON)
    assert time.slept == [0.01, 0.02, 0.04, 0.08, 0.16, 0.25, 0.25, 0.25]


def test_conflicts_that_never_end_give_up_at_the_deadline(client: DynamoDBClient) -> None:
    other = journal(client)
    faster = [lambda n=n: other.commit(batch(f"other-{n}"), deadline=SOON) for n in range(100)]
    time = StoppedClock()
    with pytest.raises(JournalError) as gave_up:
        journal(MeddlingClient(client, *faster), time).commit(batch("mine"), deadline=NOW + 1)
    assert (gave_up.value.code, gave_up.value.retriable) == ("conflict", True)
    assert time.time < NOW + 1


def test_a_delivery_that_arrives_twice_at_once_is_committed_once(client: DynamoDBClient) -> None:
    other = journal(client)
    meddling = MeddlingClient(client, lambda: other.commit(batch("b1", 2), deadline=SOON))
    commit = journal(meddling).commit(batch("b1", 2), deadline=SOON)
    assert commit.redelivered
    assert [u.sequence for u in commit.updates] == [1, 2]


@pytest.mark.parametrize("new_table", [None, MemoryTable], ids=["moto", "table in memory"])
def test_a_job_that_ends_between_read_and_transaction_has_one_final_status(
    client: DynamoDBClient, new_table: Callable[[], Any] | None
) -> None:
    table = client if new_table is None else new_table()
    other = journal(table)
    other.commit(batch("b1"), deadline=SOON)
    its_own = batch("b2", agentName=None, status="complete")
    meddling = MeddlingClient(table, lambda: other.commit(its_own, deadline=SOON))
    closing = replace(batch("b3", agentName=None, status="error"), only_if_open=True)
    assert journal(meddling).commit(closing, deadline=SOON).skipped
    assert [u.status for u in other.updates(job_key(), first=1, last=9)] == ["agent_invoking", "complete"]


class CountingClient:
    """A table that accepts everything and stores nothing. It counts the read heads and agents."""

    def __init__(self) -> None:
        self.heads_read = 0
        self.agents_read: list[str] = []

    def transact_get_items(self, **request: Any) -> Any:
        keys = [get["Get"]["Key"]["sk"]["S"] for get in request["TransactItems"]]
        self.heads_read += keys.count("HEAD")
        self.agents_read += [key.removeprefix("AGENT#") for key in keys if key != "HEAD"]
        return {"Responses": [{} for _ in keys]}

    def transact_write_items(self, **request: Any) -> Any:
        return {}


def test_a_publisher_that_was_the_last_to_commit_reads_nothing_before_the_next() -> None:
    table = CountingClient()
    one = journal(table)
    first, second = (one.commit(batch(batch_id), deadline=SOON) for batch_id in ("b1", "b2"))
    assert (first.updates[0].sequence, second.updates[0].sequence) == (1, 2)
    assert (table.heads_read, table.agents_read) == (1, ["Geo Agent"])


def test_a_publisher_reads_only_the_agents_that_it_does_not_know(client: DynamoDBClient) -> None:
    one, other = journal(client), journal(client)
    other.commit(batch("b0", agentName="Category Agent"), deadline=SOON)
    one.commit(batch("b1"), deadline=SOON)
    one.commit(batch("b2", agentName="Category Agent", progress=40), deadline=SOON)
    snapshot = other.snapshot(job_key())
    assert snapshot is not None
    assert snapshot == fold(other.updates(job_key(), first=1, last=3), epoch=snapshot.head.epoch)


def test_a_publisher_forgets_agents_of_a_job_with_very_many(client: DynamoDBClient) -> None:
    table = CountingClient()
    one = journal(table)
    for n in range(70):
        one.commit(batch(f"b{n}", agentName=f"Agent {n}"), deadline=SOON)
    before = len(table.agents_read)
    for n in (69, 0):
        one.commit(batch(f"again-{n}", agentName=f"Agent {n}"), deadline=SOON)
    assert (table.heads_read, table.agents_read[before:]) == (1, ["Agent 0"])


def test_a_snapshot_that_moves_while_it_is_read_is_read_again(client: DynamoDBClient) -> None:
    other = journal(client)
    other.commit(batch("b1"), deadline=SOON)
    moving = MovingClient(client, lambda: other.commit(batch("b2", progress=40), deadline=SOON))
    snapshot = journal(moving).snapshot(job_key())
    assert snapshot is not None
    assert snapshot == fold(other.updates(job_key(), first=1, last=2), epoch=snapshot.head.epoch)
    assert snapshot.head.sequence == 2


def test_a_snapshot_that_always_changes_is_not_invented(client: DynamoDBClient) -> None:
    other = journal(client)
    other.commit(batch("b0"), deadline=SOON)
    moves = [lambda n=n: other.commit(batch(f"m{n}"), deadline=SOON) for n in range(20)]
    with pytest.raises(JournalError) as gave_up:
        journal(MovingClient(client, *moves)).snapshot(job_key())
    assert (gave_up.value.code, gave_up.value.retriable) == ("conflict", True)


def test_a_publisher_reads_a_head_again_after_a_while() -> None:
    table = CountingClient()
    time = StoppedClock()
    one = journal(table, time)
    one.commit(batch("b1"), deadline=SOON)
    time.time += 301
    one.commit(batch("b2"), deadline=SOON + 400)
    assert table.heads_read == 2


def test_a_publisher_remembers_a_bounded_number_of_heads() -> None:
    table = CountingClient()
    one = journal(table)
    for n in range(1_001):
        one.commit(batch("b1", 1, jobId=f"job-{n}"), deadline=SOON)
    one.commit(batch("b2", 1, jobId="job-1000"), deadline=SOON)
    assert table.heads_read == 1_001
    one.commit(batch("b2", 1, jobId="job-0"), deadline=SOON)
    assert table.heads_read == 1_002


def failure(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "said DynamoDB"}}, "TransactWriteItems")


def cancelled(*reasons: str) -> ClientError:
    error = failure("TransactionCanceledException")
    error.response["CancellationReasons"] = [{"Code": reason} for reason in reasons]
    return error


FAILURES = [
    (failure("ThrottlingException"), "ThrottlingException", True),
    (failure("ProvisionedThroughputExceededException"), "ProvisionedThroughputExceededException", True),
    (failure("InternalServerError"), "InternalServerError", True),
    (failure("AccessDeniedException"), "AccessDeniedException", False),
    (failure("ResourceNotFoundException"), "ResourceNotFoundException", False),
    (failure("ValidationException"), "ValidationException", False),
    (EndpointConnectionError(endpoint_url="http://127.0.0.1"), "EndpointConnectionError", True),
]


@pytest.mark.parametrize(("error", "code", "retriable"), FAILURES)
def test_a_failure_of_the_table_is_retriable_or_not(error: Exception, code: str, retriable: bool) -> None:
    broken = journal(FailingClient(error))
    calls: list[Callable[[], object]] = [
        lambda: broken.commit(batch(), deadline=SOON),
        lambda: broken.keep_refused(batch()),
        lambda: broken.updates(job_key(), first=1, last=2),
    ]
    for call in calls:
        with pytest.raises(JournalError) as failed:
            call()
        assert (failed.value.code, failed.value.retriable) == (code, retriable)


@pytest.mark.parametrize(("error", "code", "retriable"), FAILURES)
def test_a_failure_of_the_sessions_is_retriable_or_not(error: Exception, code: str, retriable: bool) -> None:
    store = DynamoSessionStore(cast("DynamoDBClient", FailingClient(error)), SESSIONS_TABLE)
    with pytest.raises(SessionStoreError) as failed:
        store.audience("city", "ana", now=NOW, of_several=True)
    assert (failed.value.code, failed.value.retriable) == (code, retriable)


class CancellingClient(FailingClient):
    """No head, and every transaction is cancelled for the given reasons."""

    def transact_get_items(self, **request: Any) -> Any:
        return {"Responses": [{} for _ in request["TransactItems"]]}


def test_a_transaction_that_dynamo_finds_invalid_is_not_tried_again() -> None:
    error = cancelled("None", "None", "ValidationError")
    with pytest.raises(JournalError) as failed:
        journal(CancellingClient(error)).commit(batch(), deadline=SOON)
    assert failed.value.retriable is False


@pytest.mark.parametrize("reason", ["TransactionConflict", "ThrottlingError", "ConditionalCheckFailed"])
def test_a_cancelled_transaction_is_tried_again_until_the_deadline(reason: str) -> None:
    error = cancelled(reason, "None", "None")
    time = StoppedClock()
    with pytest.raises(JournalError) as gave_up:
        journal(CancellingClient(error), time).commit(batch(), deadline=NOW + 1)
    assert gave_up.value.code == "conflict"
    assert len(time.slept) > 3


def largest_update() -> StatusUpdate:
    """A status with every field at its limit, in characters that take the most bytes."""
    wide = "\U0001f6e3"
    names = ("invocationId", "parentInvocationId", "toolName", "agentName", "jobId", "userId", "tenantId")
    return update(
        wide * limits.ID_LENGTH,
        **dict.fromkeys(names, wide * limits.ID_LENGTH),
        qualifiedStatus=wide * limits.QUALIFIED_STATUS_LENGTH,
        status="s" * limits.STATUS_LENGTH,
        message=wide * limits.MESSAGE_LENGTH,
        metadata={"k": '"' * ((limits.METADATA_BYTES - 8) // 2)},
        progress=33.333,
        etaSeconds=12345.678,
        executionTimeMs=limits.WHOLE_NUMBER_MAX,
        attempt=limits.WHOLE_NUMBER_MAX,
    )


def test_the_largest_commit_stays_far_below_what_a_transaction_takes() -> None:
    count = limits.UPDATES_PER_COMMIT
    beside = {"operatorDetail": "o" * limits.OPERATOR_BYTES, "detailKey": "k" * 134}
    entry = Entry(index=0, update=largest_update(), attributes=beside)
    change = change_of(None, Batch(batch_id="b", entries=(entry,) * count), epoch="e")
    writer = CommitWriter("T", log_seconds=1, job_seconds=1)
    actions = writer.actions("b", change, now=int(NOW))
    assert len(json_text(actions).encode()) < 2_000_000
    # An agent can grow to 40 KiB (test_fold: items stay small at the limits), and a transaction takes 4 MiB.
    assert 2_000_000 + limits.AGENTS_PER_COMMIT * 40 * 1024 < 4 * 1024 * 1024


def test_the_largest_status_fits_one_push_and_its_keys_fit_dynamo() -> None:
    (push,) = pushes([largest_update().numbered(1)], Audience.JOINED)
    assert len(json_text(push.to_wire()).encode()) < limits.PUSH_BYTES
    created_key = f"{push.timestamp}#{push.job_id}"
    assert len(created_key.encode()) < 1_024
