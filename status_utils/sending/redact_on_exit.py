"""What may leave the process: statuses without secrets, on their way to the publisher and in the local log.

    >>> without_secrets({"jobId": "j", "message": "postgres://ana:hunter2@db"}, redactor)["message"]
    'postgres://ana:[redacted: password]@db'

Loaded at the first status, like everything that only a sender needs.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cache
from itertools import islice
from threading import Lock

from statusbeam.model.bounded import Bounded
from statusbeam.model.limits import NAME_LENGTH, REDACTED_LENGTH, TAIL_LENGTH, TAILS
from statusbeam.model.redaction.redactor import Redactor, split_redacted
from statusbeam.model.validation import json_text, printable, printable_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_WHO = ("jobId", "userId", "tenantId")


def without_secrets(
    entry: Mapping[str, Any], redactor: Redactor, tails: Tails | None = None
) -> dict[str, Any]:
    """The entry (wire names, whatever callers gave) with every secret replaced by a mark.

    `tails` finds those that began in an earlier message of the invocation as well. Metadata comes out as
    plain JSON; what is no JSON is left out with a mark.
    """
    message, metadata = entry.get("message"), entry.get("metadata")
    plain = dict(entry)
    if isinstance(message, str):
        plain["message"] = message[:REDACTED_LENGTH]
    if isinstance(metadata, str):
        metadata = _parsed(metadata)
    if isinstance(metadata, Mapping):
        plain["metadata"] = _plain(metadata)
    clean = redactor.entry(plain)
    if tails is not None and isinstance(message, str):
        clean["message"] = tails.redacted(clean)
    return clean


def redacted(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The entry as this process may send it, in the order of its messages. Raises SettingError."""
    from ..defaults import default_redactor  # noqa: PLC0415 - the door to the environment

    return without_secrets(entry, default_redactor(), _tails())


def redacted_text(text: str) -> str:
    """Any text as this process's log may have it. Raises SettingError."""
    from ..defaults import default_redactor  # noqa: PLC0415 - the door to the environment

    return default_redactor().text(text)


def loggable(lost: Mapping[str, Any]) -> dict[str, Any]:
    """A payload or an entry as the local log may have it: if secrets can't be taken out, only whose it is."""
    from ..defaults import default_redactor  # noqa: PLC0415 - the door to the environment

    updates = lost.get("updates")
    try:
        redactor = default_redactor()
        if not isinstance(updates, list):
            return without_secrets(lost, redactor)
        return {**lost, "updates": [_sendable(update, redactor) for update in updates]}
    except Exception:  # noqa: BLE001 - whatever callers gave: their work goes on, and nothing of theirs is shown
        return ids_of(lost)


def _sendable(update: Mapping[str, Any], redactor: Redactor) -> dict[str, Any]:
    clean = without_secrets(update, redactor)
    metadata = clean.get("metadata")
    return {**clean, "metadata": json_text(metadata)} if isinstance(metadata, Mapping) else clean


@cache
def _tails() -> Tails:
    return Tails()


if hasattr(os, "register_at_fork"):  # whoever held its lock isn't in the new process
    os.register_at_fork(after_in_child=_tails.cache_clear)


def ids_of(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of a status before it was looked at: whose it is."""
    return {name: entry[name] for name in _WHO if isinstance(entry.get(name), str)}


class Tails:
    """The last characters of each invocation's messages in this process.

    What began in one that is sent already can't be taken back: of a secret that goes over several payloads,
    all but its first piece is hidden.
    """

    def __init__(self) -> None:
        self._tails: Bounded[tuple[Any, ...], str] = Bounded(TAILS)
        self._lock = Lock()

    def redacted(self, entry: Mapping[str, Any]) -> str:
        """The message of a redacted entry without what only the messages before it tell."""
        key = (str(entry.get("jobId")), str(entry.get("invocationId") or entry.get("agentName")))
        message: str = entry["message"]
        with self._lock:
            tail = self._tails.get(key, "")
            if tail:
                message = split_redacted([tail, message])[1]
            self._tails[key] = (tail + message)[-TAIL_LENGTH:]
        return message


def _plain(metadata: Mapping[Any, Any]) -> dict[str, Any]:
    try:
        found = printable_json(json.loads(json.dumps(dict(metadata), default=str, allow_nan=False)))
    except (TypeError, ValueError, RecursionError) as error:
        keys = [printable(str(key))[:NAME_LENGTH] for key in islice(metadata, 10)]
        return {"leftOut": f"metadata must be JSON: {type(error).__name__}", "keys": keys}
    return dict(found)


def _parsed(metadata: str) -> Any:
    try:
        return json.loads(metadata)
    except (ValueError, RecursionError):
        return metadata  # refused as what it is
