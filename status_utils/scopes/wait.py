"""The wait of a scope, as readers see it in `metadata.waiting`.

>>> wait_details("approval", "May I close the road?", None)
{'for': 'approval', 'prompt': 'May I close the road?'}
"""

from __future__ import annotations

from contextlib import suppress

from statusbeam.model.limits import WAITING_FOR_LENGTH, WAITING_PROMPT_LENGTH
from statusbeam.model.validation import wire_time

from ..sending.own_work import warn
from .plain_numbers import to_number
from .plain_texts import to_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def wait_details(for_: Any, prompt: Any, until: Any, *, answerable: object = False) -> dict[str, Any]:
    """The value of `metadata.waiting`: kind, question, end, and whether people may answer."""
    details: dict[str, Any] = {"for": to_text(for_)[:WAITING_FOR_LENGTH] or "somebody"}
    text = to_text(prompt)
    if text:
        details["prompt"] = text[:WAITING_PROMPT_LENGTH]
    end = None if until is None else _time(until)
    if end is not None:
        details["until"] = end
    if answerable is True:
        details["answerable"] = True
    return details


def wait_above(wait: dict[str, Any]) -> dict[str, Any]:
    """The wait of an agent while an agent that it called has `wait`. People answer the called agent's
    only."""
    return {key: value for key, value in wait.items() if key != "answerable"}


def _time(until: Any) -> str | None:
    """A time, or a number of seconds from now; None, with a warning, for anything else."""
    from datetime import UTC, datetime, timedelta  # noqa: PLC0415 - loading it costs much, and few calls need it

    with suppress(OverflowError, ValueError, OSError):  # beyond what a clock can show
        if isinstance(until, datetime):
            return wire_time(until.astimezone(UTC))  # a naive one is local time, as in Python
        seconds = until.total_seconds() if isinstance(until, timedelta) else to_number(until)
        if seconds is not None:
            return wire_time(datetime.now(UTC) + timedelta(seconds=float(seconds)))
    warn(__name__, "until=<%s> | ignored: neither a datetime nor a number of seconds", to_text(until)[:40])
    return None
