"""`statusbeam wait`: waits for the end of a job."""

from __future__ import annotations

from typing import Annotated, Literal

from typer import Option

from ..command import ExitCode
from ..job_document import document_of_job, print_job_line
from ..options import JobId, OutputFormat, Strict, Timeout, UserOptions
from ..parser import command
from ..records import Output, print_document


def wait(
    job: JobId,
    options: UserOptions,
    *,
    for_: Annotated[
        Literal["completed", "failed", "any"],
        Option("--for", help="expected end; exit code 1 if the job ends otherwise"),
    ] = "completed",
    timeout: Timeout = None,
    strict: Strict = False,
    output: OutputFormat = Output.TABLE,
) -> int:
    """Wait until a job has ended, and print its state.

    Exit code 0 when the job ended in the state of --for, 1 when it ended otherwise.
    """
    from ..watching import WatchOptions, follow_jobs  # noqa: PLC0415 - --help does without

    wanted = WatchOptions(jobs=[job], timeout=timeout, strict=strict)
    (followed,) = follow_jobs(options.deployment(), wanted)
    state = followed.snapshot.head.overall_status.value
    print_document(output, document_of_job(followed.snapshot), print_job_line)
    return ExitCode.DONE if for_ in (state, "any") else ExitCode.JOB_FAILED


COMMAND = command(
    wait,
    examples=(
        "statusbeam wait job-1 && echo completed",
        "statusbeam wait job-1 --for any --timeout 600",
    ),
)
