"""Redaction where statuses leave the process: on their way to the publisher, and in the process's logs.

    >>> redact_draft({"jobId": "j", "message": "postgres://ana:hunter2@db"}, redactor)["message"]
    'postgres://ana:[redacted: password]@db'

Loaded at the first status: importing the library does not pay for it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cache
from threading import Lock

from statusbeam.model.bounded import Bounded
from statusbeam.model.limits import TAIL_LENGTH, TAILS
from statusbeam.model.redaction.redactor import Redactor, split_redacted
from statusbeam.model.validation import JsonObject, json_text

from ..defaults import default_redactor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_OWNER_FIELDS = ("jobId", "userId", "tenantId")


def redact_draft(
    draft: Mapping[str, Any], redactor: Redactor, history: MessageHistory | None = None
) -> dict[str, Any]:
    """The draft with every secret replaced by a mark.

    With `history`, also secrets that began in an earlier message of the invocation. Metadata without a secret
    stays the same object. Metadata as JSON text becomes an object.
    """
    message, metadata = draft.get("message"), draft.get("metadata")
    if isinstance(metadata, str):
        metadata = _parse(metadata)
        draft = {**draft, "metadata": metadata}
    redacted = redactor.entry(draft)
    if isinstance(metadata, JsonObject) and redacted.get("metadata") == metadata:
        redacted["metadata"] = metadata
    if history is not None and isinstance(message, str):
        redacted["message"] = history.redact_next(redacted)
    return redacted


def redact(draft: Mapping[str, Any]) -> dict[str, Any]:
    """The draft as this process may send it; call it in the order of the messages. Raises SettingError."""
    return redact_draft(draft, default_redactor(), _history())


def redact_once(draft: Mapping[str, Any]) -> dict[str, Any]:
    """The draft as this process may show it, without regard to other messages. Raises SettingError."""
    return redact_draft(draft, default_redactor())


def redact_text(text: str) -> str:
    """Any text as this process may log it. Raises SettingError."""
    return default_redactor().text(text)


def redact_for_log(payload: Mapping[str, Any]) -> dict[str, Any]:
    """A payload or a draft as this process may log it. If redaction fails, only the owner's ids remain."""
    updates = payload.get("updates")
    try:
        redactor = default_redactor()
        if not isinstance(updates, list):
            return redact_draft(payload, redactor)
        return {**payload, "updates": [_redact_update(update, redactor) for update in updates]}
    except Exception:  # noqa: BLE001 - the caller's values may raise anything, and none of them may be shown
        return owner_fields(payload)


def _redact_update(update: Mapping[str, Any], redactor: Redactor) -> dict[str, Any]:
    redacted = redact_draft(update, redactor)
    metadata = redacted.get("metadata")
    return {**redacted, "metadata": json_text(metadata)} if isinstance(metadata, Mapping) else redacted


@cache
def _history() -> MessageHistory:
    return MessageHistory()


if hasattr(os, "register_at_fork"):  # a thread of the parent may hold its lock
    os.register_at_fork(after_in_child=_history.cache_clear)


def owner_fields(draft: Mapping[str, Any]) -> dict[str, Any]:
    """The ids of the job, the user and the tenant of a draft."""
    return {name: draft[name] for name in _OWNER_FIELDS if isinstance(draft.get(name), str)}


class MessageHistory:
    """The last characters of each invocation's messages in this process.

    A message that was sent can't be changed. If a secret spans several payloads, this hides all but its first
    piece.
    """

    def __init__(self) -> None:
        self._ends: Bounded[tuple[Any, ...], str] = Bounded(TAILS)
        self._lock = Lock()

    def redact_next(self, draft: Mapping[str, Any]) -> str:
        """The message of a redacted draft without the secrets that began in the messages before it."""
        job = (str(draft.get("tenantId")), str(draft.get("jobId")))
        key = (*job, str(draft.get("invocationId") or draft.get("agentName")))
        message: str = draft["message"]
        with self._lock:
            before = self._ends.get(key, "")
            if before:
                message = split_redacted([before, message])[1]
            self._ends[key] = (before + message)[-TAIL_LENGTH:]
        return message


def _parse(metadata: str) -> Any:
    try:
        return json.loads(metadata)
    except (ValueError, RecursionError):
        return metadata  # validation rejects it
