"""Statuses that could not be sent: one line of JSON a payload in the local log, to be sent again from there.

>>> log_undelivered({"batchId": "b1", "updates": [status]}, error)
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from .errors import StatusError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

LOGGER: Final = "status_utils.undelivered"


def log_undelivered(lost: Mapping[str, Any], error: Exception) -> None:
    """Write the line: `lost` is a whole payload, or an entry that could not become one."""
    import logging  # noqa: PLC0415 - loading it costs as much as the rest of this library

    line = {
        "statusbeam": "undelivered",
        "error": type(error).__name__,
        "code": str(error.code) if isinstance(error, StatusError) else None,
        "reason": str(error) if isinstance(error, StatusError) else None,  # others quote what they were given
        "payload": lost,
    }
    try:
        text = json.dumps(line, default=_kind)
    except (TypeError, ValueError, RecursionError):  # keys that are no text, or a value inside itself
        text = json.dumps(line | {"payload": {str(key): _kind(value) for key, value in lost.items()}})
    logging.getLogger(LOGGER).error("%s", text)


def _kind(value: object) -> str:
    return f"<{type(value).__name__}>"
