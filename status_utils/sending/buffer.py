"""The statuses that wait to be sent: in order, progress coalesced, never more than a fixed size.

When the buffer is full, the oldest progress is dropped first. A lifecycle status, which begins or ends
something, is dropped only when no progress is left. It is then logged, not lost.
"""

from __future__ import annotations

import os
from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from statusbeam.model.errors import StatusError, TransportError
from statusbeam.model.limits import BUFFER_BYTES, ENTRIES_PER_PAYLOAD, SEND_BYTES
from statusbeam.model.parse import parse_status
from statusbeam.model.validation import json_text

from .truncate import truncate_draft

TYPE_CHECKING = False  # not typing's: loading typing is a tenth of what importing status_utils costs
if TYPE_CHECKING:
    from typing import Any

    Rejection = tuple[Mapping[str, Any], StatusError]  # a draft or payload that can't be sent, and the reason

_BASE_BYTES = 500
"""What a status takes in memory beside its texts, approximately."""


@dataclass(slots=True)
class QueuedStatus:
    """One status as a scope reported it. A later one with the same key replaces it; None: none does."""

    draft: Mapping[str, Any]  # by the schema's names, not validated yet
    reported_at: float  # epoch seconds
    coalescing_key: Hashable | None

    @property
    def size(self) -> int:
        """Bytes, approximately."""
        texts = (self.draft.get("message"), self.draft.get("metadata"))
        return _BASE_BYTES + sum(len(text) for text in texts if isinstance(text, str))


@dataclass(slots=True)
class Batch:
    """A payload to send. It keeps its batch id until it is accepted, so that sending it again is harmless."""

    payload: dict[str, Any]
    first_number: int  # of its first status
    size: int  # bytes, approximately
    tries: int = 0
    logged: bool = False


class Buffer:
    """The queued statuses, numbered in the order in which they were reported."""

    def __init__(self, max_bytes: int = BUFFER_BYTES) -> None:
        self._max_bytes = max_bytes
        self._queued: dict[int, QueuedStatus] = {}
        self._coalescing: dict[Hashable, int] = {}  # the number of each key's status, the oldest first
        self._bytes = 0
        self.last_number = 0
        """Of the newest status."""
        self.rejected: list[Rejection] = []
        """What was invalid or had no room, for the log."""

    def __len__(self) -> int:
        return len(self._queued)

    @property
    def first_number(self) -> int:
        """Of the oldest status, or of the next one if the buffer is empty."""
        return next(iter(self._queued), self.last_number + 1)

    @property
    def has_lifecycle(self) -> bool:
        """Whether a status waits that no later one replaces."""
        return len(self._queued) > len(self._coalescing)

    def add(self, status: QueuedStatus) -> None:
        """Add a status. If there is no room, another one is dropped, or this one."""
        self.last_number += 1
        if status.coalescing_key is not None:
            replaced = self._coalescing.get(status.coalescing_key)
            if replaced is not None:
                self._remove(replaced)
            self._coalescing[status.coalescing_key] = self.last_number
        self._queued[self.last_number] = status
        self._bytes += status.size
        while self._bytes > self._max_bytes:
            dropped = self._remove(next(iter(self._coalescing.values()), self.last_number))
            if dropped.coalescing_key is None:
                self._reject_for_room(dropped)

    def _reject_for_room(self, status: QueuedStatus) -> None:
        batch_id = os.urandom(16).hex()
        update = self._validated(status, f"{batch_id}.0")
        if update is not None:
            full = TransportError("too many statuses wait to be sent", code="buffer_full", retriable=True)
            self.rejected.append(({"batchId": batch_id, "updates": [update]}, full))

    def _remove(self, number: int) -> QueuedStatus:
        status = self._queued.pop(number)
        self._bytes -= status.size
        if status.coalescing_key is not None:
            del self._coalescing[status.coalescing_key]
        return status

    def drop_progress(self) -> None:
        """Drop every status that a later one may replace."""
        for number in list(self._coalescing.values()):
            self._remove(number)

    def pack_batch(self) -> Batch | None:
        """The oldest statuses as a batch within SEND_BYTES; invalid ones move to `rejected`."""
        batch_id = os.urandom(16).hex()
        updates: list[dict[str, Any]] = []
        first_number, size = self.first_number, 0
        while self._queued and len(updates) < ENTRIES_PER_PAYLOAD:
            number = self.first_number
            update = self._validated(self._queued[number], f"{batch_id}.{len(updates)}")
            if update is not None:
                update_size = len(json_text(update).encode()) + 1
                if updates and size + update_size > SEND_BYTES:
                    break
                size += update_size
                updates.append(update)
            self._remove(number)
        return Batch({"batchId": batch_id, "updates": updates}, first_number, size) if updates else None

    def _validated(self, status: QueuedStatus, event_id: str) -> dict[str, Any] | None:
        try:
            draft = truncate_draft(status.draft)
            return parse_status(draft, event_id=event_id, now=status.reported_at).to_wire()
        except StatusError as error:
            self.rejected.append((status.draft, error))
        except Exception as error:  # noqa: BLE001 - one caller's value must not stop the others' statuses
            problem = f"unreadable: {type(error).__name__}"
            unreadable = TransportError(problem, code="unreadable", retriable=False)
            self.rejected.append((status.draft, unreadable))
        return None
