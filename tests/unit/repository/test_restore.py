"""The program of docs/how-to/backup.md, on a table in memory and what was restored of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from statusbeam.bridge.log_reader.dynamo_reader import DynamoLogReader
from statusbeam.log.journal.dynamo import DynamoJournal
from statusbeam.model.settings import StatusTable
from statusbeam.model.words import OverallStatus
from tests.documents import DOCS, blocks
from tests.unit.dynamo_tables import STATUS_TABLE, dynamo_tables
from tests.unit.samples import batch_of, job_key, update

RESTORED = "restored"
JOB = job_key()


def copy_jobs(restored: str, table: str) -> int:
    """Run the page's program."""
    (block,) = [one for one in blocks(DOCS / "how-to/backup.md") if one.file == "copy_jobs.py"]
    names: dict[str, Any] = {"__name__": "copy_jobs"}
    exec(block.code, names)  # noqa: S102 - the page's own program
    copied: int = names["copy_jobs"](restored, table)
    return copied


def commit(client: Any, table: str, batch_id: str, *event_ids: str) -> None:
    journal = DynamoJournal(client, table, log_retention_days=7, job_retention_days=90)
    journal.commit(
        batch_of([update(event_id) for event_id in event_ids], batch_id), deadline=time.time() + 60
    )


@pytest.fixture(autouse=True)
def region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


def restore_a_moment(client: Any) -> None:
    client.restore_table_to_point_in_time(
        SourceTableName=STATUS_TABLE, TargetTableName=RESTORED, RestoreDateTime=time.time()
    )


def restore_a_backup(client: Any) -> None:
    made = client.create_backup(TableName=STATUS_TABLE, BackupName="nightly")
    client.restore_table_from_backup(TargetTableName=RESTORED, BackupArn=made["BackupDetails"]["BackupArn"])


def lose_all(client: Any) -> None:
    """Delete everything from the status table."""
    for item in client.scan(TableName=STATUS_TABLE)["Items"]:
        client.delete_item(TableName=STATUS_TABLE, Key={"pk": item["pk"], "sk": item["sk"]})


async def job_as_read(client: Any, table: str) -> tuple[Any, Any, Any]:
    """The job in the list of its tenant, its snapshot and its log, as the bridge reads them."""
    reader = DynamoLogReader(client, table)
    try:
        listed = await reader.heads_of_tenant("city", OverallStatus.PROCESSING, limit=10)
        return listed, await reader.snapshot(JOB), await reader.updates(JOB, first=1, last=2)
    finally:
        reader.close()


@pytest.mark.parametrize("restore", [restore_a_moment, restore_a_backup])
async def test_readers_find_a_job_in_the_restored_table_and_in_the_stacks_after_the_copy(
    restore: Callable[[Any], None],
) -> None:
    with dynamo_tables() as client:
        commit(client, STATUS_TABLE, "b1", "one", "two")
        before = await job_as_read(client, STATUS_TABLE)
        assert [len(before[0]), len(before[2])] == [1, 2]
        restore(client)
        lose_all(client)
        assert (await job_as_read(client, STATUS_TABLE))[1] is None
        assert await job_as_read(client, RESTORED) == before
        assert copy_jobs(RESTORED, STATUS_TABLE) == 1
        assert await job_as_read(client, STATUS_TABLE) == before


def test_a_lost_job_is_whole_again_and_makes_no_event() -> None:
    with dynamo_tables() as client:
        commit(client, STATUS_TABLE, "b1", "one", "two")
        restore_a_moment(client)
        lose_all(client)
        assert any(StatusTable.JOB_EVENT in item for item in client.scan(TableName=RESTORED)["Items"])
        assert copy_jobs(RESTORED, STATUS_TABLE) == 1
        items = client.scan(TableName=STATUS_TABLE)["Items"]
        assert len(items) == client.scan(TableName=RESTORED)["Count"]
        assert not any(StatusTable.JOB_EVENT in item for item in items)
        commit(client, STATUS_TABLE, "b2", "three")
        (head,) = [item for item in client.scan(TableName=STATUS_TABLE)["Items"] if item["sk"]["S"] == "HEAD"]
        assert head["sequence"] == {"N": "3"}


def test_a_job_that_reported_again_is_left_alone() -> None:
    with dynamo_tables() as client:
        commit(client, STATUS_TABLE, "b1", "one", "two")
        restore_a_moment(client)
        lose_all(client)
        commit(client, STATUS_TABLE, "b2", "three")
        before = client.scan(TableName=STATUS_TABLE)["Items"]
        assert copy_jobs(RESTORED, STATUS_TABLE) == 0
        assert client.scan(TableName=STATUS_TABLE)["Items"] == before
