"""Makes what callers gave fit the limits: cut with a mark rather than rejected."""

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


def truncate_draft(draft: Mapping[str, Any]) -> dict[str, Any]:
    """The draft without secrets, its message, metadata and timestamp as the schema takes them."""
    from .redact_on_exit import redact  # noqa: PLC0415 - needed at first send only

    draft = redact(_with_texts(draft))
    message, metadata, timestamp = draft["message"], draft.get("metadata"), draft.get("timestamp")
    truncated = dict(draft)
    if isinstance(message, str):
        truncated["message"] = _truncate_message(printable(message))
    if isinstance(metadata, Mapping):
        truncated["metadata"] = truncate_metadata(metadata)
    if isinstance(timestamp, datetime) and timestamp.tzinfo is not None:
        truncated["timestamp"] = wire_time(timestamp)
    return truncated


def _with_texts(draft: Mapping[str, Any]) -> dict[str, Any]:
    """The draft with texts where texts belong, and names within their limit."""
    converted = {**draft, "message": to_text(draft["message"])}
    for field in _NAMES:
        if converted.get(field) is not None:
            name = "".join(c if c.isprintable() else " " for c in to_text(converted[field]))
            converted[field] = name if len(name) <= NAME_LENGTH else f"{name[: NAME_LENGTH - 1]}…"
    if converted.get("metadata") is not None and not isinstance(converted["metadata"], str | Mapping):
        converted["metadata"] = not_an_object(converted["metadata"])
    return converted


def to_text(value: object) -> str:
    """A text for any caller's value. An exception becomes its class name: its text may hold secrets."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, BaseException):
        return "" if value is None else type(value).__name__
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - the caller's `__str__` may raise anything
        return f"<{type(value).__name__}>"


def to_id(value: Any) -> Any:
    """The text of an id that is a number or a UUID, as GraphQL's ID takes them; any other value as it is."""
    if value is None or isinstance(value, str | bool):
        return value
    from uuid import UUID  # noqa: PLC0415 - for ids that are not text only

    return str(value) if isinstance(value, int | UUID) else value


def not_an_object(value: object) -> dict[str, str]:
    """The mark for metadata that is not a JSON object."""
    return {"leftOut": f"metadata must be a JSON object, not {type(value).__name__}"}


def _truncate_message(message: str) -> str:
    if len(message) <= MESSAGE_LENGTH:
        return message
    mark = f" … [{len(message)} characters]"
    return message[: MESSAGE_LENGTH - len(mark)] + mark


def truncate_metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata as JSON within its limits, or a mark with the reason and the first keys."""
    try:
        return json_object("metadata", json.dumps(dict(metadata), default=str))
    except (InvalidStatusError, TypeError, ValueError, RecursionError) as error:
        # The status matters more than its metadata.
        return {
            "leftOut": str(error),
            "keys": [printable(str(key))[:NAME_LENGTH] for key in islice(metadata, 10)],
        }
