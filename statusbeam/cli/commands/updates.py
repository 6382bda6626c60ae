"""`statusbeam updates`: the statuses of a job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from typer import Option

from ..command import CommandError, ExitCode
from ..options import JobId, OutputFormat, Strict, UserOptions
from ..parser import command
from ..plain_text import print_line, print_notice
from ..records import Output, Stream
from .show import not_found

if TYPE_CHECKING:
    from statusbeam.client.deployment import Deployment, Log


def updates(
    job: JobId,
    options: UserOptions,
    *,
    follow: Annotated[
        bool, Option("--follow", "-f", help="follow new statuses, until the job has ended")
    ] = False,
    from_: Annotated[
        int, Option("--from", min=1, metavar="SEQ", help="begin with the status of this sequence")
    ] = 1,
    strict: Strict = False,
    output: OutputFormat = Output.TABLE,
) -> int:
    """Print the statuses of a job, one a line: sequence, status, agent, message."""
    deployment = options.deployment()
    if follow:
        from ..watching import LinesView, WatchOptions, exit_code, follow_jobs  # noqa: PLC0415 - as below

        lines = LinesView(output, with_job=False)
        wanted = WatchOptions(jobs=[job], after=from_ - 1, strict=strict)
        return exit_code(follow_jobs(deployment, wanted, lambda _: lines))
    from ..status_line import columns_of, document_of  # noqa: PLC0415 - --help does without

    log = read_log(deployment, job, strict=strict, after=from_ - 1)
    with Stream(output, lambda document: print_line(*columns_of(document))) as stream:
        for update in log.updates:
            stream.add(document_of(update))
    return 0


def read_log(deployment: Deployment, job: str, *, strict: bool, after: int = 0) -> Log:
    """The log of a job. Reports missing statuses on stderr. Raises ClientError, CommandError."""
    log = deployment.log(job, after=after)
    if log.head == 0:
        raise not_found(job)
    if log.reason is not None and log.reason != "ahead_of_log":
        message = f"statuses of {job} are missing: the log no longer has them."
        if strict:
            raise CommandError(message, ExitCode.GAP)
        print_notice(message)
    return log


COMMAND = command(
    updates,
    examples=(
        "statusbeam updates job-1",
        "statusbeam updates job-1 --follow --from 20",
        "statusbeam updates job-1 --output jsonl | jq -r .message",
    ),
)
