"""What waits to be sent: in order, of progress only the latest, never more than a fixed size.

When it is full the oldest progress goes first; a status that begins or ends something goes only when there is
no progress left, and then into the log, not lost.
"""

from __future__ import annotations

import os
from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from statusbeam.model.errors import StatusError, TransportError
from statusbeam.model.limits import BUFFER_BYTES, ENTRIES_PER_PAYLOAD, SEND_BYTES
from statusbeam.model.parse import parse_status
from statusbeam.model.validation import json_text

from .truncate import fitted

TYPE_CHECKING = False  # not typing's: loading typing is a tenth of what importing status_utils costs
if TYPE_CHECKING:
    from typing import Any

    Refusal = tuple[Mapping[str, Any], StatusError]  # what does not go on, and why: it belongs into the log

_ENTRY_BYTES = 500
"""What an entry takes in memory beside its texts, about."""


@dataclass(slots=True)
class Record:
    """One status as it was said: `key` tells what a later one replaces, None: nothing may."""

    entry: Mapping[str, Any]
    said: float  # epoch seconds
    key: Hashable | None

    @property
    def size(self) -> int:
        """Bytes, about."""
        texts = (self.entry.get("message"), self.entry.get("metadata"))
        return _ENTRY_BYTES + sum(len(text) for text in texts if isinstance(text, str))


@dataclass(slots=True)
class Parcel:
    """A payload that stays as it is until somebody takes it: its batch id makes sending it again harmless."""

    payload: dict[str, Any]
    first: int  # number of its first record
    size: int  # bytes, about
    tries: int = 0
    logged: bool = False


class Buffer:
    """The statuses that wait, numbered in the order in which they came."""

    def __init__(self, max_bytes: int = BUFFER_BYTES) -> None:
        self._max_bytes = max_bytes
        self._records: dict[int, Record] = {}
        self._latest: dict[Hashable, int] = {}  # of what may be replaced: the oldest first
        self._bytes = 0
        self.number = 0
        """Of the newest record."""
        self.refused: list[Refusal] = []
        """What broke a rule or had no room, for the log."""

    def __len__(self) -> int:
        return len(self._records)

    @property
    def first(self) -> int:
        """Number of the oldest record; that of the next one when there is none."""
        return next(iter(self._records), self.number + 1)

    @property
    def urgent(self) -> bool:
        """Whether there is something that nothing replaces."""
        return len(self._records) > len(self._latest)

    def add(self, record: Record) -> None:
        """Take a record in; something, maybe itself, goes for it when there is no room."""
        self.number += 1
        if record.key is not None:
            replaced = self._latest.get(record.key)
            if replaced is not None:
                self._remove(replaced)
            self._latest[record.key] = self.number
        self._records[self.number] = record
        self._bytes += record.size
        while self._bytes > self._max_bytes:
            gone = self._remove(next(iter(self._latest.values()), self.number))
            if gone.key is None:
                self._refuse_for_room(gone)

    def _refuse_for_room(self, record: Record) -> None:
        batch_id = os.urandom(16).hex()
        wire = self._wire(record, f"{batch_id}.0")
        if wire is not None:
            full = TransportError("too much waits to be sent", code="buffer_full", retriable=True)
            self.refused.append(({"batchId": batch_id, "updates": [wire]}, full))

    def _remove(self, number: int) -> Record:
        record = self._records.pop(number)
        self._bytes -= record.size
        if record.key is not None:
            del self._latest[record.key]
        return record

    def drop_replaceable(self) -> None:
        """Forget what a later status would replace."""
        for number in list(self._latest.values()):
            self._remove(number)

    def pack_one(self) -> Parcel | None:
        """The oldest, in a parcel within SEND_BYTES; what can't be packed is in `refused`."""
        batch_id = os.urandom(16).hex()
        updates: list[dict[str, Any]] = []
        first, size = self.first, 0
        while self._records and len(updates) < ENTRIES_PER_PAYLOAD:
            number = self.first
            wire = self._wire(self._records[number], f"{batch_id}.{len(updates)}")
            if wire is not None:
                own = len(json_text(wire).encode()) + 1
                if updates and size + own > SEND_BYTES:
                    break
                size += own
                updates.append(wire)
            self._remove(number)
        return Parcel({"batchId": batch_id, "updates": updates}, first, size) if updates else None

    def _wire(self, record: Record, event_id: str) -> dict[str, Any] | None:
        try:
            return parse_status(fitted(record.entry), event_id=event_id, now=record.said).to_wire()
        except StatusError as error:
            self.refused.append((record.entry, error))
        except Exception as error:  # noqa: BLE001 - what one caller gave must not stop the others
            unreadable = TransportError(
                f"unreadable: {type(error).__name__}", code="unreadable", retriable=False
            )
            self.refused.append((record.entry, unreadable))
        return None
