"""`statusbeam delete-user`: deletes a user's data."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Option

from statusbeam.model.settings import SessionsTable, StatusTable

from ..command import CommandError, ExitCode
from ..options import OutputFormat, TargetOptions
from ..parser import command
from ..plain_text import print_line
from ..records import Output, print_document

if TYPE_CHECKING:
    from statusbeam.client.target import Target

_AT_ONCE = 25
Keys = list[dict[str, Any]]


def delete_user(
    options: TargetOptions,
    *,
    user: Annotated[str, Option("--user", metavar="ID", help="id of the user, as statuses name it")],
    tenant: Annotated[str, Option("--tenant", metavar="ID", help="tenant of the user")],
    yes: Annotated[bool, Option("--yes", help="delete without a question")] = False,
    output: OutputFormat = Output.TABLE,
) -> int:
    """Delete a user's jobs with their logs, the details that were too big for the log, and the sessions.

    Only a backup can undo this. A job that still runs reports again: end its work first. Two kinds of items
    stay until they expire: refused statuses of the user in other users' jobs, and the mark of an ended login.
    """
    target = options.target()
    if not yes:
        if not sys.stdin.isatty():
            raise CommandError("--yes is required without a terminal.", ExitCode.WRONG_CALL)
        typer.confirm(
            f"Delete everything of {user} in {tenant} ({target.choice.place.value})?", abort=True, err=True
        )
    counts = Deletion(target).delete(user, tenant)
    print_document(
        output,
        counts,
        lambda _: print_line(", ".join(f"{count} {name}" for name, count in counts.items()), "deleted."),
    )
    return 0


class Deletion:
    """Deletes from the tables and the bucket of one deployment. Methods raise ClientError."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._tables = target.client("dynamodb")
        self._bucket: str | None = None

    def delete(self, user: str, tenant: str) -> dict[str, int]:
        """Delete everything; returns the count of each kind."""
        from statusbeam.client.aws_errors import aws_call  # noqa: PLC0415 - --help does without
        from statusbeam.log.publishing.screening import detail_folder  # noqa: PLC0415 - as above

        counts = {"jobs": 0, "items": 0, "details": 0, "sessions": 0}
        with aws_call(f"delete the data of {user}"):
            for partition, job_id in self._jobs(user, tenant):
                counts["jobs"] += 1
                counts["details"] += self._delete_details(detail_folder(tenant, user, job_id))
                counts["items"] += self._delete_job(partition)
            counts["sessions"] = self._delete_sessions(user, tenant)
        return counts

    def _jobs(self, user: str, tenant: str) -> list[tuple[str, str]]:
        """Partition key and id of each job."""
        key = f"{StatusTable.USER_PREFIX}{tenant}#{user}"
        query = {
            "TableName": self._target.output("StatusTable"),
            "IndexName": StatusTable.BY_USER,
            "KeyConditionExpression": "#key = :key",
            "ExpressionAttributeNames": {"#key": StatusTable.BY_USER_PARTITION_KEY},
            "ExpressionAttributeValues": {":key": {"S": key}},
        }
        return [(item[StatusTable.PARTITION_KEY]["S"], item["jobId"]["S"]) for item in self._items(query)]

    def _delete_job(self, partition: str) -> int:
        """The head goes last: an interrupted deletion finds the job again."""
        pk, sk = StatusTable.PARTITION_KEY, StatusTable.SORT_KEY
        table = self._target.output("StatusTable")
        query = {
            "TableName": table,
            "ConsistentRead": True,
            "ProjectionExpression": "#pk, #sk",
            "KeyConditionExpression": "#pk = :pk",
            "ExpressionAttributeNames": {"#pk": pk, "#sk": sk},
            "ExpressionAttributeValues": {":pk": {"S": partition}},
        }
        items = list(self._items(query))
        items.sort(key=lambda item: item[sk]["S"] == StatusTable.HEAD)
        self._delete_items(table, [{pk: item[pk], sk: item[sk]} for item in items])
        return len(items)

    def _delete_sessions(self, user: str, tenant: str) -> int:
        pk, sk = SessionsTable.PARTITION_KEY, SessionsTable.SORT_KEY
        table = self._target.output("UserSessionsTable")
        keys: Keys = []
        for beginning in (f"{user}#", f"{SessionsTable.TENANT_PREFIX}{user}#"):
            query = {
                "TableName": table,
                "ConsistentRead": True,
                "KeyConditionExpression": "#pk = :pk AND begins_with(#sk, :beginning)",
                "ExpressionAttributeNames": {"#pk": pk, "#sk": sk},
                "ExpressionAttributeValues": {":pk": {"S": tenant}, ":beginning": {"S": beginning}},
            }
            keys += [{pk: item[pk], sk: item[sk]} for item in self._items(query)]
        self._delete_items(table, keys)
        return len(keys)

    def _items(self, query: dict[str, Any]) -> Iterator[dict[str, Any]]:
        for page in self._tables.get_paginator("query").paginate(**query):
            yield from page["Items"]

    def _delete_items(self, table: str, keys: Keys) -> None:
        for first in range(0, len(keys), _AT_ONCE):
            requests = [{"DeleteRequest": {"Key": key}} for key in keys[first : first + _AT_ONCE]]
            pending = {table: requests}
            while pending:
                pending = self._tables.batch_write_item(RequestItems=pending).get("UnprocessedItems") or {}

    def _delete_details(self, folder: str) -> int:
        if self._bucket is None:
            # The publisher's settings name the bucket; no output does.
            function = self._target.client("lambda").get_function_configuration(
                FunctionName=self._target.output("PublisherFunctionArn")
            )
            self._bucket = function["Environment"]["Variables"]["DETAIL_BUCKET"]
        objects, count = self._target.client("s3"), 0
        for page in objects.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=folder):
            for found in page.get("Contents", ()):
                objects.delete_object(Bucket=self._bucket, Key=found["Key"])
                count += 1
        return count


COMMAND = command(
    delete_user, examples=("statusbeam delete-user --stack Dev-Status --user ana --tenant acme",)
)
