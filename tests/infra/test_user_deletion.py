"""`statusbeam delete-user`, on tables and buckets made from the templates: the remaining data of a user.

A table that a construct adds fails here, until the command deletes from it or the page says why not.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

import statusbeam.cdk
from statusbeam.cdk import NotificationOptions
from statusbeam.cli.main import main
from statusbeam.log.journal.dynamo import DynamoJournal
from statusbeam.log.publishing.payload import batches, parse_payload
from statusbeam.log.publishing.screening import detail_folder
from statusbeam.model.settings import SessionsTable
from tests.infra.synthesised import ROOT, Resource, Stack
from tests.infra.test_status_notifications import CHANNELS
from tests.infra.test_statusbeam_construct import stack_with
from tests.unit.statusbeam.cli.test_operating_commands import Client, entry_of, target_on

if TYPE_CHECKING:
    from pathlib import Path

    from aws_cdk import Stack as CdkStack

KEPT = {
    "approvals": ("job", "invocation"),
    "running executions": ("job", "execution"),
    "Slack threads": ("job", "channel"),
}
"""The tables that the command leaves alone, by their keys. docs/how-to/upgrade.md says why."""
EMPTIED = {"jobs and statuses": ("pk", "sk"), "sessions": ("tenant_id", "sk")}
MAKERS = {
    "storage/tables.py",
    "notifications/status_notifications.py",
    "workflows/approvals.py",
    "workflows/execution_stopper.py",
}


@pytest.fixture(scope="module")
def notifying(node_beside_the_interpreter: None, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """A deployment that notifies Slack."""

    def fill(stack: CdkStack) -> None:
        status = statusbeam.cdk.Statusbeam(stack, "Status")
        options = NotificationOptions(channels=CHANNELS)
        statusbeam.cdk.StatusNotifications(stack, "Notifications", status=status, options=options)

    return stack_with(tmp_path_factory.mktemp("cdk.out"), fill)


def keys_of(table: Resource) -> tuple[str, ...]:
    """The names of its key attributes."""
    return tuple(key["AttributeName"] for key in table.properties["KeySchema"])


def make(client: Any, table: Resource) -> None:
    """Create the table from its template."""
    names = ("KeySchema", "AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes")
    wanted = {name: table.properties[name] for name in names if name in table.properties}
    client.create_table(TableName=table.name, **wanted)


def put_items_of_ana(client: Any, table: Resource) -> None:
    """An item of a user's in a table: of any table that is not known, one with the job's key."""
    partition, sort = keys_of(table)
    if keys_of(table) == EMPTIED["sessions"]:
        keys = [("acme", "ana#1"), ("acme", f"{SessionsTable.TENANT_PREFIX}ana#2")]
    else:
        keys = [("acme#job-1", "one")]
    for values in keys:
        client.put_item(TableName=table.name, Item={partition: {"S": values[0]}, sort: {"S": values[1]}})


def test_a_user_leaves_items_only_in_the_tables_that_the_page_names(
    stacks: dict[str, Stack],
    notifying: Stack,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    status = stacks["Dev-Status"]
    tables = {
        keys_of(table): table
        for stack in (notifying, stacks["Dev-Example"], status)
        for table in stack.all("AWS::DynamoDB::Table")
    }
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        objects = boto3.client("s3", region_name="us-east-1")
        for keys, table in tables.items():
            make(client, table)
            if keys != EMPTIED["jobs and statuses"]:
                put_items_of_ana(client, table)
        status_table = status.outputs["StatusTable"]["Value"]["Ref"]
        report(client, status_table)
        publisher = status.function("status_publisher.handler.handler")
        bucket = publisher.properties["Environment"]["Variables"]["DETAIL_BUCKET"]["Ref"].lower()
        objects.create_bucket(Bucket=bucket)
        objects.put_object(Bucket=bucket, Key=f"{detail_folder('acme', 'ana', 'job-1')}1.json", Body=b"{}")
        functions = Client(
            get_function_configuration={"Environment": {"Variables": {"DETAIL_BUCKET": bucket}}}
        )
        outputs = {
            "StatusTable": status_table,
            "UserSessionsTable": status.outputs["UserSessionsTable"]["Value"]["Ref"],
            "PublisherFunctionArn": "arn:p",
        }
        target_on(monkeypatch, tmp_path, outputs, **{"lambda": functions})
        assert main(["delete-user", "--user", "ana", "--tenant", "acme", "--yes"]) == 0
        left = {keys for keys, table in tables.items() if client.scan(TableName=table.name)["Items"]}
        assert left == set(KEPT.values())
        assert set(tables) - left == set(EMPTIED.values())
        assert "Contents" not in objects.list_objects_v2(Bucket=bucket)


def report(client: Any, table: str) -> None:
    """A job of ana's, as the publisher commits it."""
    journal = DynamoJournal(client, table, log_retention_days=7, job_retention_days=90)
    payload = {"batchId": "b", "updates": [entry_of("ana", "job-1", number, 1) for number in range(3)]}
    for parts in batches(parse_payload(payload, batch_id="b", now=1e9)):
        for part in parts:
            journal.commit(part, deadline=9e9)
    assert client.scan(TableName=table)["Count"] > 3


def test_every_module_that_makes_a_table_is_in_these_stacks() -> None:
    folder = ROOT / "statusbeam/cdk"
    makers = {
        str(file.relative_to(folder))
        for file in folder.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"Table", "TableV2", "CfnTable", "CfnGlobalTable"}
    }
    assert makers == MAKERS


def test_the_status_stack_has_no_bucket_but_that_of_details(stacks: dict[str, Stack]) -> None:
    status = stacks["Dev-Status"]
    publisher = status.function("status_publisher.handler.handler")
    details = publisher.properties["Environment"]["Variables"]["DETAIL_BUCKET"]["Ref"]
    assert [bucket.name for bucket in status.all("AWS::S3::Bucket")] == [details]


def test_the_page_states_for_every_table_what_stays() -> None:
    section = (ROOT / "docs/how-to/upgrade.md").read_text().partition("\n## Delete a user's data\n")[2]
    rows = [line.split(" | ")[0].strip("| ") for line in section.partition("\n## ")[0].splitlines()]
    for name in (*EMPTIED, *KEPT):
        assert name in rows
