"""Moments in arguments: a time, or a duration before now."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from typing import Annotated

from typer import Option

from .command import CommandError, ExitCode

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
Since = Annotated[
    str | None,
    Option(
        "--since",
        metavar="TIME",
        help="only jobs that began after this time, for example 90m, 24h, 7d, 2026-11-20",
    ),
]


def wire_moment(text: str | None, now: float | None = None) -> str | None:
    """The moment in the API's format. Raises CommandError."""
    if text is None:
        return None
    moment = _ago(text, time.time() if now is None else now) or _exact(text)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _ago(text: str, now: float) -> datetime | None:
    match = re.fullmatch(r"(\d{1,6})([smhdw])", text)
    if match is None:
        return None
    try:
        return datetime.fromtimestamp(now, UTC) - timedelta(**{_UNITS[match[2]]: int(match[1])})
    except OverflowError as error:
        raise CommandError(f"{text} is too long ago.", ExitCode.WRONG_CALL) from error


def _exact(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(
            f"{text!r} is not a time: use 90m, 24h, 7d, or 2026-11-20T09:30:00Z.", ExitCode.WRONG_CALL
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
