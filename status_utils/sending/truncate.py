"""What people wrote, made to fit the limits: cut with a mark rather than refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from itertools import islice

from statusbeam.model.errors import InvalidStatusError
from statusbeam.model.limits import MESSAGE_LENGTH, NAME_LENGTH
from statusbeam.model.validation import json_object, printable, wire_time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NAMES = ("agentName", "toolName")


def fitted(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The entry with message, metadata and timestamp as the wire takes them, and without secrets."""
    from .redact_on_exit import redacted  # noqa: PLC0415 - needed at first send only

    entry = redacted(_readable(entry))
    message, metadata, timestamp = entry["message"], entry.get("metadata"), entry.get("timestamp")
    fitted = dict(entry)
    if isinstance(message, str):
        fitted["message"] = _cut(printable(message))
    if isinstance(metadata, Mapping):
        fitted["metadata"] = fitted_metadata(metadata)
    if isinstance(timestamp, datetime) and timestamp.tzinfo is not None:
        fitted["timestamp"] = wire_time(timestamp)
    return fitted


def _readable(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The entry with texts where texts belong, and names as long as they may be."""
    plain = {**entry, "message": text_of(entry["message"])}
    for field in _NAMES:
        if plain.get(field) is not None:
            name = "".join(c if c.isprintable() else " " for c in text_of(plain[field]))
            plain[field] = name if len(name) <= NAME_LENGTH else f"{name[: NAME_LENGTH - 1]}…"
    if plain.get("metadata") is not None and not isinstance(plain["metadata"], str | Mapping):
        plain["metadata"] = no_object(plain["metadata"])
    return plain


def text_of(value: object) -> str:
    """A text for whatever callers gave in its place; of an exception not its own, which may name anything."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, BaseException):
        return "" if value is None else type(value).__name__
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - it is somebody else's
        return f"<{type(value).__name__}>"


def id_text(value: Any) -> Any:
    """A text for an id that is a number or a UUID, as GraphQL's ID takes them; anything else as it is."""
    if value is None or isinstance(value, str | bool):
        return value
    from uuid import UUID  # noqa: PLC0415 - for ids that are no text only

    return str(value) if isinstance(value, int | UUID) else value


def no_object(value: object) -> dict[str, str]:
    """What stands for metadata that is no object at all."""
    return {"leftOut": f"metadata must be a JSON object, not {type(value).__name__}"}


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
