"""`statusbeam publish`: one status, straight to the publisher."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from ..command import CommandError, ExitCode
from ..options import JobId, OutputFormat, UserOptions
from ..parser import command
from ..plain_text import print_line
from ..records import Output, print_document

if TYPE_CHECKING:
    from statusbeam.client.target import Target

FOREIGN = "foreign_owner"


def publish(
    job: JobId,
    status: Annotated[
        str, Argument(metavar="STATUS", help="word, for example progress, agent_invoking or complete")
    ],
    options: UserOptions,
    *,
    message: Annotated[
        str, Option("--message", "-m", metavar="TEXT", help="message for the job's readers")
    ] = "",
    agent: Annotated[str | None, Option("--agent", metavar="NAME", help="agent that reports")] = None,
    tool: Annotated[str | None, Option("--tool", metavar="NAME", help="tool that the agent uses")] = None,
    progress: Annotated[
        float | None,
        Option("--progress", min=0, max=100, metavar="PERCENT", help="progress in percent, from 0 to 100"),
    ] = None,
    attempt: Annotated[int | None, Option("--attempt", min=1, metavar="NUMBER", help="of the agent")] = None,
    metadata: Annotated[
        str, Option("--metadata", metavar="JSON|FILE", help="object, for example a plan or a result")
    ] = "{}",
    output: OutputFormat = Output.TABLE,
) -> int:
    """Publish one status of a job, and wait until it is committed.

    The command calls the publisher directly, not through the queue: the status may overtake queued ones.
    Requires the permission lambda:InvokeFunction on the publisher.
    """
    from .run import read_input  # noqa: PLC0415 - --help does without

    deployment = options.deployment()
    entry = {
        "jobId": job,
        "userId": deployment.user_id,
        "tenantId": deployment.tenant_id,
        "eventId": str(uuid.uuid4()),
        "status": status,
        "message": message or status,
        "agentName": agent,
        "toolName": tool,
        "progress": progress,
        "attempt": attempt,
        "metadata": json.dumps(read_input("--metadata", metadata)) if metadata != "{}" else None,
    }
    answer = invoke(options.target(), {name: value for name, value in entry.items() if value is not None})
    print_document(
        output,
        answer,
        lambda shown: print_line(f"{shown['committed']} committed, {shown['pushed']} pushed"),
    )
    return 0


def invoke(target: Target, entry: dict[str, Any]) -> dict[str, Any]:
    """The publisher's answer. Raises ClientError, CommandError."""
    from statusbeam.client.aws_errors import aws_call  # noqa: PLC0415 - --help does without

    payload = {"batchId": str(uuid.uuid4()), "updates": [entry]}
    functions = target.client("lambda")
    with aws_call("invoke the publisher"):
        answer = functions.invoke(
            FunctionName=target.output("PublisherFunctionArn"), Payload=json.dumps(payload).encode()
        )
    body: dict[str, Any] = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise CommandError(f"the publisher failed: {body.get('errorMessage')}", ExitCode.OUT_OF_REACH)
    for rejected in body["rejected"]:
        code = ExitCode.NOT_ALLOWED if rejected["code"] == FOREIGN else ExitCode.WRONG_CALL
        raise CommandError(f"the publisher refused the status: {rejected['message']}", code)
    return body


COMMAND = command(
    publish,
    examples=(
        "statusbeam publish job-1 loading_agents --message 'Starting'",
        "statusbeam publish job-1 progress --agent 'Geo Agent' --progress 40 --message '4 of 10 streets'",
        "statusbeam publish job-1 complete --message 'A work order is made'",
    ),
)
