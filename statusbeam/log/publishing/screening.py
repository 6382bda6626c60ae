"""What a publisher makes of an entry before it is a status: no secrets, nothing too big, on its own clock.

    >>> screened, aside = screen(entry, redactor=Redactor(), now=time.time())
    >>> aside.operator
    {'errorId': 'e-1', 'cause': 'the model timed out'}

Follows from the entry and the time alone, so that a redelivered payload is screened to the same statuses.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from statusbeam.model.limits import (
    CLOCK_AHEAD_SECONDS,
    CLOCK_BEHIND_SECONDS,
    METADATA_BYTES,
    NAME_LENGTH,
    SPILLED_KEYS,
)
from statusbeam.model.redaction.redactor import Redactor, split_redacted
from statusbeam.model.update import StatusUpdate
from statusbeam.model.validation import json_object, json_text, printable_json, wire_time

from ..journal.batch import Aside
from ..snapshot.fold import invocation_of
from ..snapshot.job_state import IDENTITY
from .payload import ParsedPayload

OPERATOR: Final = "operator"
"""The metadata key whose value is for operators only."""

SPILLED: Final = "spilled"
"""The metadata key that says what became of metadata too big for the log."""

KEPT_KEYS: Final = ("plan", "tokenUsage", "eta", "leaseSeconds", *IDENTITY.values())
"""What the fold reads stays in the status, however much is spilled."""


def screen(entry: object, *, redactor: Redactor, now: float) -> tuple[object, Aside | None]:
    """The entry as the log takes it, and what it carries beside.

    Raises InvalidStatusError for metadata that is no JSON object, or too much even to be spilled; all else is
    for `read_entry` to check.
    """
    if not isinstance(entry, Mapping):
        return entry, None
    texts: dict[str, Any] = {str(field): value for field, value in entry.items() if isinstance(value, str)}
    if entry.get("metadata") is not None:
        texts["metadata"] = printable_json(json_object("metadata", entry["metadata"]))
    clean = redactor.entry(texts)
    others = {field: value for field, value in entry.items() if field not in texts}
    metadata = clean.get("metadata")
    aside = None
    if isinstance(metadata, Mapping):
        clean["metadata"], aside = _parted(metadata)
    return _on_our_clock({**others, **clean}, now), aside


def split_screened(parsed: ParsedPayload) -> ParsedPayload:
    """The payload without the secrets that go from one message of an invocation into its next."""
    places: dict[tuple[str, str | None], list[int]] = {}
    for place, update in enumerate(parsed.updates):
        places.setdefault((update.job_id, invocation_of(update)), []).append(place)
    updates = list(parsed.updates)
    for same in places.values():
        messages = [updates[place].message for place in same]
        for place, message in zip(same, split_redacted(messages), strict=True):
            if message != updates[place].message:
                updates[place] = replace(updates[place], message=message)
    return replace(parsed, updates=tuple(updates))


def spill_mark(metadata: Mapping[str, Any], *, stored: bool = True) -> dict[str, Any]:
    """What stands in a status for metadata that was spilled: how much, its keys, and what the fold reads."""
    names = [key[:NAME_LENGTH] for key in list(metadata)[:SPILLED_KEYS]]
    said: dict[str, Any] = {"bytes": _size(metadata), "keys": names}
    if not stored:
        said["stored"] = False
    mark: dict[str, Any] = {SPILLED: said}
    kept = [key for key in KEPT_KEYS if key in metadata]
    for key in sorted(kept, key=lambda key: _size(metadata[key])):
        if _size({**mark, key: metadata[key]}) <= METADATA_BYTES:
            mark[key] = metadata[key]
    return mark


def detail_key(update: StatusUpdate, body: bytes) -> str:
    """Where a status's detail is stored: the same whenever the status comes, and nothing anybody can guess.

    The log entry alone names the place, and nobody reads it from there but the resolver, which asks whose the
    job is.
    """
    owner = _digest(update.tenant_id, update.user_id, update.job_id)
    return f"{owner}/{_digest(update.event_id, hashlib.sha256(body).hexdigest())}.json"


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _parted(metadata: Mapping[str, Any]) -> tuple[dict[str, Any] | None, Aside | None]:
    """What is for everybody, as the log takes it, and what is not."""
    public = {key: value for key, value in metadata.items() if key != OPERATOR}
    operator = metadata.get(OPERATOR)
    if operator is not None and not isinstance(operator, Mapping):
        operator = {"value": operator}  # whatever it is, it was not meant for everybody
    detail = public if _size(public) > METADATA_BYTES else None
    aside = Aside(operator=operator, detail=detail) if operator is not None or detail is not None else None
    return (spill_mark(public) if detail is not None else public) or None, aside


def _size(value: Any) -> int:
    return len(json_text(value).encode())


def _on_our_clock(entry: dict[str, Any], now: float) -> dict[str, Any]:
    """The entry with our time when its own can't be: `reportedAt` in its metadata keeps what it said."""
    told = entry.get("timestamp")
    try:
        ahead = datetime.fromisoformat(told).timestamp() - now if isinstance(told, str) else 0.0
    except (ValueError, OverflowError):
        return entry
    if -CLOCK_BEHIND_SECONDS <= ahead <= CLOCK_AHEAD_SECONDS:
        return entry
    metadata = {**(entry.get("metadata") or {}), "reportedAt": told}
    return {**entry, "timestamp": wire_time(datetime.fromtimestamp(now, UTC)), "metadata": metadata}
