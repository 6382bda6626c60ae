"""`statusbeam redrive-log`: sends what callers could not, from the lines they left in their logs."""

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
    "Reads a log with lines that the library wrote for statuses it could not send "
    '("statusbeam": "undelivered"): plain lines, Lambda\'s JSON log format, or what '
    "`aws logs filter-log-events` prints. Sends each payload, under its own batch id, to where "
    "STATUS_QUEUE_URL or STATUS_PUBLISHER_FUNCTION points. What had arrived after all is not logged twice if "
    "it is redriven within three weeks. Exit code 0 when everything was sent, 1 when something was not."
)


@dataclass(slots=True)
class Tally:
    """What became of the payloads and statuses of a log."""

    payloads: int = 0
    statuses: int = 0
    twice: int = 0
    unfit: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def add_command(subcommands: Subcommands, environ: Mapping[str, str]) -> None:  # noqa: ARG001 - see main
    """Add `redrive-log`."""
    command = subcommands.add_parser(
        "redrive-log", help="send statuses that callers left in their logs", description=DESCRIPTION
    )
    command.add_argument("log", metavar="FILE", help="the log; - is standard input")
    command.add_argument("--dry-run", action="store_true", help="say what would be sent, send nothing")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Send, tell how many, and give the exit code."""
    log = _read(arguments.log)
    transport = None if arguments.dry_run else _transport()
    tally = redrive(log, transport)
    sent = "would be sent" if arguments.dry_run else "sent"
    print(f"{tally.statuses} statuses in {tally.payloads} payloads {sent}")
    if tally.twice:
        print(f"{tally.twice} payloads were in the log more than once")
    for problem in (*tally.unfit, *tally.failed):
        print(problem, file=sys.stderr)
    return 1 if tally.unfit or tally.failed else 0


def redrive(log: str, transport: Transport | None) -> Tally:
    """Send every payload of the log once, in its order; with None only count."""
    tally = Tally()
    seen: set[str] = set()
    for payload in undelivered_in(log):
        name = str(payload.get("batchId") or f"for job {payload.get('jobId')}")
        if name in seen:
            tally.twice += 1
            continue
        parsed = parse_payload(payload, batch_id="none", now=0)
        if "batchId" not in payload or parsed.rejected or not parsed.updates:
            why = parsed.rejected[0].message if parsed.rejected else "it has no batch id"
            tally.unfit.append(f"{name}: can't be sent as it is: {why}")
            continue
        seen.add(name)
        try:
            if transport is not None:
                transport.send(payload)
        except StatusError as error:
            tally.failed.append(f"{name}: not sent ({error.code}): {error.message}")
            continue
        tally.payloads += 1
        tally.statuses += len(parsed.updates)
    return tally


def _read(name: str) -> str:
    try:
        return sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise CommandError(f"can't read {name}: {error.strerror}") from error


def _transport() -> Transport:
    try:
        return current_transport()
    except StatusError as error:
        raise CommandError(f"nowhere to send to: {error.message}") from error
