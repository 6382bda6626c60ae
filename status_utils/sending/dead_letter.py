"""Dead letters: payloads that could not be sent, one line of JSON each in the process's logs.

`statusbeam redrive-log` sends them again from there. With UNDELIVERED_KEY, each line is signed, so that text
in another log line can't pass for one. `undelivered_log` reads them.

>>> log_undelivered({"batchId": "b1", "updates": [status]}, error)
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache

from statusbeam.model.errors import SettingError, StatusError

from ..defaults import NOT_CONFIGURED
from .own_work import best_effort, warn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

LOGGER: Final = "status_utils.undelivered"

MARK: Final = "statusbeam"
KIND: Final = "undelivered"
LINE_KEYS: Final = frozenset({MARK, "error", "code", "reason", "payload", "signature"})


def log_undelivered(payload: Mapping[str, Any], error: Exception) -> None:
    """Log a payload, or a draft that could not become one, without secrets.

    If the environment names no transport, no redrive could send them. Then it logs one warning instead.
    """
    if isinstance(error, StatusError) and error.code == NOT_CONFIGURED:
        _warn_of_no_transport(error.message)
    else:
        _log_line(payload, error)


@lru_cache(maxsize=1)
def _warn_of_no_transport(problem: str) -> None:
    """Once a process."""
    warn(LOGGER, "statuses are not sent: %s", problem)


_TO_LOG_UNDELIVERED: Final = 3
"""Frames from the logging call to `log_undelivered`, which Powertools names in place of the logger."""


@best_effort
def _log_line(payload: Mapping[str, Any], error: Exception) -> None:
    import logging  # noqa: PLC0415 - loading it costs as much as the rest of this library

    from .redact_on_exit import redact_for_log  # noqa: PLC0415 - for undelivered payloads only

    payload = redact_for_log(payload)
    line = {
        MARK: KIND,
        "error": type(error).__name__,
        "code": str(error.code) if isinstance(error, StatusError) else None,
        "reason": _reason(error),
        "payload": payload,
    }
    try:
        text = json.dumps(_signed(line), default=_type_mark)
    except (TypeError, ValueError, RecursionError):  # keys that are not text, or a value inside itself
        text = json.dumps(line | {"payload": {str(key): _type_mark(value) for key, value in payload.items()}})
    logging.getLogger(LOGGER).error("%s", text, stacklevel=_TO_LOG_UNDELIVERED)


def _signed(line: dict[str, Any]) -> dict[str, Any]:
    from ..defaults import undelivered_key  # noqa: PLC0415 - for undelivered payloads only

    key = undelivered_key()
    return line if key is None else line | {"signature": sign(line["payload"], key)}


def _reason(error: Exception) -> str | None:
    from .redact_on_exit import redact_text  # noqa: PLC0415 - as above

    if not isinstance(error, StatusError):  # other exceptions quote the caller's values
        return None
    try:
        return redact_text(str(error))
    except SettingError:  # redaction needs the setting; the error's own text holds no secret
        return error.message if isinstance(error, SettingError) else None


def _type_mark(value: object) -> str:
    return f"<{type(value).__name__}>"


def sign(payload: Mapping[str, Any], key: str) -> str:
    """The signature of a payload: an HMAC of its JSON, in a form that no JSON library changes."""
    import hmac  # noqa: PLC0415 - for undelivered payloads only

    text = json.dumps(payload, sort_keys=True, separators=(",", ":"), default=_type_mark)
    return hmac.new(key.encode(), text.encode(), "sha256").hexdigest()
