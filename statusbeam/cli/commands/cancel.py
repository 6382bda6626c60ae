"""`statusbeam cancel`: requests the cancellation of a job, in its owner's name."""

from __future__ import annotations

from typing import Annotated

from typer import Option

from statusbeam.model.limits import REASON_LENGTH

from ..command import CommandError
from ..options import JobId, UserOptions
from ..parser import command
from ..plain_text import print_line

TOKEN_SECONDS = 60
"""Lifetime of the view token of the one request."""


def cancel(
    job: JobId,
    options: UserOptions,
    reason: Annotated[
        str | None,
        Option(
            "--reason",
            metavar="TEXT",
            help=f"reason for the job's readers, at most {REASON_LENGTH} characters",
        ),
    ] = None,
) -> int:
    """Request the cancellation of a running job.

    The request is in the job's log at once, and stops the executions of its registered state machines. The
    job is cancelled when its work has stopped.
    """
    from statusbeam.client.documents import CANCEL_JOB  # noqa: PLC0415 - --help does without

    deployment = options.deployment(token_seconds=TOKEN_SECONDS)
    answer = deployment.api.run(CANCEL_JOB, {"jobId": job, "reason": reason})["cancelJob"]
    if answer["cancelRequest"] is None:
        raise CommandError(f"the job {job} has ended already: it is {answer['overallStatus']}.")
    print_line(f"Requested the cancellation of the job {job}. It is {answer['overallStatus']}.")
    return 0


COMMAND = command(
    cancel, examples=("statusbeam cancel job-1", "statusbeam cancel job-1 --reason 'It was sent twice'")
)
