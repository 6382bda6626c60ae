"""`statusbeam run`: starts a workflow."""

from __future__ import annotations

import json
import re
import sys
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from ..command import CommandError, ExitCode
from ..options import OutputFormat, Timeout, UserOptions
from ..parser import command
from ..plain_text import print_line
from ..records import Output, print_document

if TYPE_CHECKING:
    from statusbeam.client.target import Target

EXECUTION_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
"""The names that Step Functions takes, without dots: it drops dots from some addresses."""


def run(
    workflow: Annotated[
        str,
        Argument(metavar="WORKFLOW", help="state machine: its ARN, its name, or a unique part of its name"),
    ],
    options: UserOptions,
    *,
    input_: Annotated[
        str,
        Option(
            "--input", "-i", metavar="JSON|FILE", help="input of the workflow: a JSON object, a file, or -"
        ),
    ] = "{}",
    job: Annotated[
        str | None, Option("--job", metavar="ID", help="id of a new job; without it, the command makes one")
    ] = None,
    watch: Annotated[bool, Option("--watch", help="follow the job live")] = False,
    timeout: Timeout = None,
    output: OutputFormat = Output.TABLE,
) -> int:
    """Start a workflow, and print the id of its job.

    The workflow's input gets jobId, userId and tenantId. With --watch, the command follows the job like
    `statusbeam watch`, with the same exit codes.
    """
    document = read_input("--input", input_)
    job_id = job or f"job-{uuid.uuid4().hex[:12]}"
    if EXECUTION_NAME.fullmatch(job_id) is None:
        raise CommandError(
            "--job must be 1 to 80 letters, digits, hyphens and underscores.", ExitCode.WRONG_CALL
        )
    target, deployment = options.target(), options.deployment()
    ids = {"jobId": job_id, "userId": deployment.user_id, "tenantId": deployment.tenant_id}
    arn = start(target, workflow, job_id, {**document, **ids})
    if not watch:
        started = {"jobId": job_id, "executionArn": arn}
        print_document(output, started, lambda _: print_line(job_id))
        return 0
    from ..watching import WatchOptions, exit_code, follow_jobs, view_of  # noqa: PLC0415

    wanted = WatchOptions(jobs=[job_id], timeout=timeout)
    document_format = None if output is Output.TABLE else output
    return exit_code(follow_jobs(deployment, wanted, lambda watched: view_of(watched, document_format)))


def read_input(option: str, text: str) -> dict[str, Any]:
    """The object in an option's value, in the file it names, or in stdin. Raises CommandError."""
    try:
        if text == "-":
            content = sys.stdin.read()
        else:
            content = text if text.lstrip().startswith("{") else Path(text).read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise CommandError(f"can't read {text}: {error}", ExitCode.WRONG_CALL) from error
    try:
        document = json.loads(content)
    except ValueError as error:
        raise CommandError(f"{option} is not JSON: {error}", ExitCode.WRONG_CALL) from error
    if not isinstance(document, dict):
        raise CommandError(f"{option} must be a JSON object.", ExitCode.WRONG_CALL)
    return document


def start(target: Target, workflow: str, job_id: str, document: Mapping[str, Any]) -> str:
    """Start an execution that is named like its job; returns its ARN. Raises ClientError, CommandError."""
    from botocore.exceptions import ClientError as ServiceError  # noqa: PLC0415 - loads the AWS SDK

    from statusbeam.client.aws_errors import aws_call  # noqa: PLC0415 - --help does without

    machines = target.client("stepfunctions")
    with aws_call(f"start {workflow}"):
        arn = workflow if workflow.startswith("arn:") else _found(workflow, _machines(machines))
        try:
            started = machines.start_execution(stateMachineArn=arn, name=job_id, input=json.dumps(document))
        except ServiceError as error:
            if error.response["Error"]["Code"] != "ExecutionAlreadyExists":
                raise
            raise CommandError(
                f"{workflow} has run the job {job_id} already: name another with --job, or leave --job out.",
                ExitCode.WRONG_CALL,
            ) from error
    return str(started["executionArn"])


def _machines(client: Any) -> dict[str, str]:
    pages = client.get_paginator("list_state_machines").paginate()
    return {
        machine["name"]: machine["stateMachineArn"] for page in pages for machine in page["stateMachines"]
    }


def _found(workflow: str, machines: Mapping[str, str]) -> str:
    if workflow in machines:
        return machines[workflow]
    found = [name for name in machines if workflow.lower() in name.lower()]
    if len(found) == 1:
        return machines[found[0]]
    raise CommandError(_which(workflow, found or machines), ExitCode.NOT_FOUND)


def _which(workflow: str, names: Iterable[str]) -> str:
    return f"{workflow} names no single state machine. There are: {', '.join(sorted(names)) or 'none'}."


COMMAND = command(
    run,
    examples=(
        'statusbeam run complaints --input \'{"complaint": "A pothole on Elm Street"}\' --watch',
        "statusbeam run arn:aws:states:eu-west-1:111122223333:stateMachine:Report --input report.json",
    ),
)
