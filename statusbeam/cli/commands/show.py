"""`statusbeam show`: one job, now or at an earlier status."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from typer import Option

from ..command import CommandError, ExitCode
from ..job_document import document_of_job
from ..options import JobId, OutputFormat, UserOptions
from ..parser import command
from ..plain_text import print_line
from ..records import Output, json_text, print_document

if TYPE_CHECKING:
    from statusbeam.client.deployment import Deployment
    from statusbeam.log.snapshot.job_state import Job

ALL_LINES = 40
PIPE_WIDTH = 200


def show(
    job: JobId,
    options: UserOptions,
    *,
    at: Annotated[
        int | None,
        Option(
            "--at",
            min=1,
            metavar="SEQ",
            help="state after the status of this sequence; the log must still contain it",
        ),
    ] = None,
    output: OutputFormat = Output.TABLE,
) -> int:
    """Show a job, now or at an earlier status: state, agents, tools, tokens, end of its log, and result."""
    deployment = options.deployment()
    snapshot, statuses = _now(deployment, job) if at is None else _then(deployment, job, at)
    print_document(output, document_of_job(snapshot), lambda _: _print(job, snapshot, statuses))
    return 0


def _now(deployment: Deployment, job: str) -> tuple[Job, Sequence[Mapping[str, Any]]]:
    from statusbeam.client.deployment import snapshot_of  # noqa: PLC0415 - --help does without

    from ..status_line import document_of  # noqa: PLC0415 - as above

    answer = deployment.job(job)
    if answer is None:
        raise not_found(job)
    after = max(0, int(answer["sequence"]) - ALL_LINES)
    return snapshot_of(answer), [document_of(update) for update in deployment.log(job, after=after).updates]


def _then(deployment: Deployment, job: str, at: int) -> tuple[Job, Sequence[Mapping[str, Any]]]:
    from statusbeam.log.snapshot.fold import fold  # noqa: PLC0415 - as above

    from ..status_line import document_of  # noqa: PLC0415 - as above

    log = deployment.log(job)
    if log.head == 0:
        raise not_found(job)
    if log.reason is not None or at > log.head:
        kept = f"it has the statuses up to {log.head}"
        if log.updates and log.reason is not None:
            kept = f"it has the statuses {log.updates[0].sequence} to {log.head}"
        raise CommandError(f"the log of {job} does not have that status: {kept}.", ExitCode.NOT_FOUND)
    updates = [update for update in log.updates if (update.sequence or 0) <= at]
    return fold(updates), [document_of(update) for update in updates]


def not_found(job: str) -> CommandError:
    """The error for a job without a status."""
    return CommandError(
        f"the job {job} does not exist, or it is another user's (`statusbeam whoami`).", ExitCode.NOT_FOUND
    )


def _print(job: str, snapshot: Job, statuses: Sequence[Mapping[str, Any]]) -> None:
    from rich.console import Console  # noqa: PLC0415 - other formats do without

    from ..live_view import draw_job  # noqa: PLC0415 - as above

    console = Console(width=None if sys.stdout.isatty() else PIPE_WIDTH)
    view = draw_job(job, snapshot, statuses, height=ALL_LINES, now=time.time())
    console.print(view)
    result = snapshot.head.result
    if result is not None:
        print_line("Result:")
        sys.stdout.write(json_text(result) + "\n")


COMMAND = command(
    show,
    examples=(
        "statusbeam show job-1",
        "statusbeam show job-1 --at 12",
        "statusbeam show job-1 --output json | jq .overallStatus",
    ),
)
