"""Dead letters: payloads that could not be sent, one line of JSON each in the process's logs.

`statusbeam redrive-log` sends them again from there.

>>> log_undelivered({"batchId": "b1", "updates": [status]}, error)
>>> list(undelivered_in(log))
[{'batchId': 'b1', 'updates': [...]}]
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from statusbeam.model.errors import SettingError, StatusError

from .own_work import best_effort

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

LOGGER: Final = "status_utils.undelivered"

_MARK = "statusbeam"
_KIND = "undelivered"
_LINE_START = f'{{"{_MARK}": "{_KIND}"'


@best_effort
def log_undelivered(payload: Mapping[str, Any], error: Exception) -> None:
    """Log a payload, or a draft that could not become one, without secrets."""
    import logging  # noqa: PLC0415 - loading it costs as much as the rest of this library

    from .redact_on_exit import redact_for_log  # noqa: PLC0415 - for undelivered payloads only

    payload = redact_for_log(payload)
    line = {
        _MARK: _KIND,
        "error": type(error).__name__,
        "code": str(error.code) if isinstance(error, StatusError) else None,
        "reason": _reason(error),
        "payload": payload,
    }
    try:
        text = json.dumps(line, default=_type_mark)
    except (TypeError, ValueError, RecursionError):  # keys that are not text, or a value inside itself
        text = json.dumps(line | {"payload": {str(key): _type_mark(value) for key, value in payload.items()}})
    logging.getLogger(LOGGER).error("%s", text)


def _reason(error: Exception) -> str | None:
    from .redact_on_exit import redact_text  # noqa: PLC0415 - as above

    if not isinstance(error, StatusError):  # other exceptions quote the caller's values
        return None
    try:
        return redact_text(str(error))
    except SettingError:  # without the setting nothing can be redacted; its own text holds no secret
        return error.message if isinstance(error, SettingError) else None


def _type_mark(value: object) -> str:
    return f"<{type(value).__name__}>"


def undelivered_in(log: str) -> Iterator[dict[str, Any]]:
    """The payloads of all dead letters in a log, in its order.

    The log is one of: plain lines with any text before the JSON (Lambda's text format); lines of JSON
    (Lambda's JSON format, a structured logger's), also with text before it; one JSON document, such as the
    output of `aws logs filter-log-events`.
    """
    document = _parse(log)
    if document is not None:
        yield from _payloads_in(document)
        return
    for line in log.splitlines():
        yield from _payloads_in(line)


def _payloads_in(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, str):
        yield from _payloads_in_text(value)
    elif isinstance(value, Mapping):
        payload = value.get("payload")
        if value.get(_MARK) == _KIND and isinstance(payload, dict):
            yield payload
        else:
            for inner in value.values():
                yield from _payloads_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _payloads_in(inner)


def _payloads_in_text(text: str) -> Iterator[dict[str, Any]]:
    if _MARK not in text:
        return
    document = _parse(text)
    if document is not None:
        yield from _payloads_in(document)
        return
    start = text.find(_LINE_START)
    if start < 0:
        start = text.find("{")  # a line of JSON after other text, such as `aws logs tail` prints
    if start >= 0:
        try:
            line, _ = json.JSONDecoder().raw_decode(text, start)
        except ValueError:
            return  # the log cut it off, so it can't be sent
        yield from _payloads_in(line)


def _parse(text: str) -> Any:
    """The JSON object or list that the whole text is; None if it is neither."""
    stripped = text.strip()
    if not stripped.startswith(("{", "[")):
        return None
    try:
        return json.loads(stripped)
    except (ValueError, RecursionError):
        return None
