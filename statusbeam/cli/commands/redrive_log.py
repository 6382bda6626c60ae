"""`statusbeam redrive-log`: sends the statuses that callers could not send, from their log lines."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from status_utils.defaults import current_transport, undelivered_key
from status_utils.sending.undelivered_log import Trust, read_undelivered
from status_utils.transports.transport import Transport
from statusbeam.log.publishing.payload import parse_payload
from statusbeam.model.errors import StatusError
from statusbeam.model.limits import NAME_LENGTH

from ..command import CommandError, ExitCode
from ..parser import command
from ..plain_text import print_line, print_notice


@dataclass(slots=True)
class RedriveResult:
    """The counts of sent payloads and statuses, and the failures."""

    payloads: int = 0
    statuses: int = 0
    duplicates: int = 0
    invalid: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    unsigned: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)


def redrive_log(
    log: Annotated[str, Argument(metavar="FILE", help="file of log output; - for standard input")],
    dry_run: Annotated[
        bool, Option("--dry-run", help="count the statuses to send, and send nothing")
    ] = False,
    unsigned: Annotated[
        bool,
        Option(
            "--unsigned",
            help="also send lines without a signature though UNDELIVERED_KEY is set, and lines whose log "
            "does not show which logger wrote them; look at them first",
        ),
    ] = False,
) -> int:
    """Send the statuses that callers could not send, from their log output.

    Reads a process's logs with lines that the library wrote ("statusbeam": "undelivered"): plain lines,
    Lambda's JSON log format, or the output of `aws logs filter-log-events`. Sends each payload under its own
    batch id to STATUS_QUEUE_URL or STATUS_PUBLISHER_FUNCTION. If the publisher has committed a payload within
    the last three weeks, it does not commit it twice.

    Lines in records of other loggers are text of other authors. The command counts them, and never sends
    them. If UNDELIVERED_KEY is set, it sends only lines that the key has signed. Exit code 0 when all
    payloads were sent, 1 otherwise.
    """
    text = _read(log)
    transport = None if dry_run else _transport()
    result = redrive(text, transport, key=_key(), unsigned=unsigned)
    sent = "would be sent" if dry_run else "sent"
    print_line(f"{result.statuses} statuses in {result.payloads} payloads {sent}")
    if result.duplicates:
        print_line(f"{result.duplicates} payloads were duplicates")
    for problem in (*result.invalid, *result.failed, *_refusals(result)):
        print_notice(problem)
    return 1 if result.invalid or result.failed or result.unsigned or result.foreign else 0


def _refusals(result: RedriveResult) -> list[str]:
    found = []
    if result.unsigned:
        count, names = len(result.unsigned), ", ".join(result.unsigned)
        found.append(f"{count} unsigned lines not sent (--unsigned sends them): {names}")
    if result.foreign:
        count, names = len(result.foreign), ", ".join(result.foreign)
        found.append(f"{count} lines not sent, because this library did not write them: {names}")
    return found


def redrive(
    log: str, transport: Transport | None, *, key: str | None = None, unsigned: bool = False
) -> RedriveResult:
    """Send each payload of the log output once, in order. With None, only count."""
    result = RedriveResult()
    seen: set[str] = set()
    for line in read_undelivered(log, key=key):
        payload = line.payload
        name = str(payload.get("batchId") or f"for job {payload.get('jobId')}")[:NAME_LENGTH]
        if line.trust is Trust.FOREIGN:
            result.foreign.append(name)
            continue
        if line.trust is Trust.UNSIGNED and not unsigned:
            result.unsigned.append(name)
            continue
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
    """The log output unchanged: a carriage return inside a text ends no line."""
    try:
        if name != "-":
            return Path(name).read_bytes().decode("utf-8", "replace")
        if isinstance(sys.stdin, TextIOWrapper):
            sys.stdin.reconfigure(newline="\n", errors="replace")
        return sys.stdin.read()
    except OSError as error:
        raise CommandError(f"can't read {name}: {error.strerror}", ExitCode.NOT_FOUND) from error


def _key() -> str | None:
    try:
        return undelivered_key()
    except StatusError as error:
        raise CommandError(error.message, ExitCode.WRONG_CALL) from error


def _transport() -> Transport:
    try:
        return current_transport()
    except StatusError as error:
        raise CommandError(f"no destination: {error.message}", ExitCode.WRONG_CALL) from error


COMMAND = command(
    redrive_log,
    examples=(
        "statusbeam redrive-log agent.log --dry-run",
        "aws logs filter-log-events --log-group-name /aws/lambda/geo | statusbeam redrive-log -",
    ),
)
