"""`statusbeam redrive-log`: sends the statuses that callers could not send, from their log lines."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from status_utils.defaults import current_transport
from status_utils.sending.dead_letter import undelivered_in
from status_utils.transports.transport import Transport
from statusbeam.log.publishing.payload import parse_payload
from statusbeam.model.errors import StatusError

from .command import CommandError, Subcommands

DESCRIPTION = (
    "Reads a process's log with lines that the library wrote for statuses it could not send "
    '("statusbeam": "undelivered"): plain lines, Lambda\'s JSON log format, or the output of '
    "`aws logs filter-log-events`. Sends each payload under its own batch id to STATUS_QUEUE_URL or "
    "STATUS_PUBLISHER_FUNCTION. A payload that did arrive is not logged twice if it is redriven within three "
    "weeks. Exit code 0 when all payloads were sent, 1 otherwise."
)


@dataclass(slots=True)
class RedriveResult:
    """The counts of sent payloads and statuses, and the failures."""

    payloads: int = 0
    statuses: int = 0
    duplicates: int = 0
    invalid: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def add_command(subcommands: Subcommands, environ: Mapping[str, str]) -> None:  # noqa: ARG001 - see main
    """Add `redrive-log`."""
    command = subcommands.add_parser(
        "redrive-log",
        help="send the statuses that callers could not send, from their logs",
        description=DESCRIPTION,
    )
    command.add_argument("log", metavar="FILE", help="log file; - for standard input")
    command.add_argument("--dry-run", action="store_true", help="show what would be sent, and send nothing")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Send the payloads, print the counts and return the exit code."""
    log = _read(arguments.log)
    transport = None if arguments.dry_run else _transport()
    result = redrive(log, transport)
    sent = "would be sent" if arguments.dry_run else "sent"
    print(f"{result.statuses} statuses in {result.payloads} payloads {sent}")
    if result.duplicates:
        print(f"{result.duplicates} payloads were duplicates")
    for problem in (*result.invalid, *result.failed):
        print(problem, file=sys.stderr)
    return 1 if result.invalid or result.failed else 0


def redrive(log: str, transport: Transport | None) -> RedriveResult:
    """Send each payload of the log once, in order. With None, only count."""
    result = RedriveResult()
    seen: set[str] = set()
    for payload in undelivered_in(log):
        name = str(payload.get("batchId") or f"for job {payload.get('jobId')}")
        if name in seen:
            result.duplicates += 1
            continue
        parsed = parse_payload(payload, batch_id="none", now=0)
        if "batchId" not in payload or parsed.rejected or not parsed.updates:
            reason = parsed.rejected[0].message if parsed.rejected else "it has no batch id"
            result.invalid.append(f"{name}: invalid payload: {reason}")
            continue
        seen.add(name)
        try:
            if transport is not None:
                transport.send(payload)
        except StatusError as error:
            result.failed.append(f"{name}: not sent ({error.code}): {error.message}")
            continue
        result.payloads += 1
        result.statuses += len(parsed.updates)
    return result


def _read(name: str) -> str:
    try:
        return sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise CommandError(f"can't read {name}: {error.strerror}") from error


def _transport() -> Transport:
    try:
        return current_transport()
    except StatusError as error:
        raise CommandError(f"no destination: {error.message}") from error
