"""The drill of docs/how-to/backup.md, on localcloud: the page's own commands, and its own program.

The emulator restores at once, and a table as it is now, whatever time a call names. It does not turn on
point-in-time recovery: tests/infra/test_stacks.py holds the template to it.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from statusbeam.model.job_key import JobKey
from statusbeam.model.settings import StatusTable
from tests.documents import DOCS, blocks
from tests.e2e.cloud import Cloud, fresh_id
from tests.e2e.terminal import Terminal

PAGE = blocks(DOCS / "how-to/backup.md")
RESTORED = "restored"


def call(dynamodb: Any, action: str, table: str) -> dict[str, Any]:
    """Call what the page's one `aws dynamodb <action>` calls, with the name of the stack's table."""
    shell = "\n".join(block.code for block in PAGE if block.language == "sh").replace("\\\n", " ")
    (line,) = [line for line in shell.splitlines() if line.startswith(f"aws dynamodb {action} ")]
    words = shlex.split(line.replace("<table>", table))[3:]
    names = ["".join(part.title() for part in option.removeprefix("--").split("-")) for option in words[::2]]
    method = getattr(dynamodb, action.replace("-", "_"))
    answer: dict[str, Any] = method(**dict(zip(names, words[1::2], strict=True)))
    return answer


def copy_jobs(cloud: Cloud, folder: Path, *tables: str) -> str:
    """Run the page's program."""
    (block,) = [block for block in PAGE if block.file == "copy_jobs.py"]
    program = folder / "copy_jobs.py"
    program.write_text(block.code)
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": cloud.outputs.aws_endpoint_url,
        "AWS_DEFAULT_REGION": cloud.outputs.region,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    done = subprocess.run(
        [sys.executable, str(program), *tables], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def lose(dynamodb: Any, table: str, job: JobKey) -> None:
    """Delete all items of a job."""
    partition = {"S": f"{StatusTable.JOB_PREFIX}{job.text}"}
    items = dynamodb.query(
        TableName=table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": partition},
    )["Items"]
    assert items
    for item in items:
        dynamodb.delete_item(TableName=table, Key={"pk": partition, "sk": item["sk"]})


def shown(terminal: Terminal, *arguments: str) -> dict[str, Any]:
    """The job without its liveness, which the passing time changes: of itself, and of its agents."""
    job: dict[str, Any] = terminal.json("show", *arguments)
    for part in (job, *job["agents"]):
        del part["liveness"]
    return job


@pytest.fixture
def dynamodb(cloud: Cloud) -> Iterator[Any]:
    """The emulator's tables, without the restored one in the end."""
    client = cloud.aws("dynamodb")
    yield client
    if RESTORED in client.list_tables()["TableNames"]:
        client.delete_table(TableName=RESTORED)


def test_a_lost_job_is_restored_and_goes_on(cloud: Cloud, dynamodb: Any, tmp_path: Path) -> None:
    terminal = Terminal(cloud, tmp_path)
    table = cloud.outputs.status_table
    user = cloud.new_user(fresh_id("tenant"))
    ids = ("--user", user.user_id, "--tenant", user.tenant_id)
    lost, kept = fresh_id("lost"), fresh_id("kept")
    for job_id in (lost, kept):
        terminal.call("publish", job_id, "loading_agents", *ids)
        terminal.call("publish", job_id, "invoking_geo_agent", *ids)
    job, updates = shown(terminal, lost, *ids), terminal.json("updates", lost, *ids)
    assert [update["sequence"] for update in updates] == [1, 2]

    described = call(dynamodb, "describe-continuous-backups", table)["ContinuousBackupsDescription"]
    assert "PointInTimeRecoveryDescription" in described
    call(dynamodb, "restore-table-to-point-in-time", table)
    assert call(dynamodb, "describe-table", table)["Table"]["TableStatus"] == "ACTIVE"

    lose(dynamodb, table, JobKey(user.tenant_id, lost))
    terminal.call("show", lost, *ids, code=5)
    assert copy_jobs(cloud, tmp_path, RESTORED, table) == "1 jobs copied\n"
    assert shown(terminal, lost, *ids) == job
    assert terminal.json("updates", lost, *ids) == updates
    assert {one["jobId"] for one in terminal.json("jobs", *ids)} == {lost, kept}

    terminal.call("publish", lost, "complete", *ids)
    (*before, last) = terminal.json("updates", lost, *ids)
    assert (before, last["sequence"]) == (updates, 3)
    assert copy_jobs(cloud, tmp_path, RESTORED, table) == "0 jobs copied\n"
    call(dynamodb, "delete-table", table)
    assert RESTORED not in dynamodb.list_tables()["TableNames"]
