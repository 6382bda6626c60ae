"""`statusbeam export`: a job's log in another format."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal

from typer import Option

from ..options import JobId, Strict, UserOptions
from ..parser import command
from ..records import json_line, json_text
from .updates import read_log

if TYPE_CHECKING:
    from statusbeam.client.deployment import Log

Format = Literal["jsonl", "cloudevents", "otlp"]


def export(
    job: JobId,
    options: UserOptions,
    *,
    format_: Annotated[
        Format,
        Option("--format", help="a status a line; CloudEvents 1.0, one a line; or OTLP/JSON, a trace"),
    ] = "jsonl",
    strict: Strict = False,
) -> int:
    """Write the log of a job to stdout in another format.

    The trace of OTLP has the job as its root span and each agent as a span; statuses are the spans' events.
    POST it to the /v1/traces of an OpenTelemetry collector.
    """
    deployment = options.deployment()
    log = read_log(deployment, job, strict=strict)
    if format_ == "otlp":
        from ..otlp import trace_of  # noqa: PLC0415 - --help does without

        sys.stdout.write(json_text(trace_of(log.updates)) + "\n")
        return 0
    found = deployment.job(job) if format_ == "cloudevents" else None
    for document in _documents(log, None if found is None else str(found["epoch"])):
        sys.stdout.write(json_line(document) + "\n")
    return 0


def _documents(log: Log, epoch: str | None) -> Iterator[dict[str, Any]]:
    from statusbeam.bridge.dialects.cloud_events import cloud_event  # noqa: PLC0415 - as above

    from ..status_line import document_of  # noqa: PLC0415 - as above

    for update in log.updates:
        yield document_of(update) if epoch is None else cloud_event(update, epoch=epoch)


COMMAND = command(
    export,
    examples=(
        "statusbeam export job-1 > job-1.jsonl",
        "statusbeam export job-1 --format cloudevents",
        "statusbeam export job-1 --format otlp | curl -H 'content-type: application/json' -d @- "
        "http://127.0.0.1:4318/v1/traces",
    ),
)
