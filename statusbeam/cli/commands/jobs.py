"""`statusbeam jobs`: lists the user's jobs."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from typer import Option

from ..job_document import document_of_listed, row_of
from ..moments import Since
from ..options import OutputFormat, UserOptions
from ..parser import command
from ..plain_text import print_line
from ..records import Output, Stream

State = Literal["initializing", "processing", "completed", "failed", "cancelled"]
SECONDS_END = len("2026-11-20T09:30:00")
HEADINGS = ("JOB", "STATE", "PROGRESS", "WORKFLOW", "CREATED (UTC)", "TITLE")


def jobs(
    options: UserOptions,
    *,
    status: Annotated[State | None, Option("--status", help="only jobs in this state")] = None,
    workflow: Annotated[
        str | None, Option("--workflow", metavar="NAME", help="only jobs of this workflow")
    ] = None,
    since: Since = None,
    limit: Annotated[int, Option("--limit", min=1, metavar="NUMBER", help="most jobs to list")] = 20,
    output: OutputFormat = Output.TABLE,
) -> int:
    """List the user's jobs, newest first."""
    from ..moments import wire_moment  # noqa: PLC0415 - --help does without

    began = wire_moment(since)
    found = options.deployment().jobs(limit=limit, status=status, workflow=workflow, since=began)
    documents = map(document_of_listed, found)
    if output is Output.TABLE and sys.stdout.isatty():
        print_jobs(list(documents))
        return 0
    with Stream(output, lambda document: print_line(*row_of(document))) as stream:
        for document in documents:
            stream.add(document)
    return 0


def print_jobs(documents: list[Mapping[str, Any]] | list[dict[str, Any]]) -> None:
    """Print the table of a terminal."""
    from rich.console import Console  # noqa: PLC0415 - a pipe does without

    Console().print(table(documents))


def table(documents: list[Mapping[str, Any]] | list[dict[str, Any]]) -> Any:
    """The table of a terminal."""
    from rich.table import Table  # noqa: PLC0415 - a pipe does without
    from rich.text import Text  # noqa: PLC0415 - as above

    from ..live_view import STYLES  # noqa: PLC0415 - as above
    from ..plain_text import plain_text  # noqa: PLC0415 - as above

    shown = Table(box=None, pad_edge=False, header_style="bold")
    for heading in HEADINGS:
        shown.add_column(heading, no_wrap=heading != "TITLE", overflow="ellipsis")
    for document in documents:
        job, state, progress, workflow, created, _, title = map(plain_text, row_of(document))
        short = created[:SECONDS_END].replace("T", " ")
        cells = [Text(cell) for cell in (job, state, progress, workflow, short, title)]
        cells[1].stylize(STYLES.get(cells[1].plain, ""))
        shown.add_row(*cells)
    return shown


COMMAND = command(
    jobs,
    examples=(
        "statusbeam jobs",
        "statusbeam jobs --status failed --since 24h",
        "statusbeam jobs --output json | jq '.[].jobId'",
    ),
)
