"""`statusbeam doctor`: finds the first fault of a deployment, and measures its latencies."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from typer import Option

from ..command import ExitCode
from ..options import OutputFormat, UserOptions
from ..parser import command
from ..plain_text import print_line
from ..records import Output, print_document

if TYPE_CHECKING:
    from statusbeam.client.doctor.findings import Finding

_TRANSPORTS = {"queue": "queue", "invoke": "publisher's invokes"}
_COUNTS = ("sent", "committed", "pushed", "received", "lost", "duplicates", "recovered", "reconnects")


def doctor(
    options: UserOptions,
    *,
    probe: Annotated[
        bool,
        Option(
            "--probe",
            help="short run for a schedule: 5 statuses, no API key, no recent jobs, and a report of one line",
        ),
    ] = False,
    statuses: Annotated[
        int | None, Option("--statuses", min=1, metavar="NUMBER", help="statuses to publish; 30 by default")
    ] = None,
    timeout: Annotated[
        float, Option("--timeout", min=1, metavar="SECONDS", help="how long to wait for the statuses")
    ] = 30,
    job: Annotated[
        str | None, Option("--job", metavar="ID", help="job that the user does not see: check its owner")
    ] = None,
    output: OutputFormat = Output.TABLE,
) -> int:
    """Find the first fault of a deployment, and its cure.

    It publishes a probe job through the deployment's own transport, follows the job, and measures its
    latencies. The job belongs to a separate user in the tenant of --user. TTL removes it.
    """
    from statusbeam.client.connect import identity  # noqa: PLC0415 - --help does without
    from statusbeam.client.contexts import Contexts, config_folder  # noqa: PLC0415 - as above
    from statusbeam.client.doctor.document import document_of  # noqa: PLC0415 - as above
    from statusbeam.client.doctor.examination import (  # noqa: PLC0415 - as above
        PROBE_STATUSES,
        STATUSES,
        Examination,
        ExaminationOptions,
    )

    wanted = ExaminationOptions(
        statuses=statuses or (PROBE_STATUSES if probe else STATUSES),
        timeout=timeout,
        probe_only=probe and job is None,
        job=job,
    )
    target = options.target()
    contexts = Contexts(config_folder(os.environ))
    report = Examination(target, lambda: identity(target, contexts), wanted).run()
    document = document_of(str(target.choice.place.value), report)
    print_document(output, document, _print_line if probe else _print)
    return ExitCode.DONE if report.finding is None else _exit_code(report.finding)


def _exit_code(finding: Finding) -> ExitCode:
    from statusbeam.client.doctor.findings import Kind  # noqa: PLC0415 - as above

    return {
        Kind.WRONG_CALL: ExitCode.WRONG_CALL,
        Kind.NOT_ALLOWED: ExitCode.NOT_ALLOWED,
        Kind.NOT_FOUND: ExitCode.NOT_FOUND,
        Kind.OUT_OF_REACH: ExitCode.OUT_OF_REACH,
        Kind.LOST: ExitCode.GAP,
        Kind.BROKEN: ExitCode.JOB_FAILED,
    }[finding.kind]


def _print_line(document: Mapping[str, Any]) -> None:
    from statusbeam.client.doctor.document import verdict_line  # noqa: PLC0415 - as above

    print_line(verdict_line(document))


def _print(document: Mapping[str, Any]) -> None:
    probe, finding = document["probe"], document["finding"]
    rows = {"deployment": document["deployment"]}
    if document["user"]:
        rows["user"] = f"{document['user']} of {document['tenant']} ({document['credentials']})"
    if document["clockAheadSeconds"] is not None:
        rows["clock"] = f"{document['clockAheadSeconds']:+.1f} s against the service"
    if probe:
        rows["probe"] = f"job {probe['jobId']}, through the {_TRANSPORTS[probe['transport']]}"
    if probe and "milliseconds" in probe:
        rows |= _measure_rows(probe)
    if finding:
        rows |= {"problem": finding["problem"], "cure": finding["cure"]}
    else:
        rows["problem"] = "none"
    for name, value in rows.items():
        print_line(f"{name:<24}{value}")


def _measure_rows(probe: Mapping[str, Any]) -> dict[str, str]:
    rows = {
        name.replace("To", " → ").lower(): f"p50 {latency['p50']:.1f} ms, p99 {latency['p99']:.1f} ms"
        for name, latency in probe["milliseconds"].items()
    }
    return {**rows, "statuses": ", ".join(f"{probe[name]} {name}" for name in _COUNTS)}


COMMAND = command(
    doctor,
    examples=(
        "statusbeam doctor",
        "statusbeam doctor --stack Dev-Status --user ana --tenant acme --job job-1",
        "statusbeam doctor --probe --output json",
    ),
)
