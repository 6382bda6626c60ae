"""What people wrote, made to fit the limits: cut with a mark rather than refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from itertools import islice

from .errors import InvalidStatusError
from .limits import MESSAGE_LENGTH, NAME_LENGTH
from .validation import json_object, printable, wire_time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def fitted(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The entry with message, metadata and timestamp as the wire takes them, and without secrets."""
    from .outgoing import redacted  # noqa: PLC0415 - needed at first send only

    entry = redacted(entry)
    message, metadata, timestamp = entry["message"], entry.get("metadata"), entry.get("timestamp")
    fitted = dict(entry)
    if isinstance(message, str):
        fitted["message"] = _cut(printable(message))
    if isinstance(metadata, Mapping):
        fitted["metadata"] = fitted_metadata(metadata)
    if isinstance(timestamp, datetime) and timestamp.tzinfo is not None:
        fitted["timestamp"] = wire_time(timestamp)
    return fitted


def _cut(message: str) -> str:
    if len(message) <= MESSAGE_LENGTH:
        return message
    mark = f" … [{len(message)} characters]"
    return message[: MESSAGE_LENGTH - len(mark)] + mark


def fitted_metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata as JSON holds it; what doesn't fit is left out with a mark."""
    try:
        return json_object("metadata", json.dumps(dict(metadata), default=str))
    except (InvalidStatusError, TypeError, ValueError, RecursionError) as error:
        # The status is worth more than what hangs on it.
        return {
            "leftOut": str(error),
            "keys": [printable(str(key))[:NAME_LENGTH] for key in islice(metadata, 10)],
        }
