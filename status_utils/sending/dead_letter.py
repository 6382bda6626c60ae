"""Statuses that could not be sent: one line of JSON a payload in the local log, to be sent again from there.

>>> log_undelivered({"batchId": "b1", "updates": [status]}, error)
>>> list(undelivered_in(log))
[{'batchId': 'b1', 'updates': [...]}]
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from statusbeam.model.errors import SettingError, StatusError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

LOGGER: Final = "status_utils.undelivered"

_MARK = "statusbeam"
_KIND = "undelivered"
_BEGINNING = f'{{"{_MARK}": "{_KIND}"'


def log_undelivered(lost: Mapping[str, Any], error: Exception) -> None:
    """Write the line: `lost` is a whole payload, or an entry that could not become one. Secrets stay out."""
    import logging  # noqa: PLC0415 - loading it costs as much as the rest of this library

    from .redact_on_exit import loggable  # noqa: PLC0415 - for what could not be sent only

    lost = loggable(lost)
    line = {
        _MARK: _KIND,
        "error": type(error).__name__,
        "code": str(error.code) if isinstance(error, StatusError) else None,
        "reason": _reason(error),
        "payload": lost,
    }
    try:
        text = json.dumps(line, default=_kind)
    except (TypeError, ValueError, RecursionError):  # keys that are no text, or a value inside itself
        text = json.dumps(line | {"payload": {str(key): _kind(value) for key, value in lost.items()}})
    logging.getLogger(LOGGER).error("%s", text)


def _reason(error: Exception) -> str | None:
    from .redact_on_exit import redacted_text  # noqa: PLC0415 - as above

    if not isinstance(error, StatusError):  # others quote what they were given
        return None
    try:
        return redacted_text(str(error))
    except SettingError:
        return error.message if isinstance(error, SettingError) else None


def _kind(value: object) -> str:
    return f"<{type(value).__name__}>"


def undelivered_in(log: str) -> Iterator[dict[str, Any]]:
    """The payloads of all such lines in a log, in its order.

    The log is plain lines with anything before the JSON (Lambda's own text format), lines of JSON (Lambda's
    JSON format, a structured logger's; with anything before it as well), or one JSON document, such as
    `aws logs filter-log-events` gives.
    """
    whole = _json(log)
    if whole is not None:
        yield from _within(whole)
        return
    for line in log.splitlines():
        yield from _within(line)


def _within(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, str):
        yield from _in_text(value)
    elif isinstance(value, Mapping):
        payload = value.get("payload")
        if value.get(_MARK) == _KIND and isinstance(payload, dict):
            yield payload
        else:
            for inner in value.values():
                yield from _within(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _within(inner)


def _in_text(text: str) -> Iterator[dict[str, Any]]:
    if _MARK not in text:
        return
    whole = _json(text)
    if whole is not None:
        yield from _within(whole)
        return
    begin = text.find(_BEGINNING)
    if begin < 0:
        begin = text.find("{")  # a line of JSON behind something, such as `aws logs tail` prints
    if begin >= 0:
        try:
            line, _ = json.JSONDecoder().raw_decode(text, begin)
        except ValueError:
            return  # cut off: nothing of it can be sent
        yield from _within(line)


def _json(text: str) -> Any:
    """The JSON object or list that the whole text is; None when it is none."""
    stripped = text.strip()
    if not stripped.startswith(("{", "[")):
        return None
    try:
        return json.loads(stripped)
    except (ValueError, RecursionError):
        return None
