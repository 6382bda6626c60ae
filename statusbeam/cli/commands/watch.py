"""`statusbeam watch`: follows jobs live."""

from __future__ import annotations

from typing import Annotated

from typer import Argument, Option

from ..options import Strict, Timeout, UserOptions
from ..parser import command
from ..records import Output


def watch(
    jobs: Annotated[list[str], Argument(metavar="JOB", help="ids of the jobs")],
    options: UserOptions,
    *,
    until: Annotated[
        str,
        Option(
            "--until", metavar="done|AGENT", help="end with the job, or with the agent of this name or id"
        ),
    ] = "done",
    timeout: Timeout = None,
    from_: Annotated[int, Option("--from", min=1, metavar="SEQ", help="first sequence to show")] = 1,
    strict: Strict = False,
    output: Annotated[
        Output | None, Option("--output", "-o", help="format of the output; without it, live on a terminal")
    ] = None,
) -> int:
    """Follow jobs live, until they and their agents have ended.

    On a terminal, a tree shows progress, estimate, agents, tools and tokens. In a pipe, each status is a
    line: sequence, status, agent, message. The command reads lost pushes from the log, and shows each status
    once.

    Exit code 0 when all jobs completed, 1 when one failed or was cancelled.
    """
    from ..watching import WatchOptions, exit_code, follow_jobs, view_of  # noqa: PLC0415

    deployment = options.deployment()
    wanted = WatchOptions(jobs=jobs, after=from_ - 1, until=until, timeout=timeout, strict=strict)
    followed = follow_jobs(deployment, wanted, lambda watched: view_of(watched, output))
    return exit_code(followed, until)


COMMAND = command(
    watch,
    examples=(
        "statusbeam watch job-1",
        "statusbeam watch job-1 job-2 --timeout 600",
        "statusbeam watch job-1 --until 'Geo Agent'",
        "statusbeam watch job-1 --output jsonl | jq .message",
    ),
)
