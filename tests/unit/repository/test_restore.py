"""The program of docs/how-to/backup.md, on two tables in memory."""

from __future__ import annotations

import time
from typing import Any

import pytest

from statusbeam.log.journal.dynamo import DynamoJournal
from statusbeam.model.settings import StatusTable
from tests.documents import DOCS, blocks
from tests.unit.dynamo_tables import STATUS_TABLE, dynamo_tables
from tests.unit.samples import batch_of, update

RESTORED = "restored"


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


def make_restored(client: Any) -> None:
    """Create a table with the keys of the status table: AWS restores its keys and its items."""
    described = client.describe_table(TableName=STATUS_TABLE)["Table"]
    keys = [key["AttributeName"] for key in described["KeySchema"]]
    client.create_table(
        TableName=RESTORED,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=described["KeySchema"],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
    )


def test_a_lost_job_is_whole_again_and_makes_no_event() -> None:
    with dynamo_tables() as client:
        make_restored(client)
        commit(client, RESTORED, "b1", "one", "two")
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
        make_restored(client)
        commit(client, RESTORED, "b1", "one", "two")
        commit(client, STATUS_TABLE, "b2", "three")
        before = client.scan(TableName=STATUS_TABLE)["Items"]
        assert copy_jobs(RESTORED, STATUS_TABLE) == 0
        assert client.scan(TableName=STATUS_TABLE)["Items"] == before
