"""The queued statuses: in order, with progress coalesced, and at most a fixed size.

When the buffer is full, the oldest progress is dropped first. A lifecycle status, which begins or ends work,
is dropped only when no progress is left. The library then writes it to the process's logs, so that it is not
lost.
"""

from __future__ import annotations

import os
from collections.abc import Hashable
from dataclasses import dataclass

from statusbeam.model.errors import StatusError, TransportError
from statusbeam.model.limits import BUFFER_BYTES, ENTRIES_PER_PAYLOAD, SEND_BYTES
from statusbeam.model.parse import TRACEPARENT

from .draft import Draft

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from typing import Any

    Rejection = tuple[Draft, StatusError]  # a draft that can't be sent, and the reason


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
        self._queued: dict[int, tuple[Draft, Hashable | None]] = {}  # with its coalescing key
        self._coalescing: dict[Hashable, int] = {}  # the number of each key's status, the oldest first
        self._bytes = 0
        self.last_number = 0
        """Of the newest status."""
        self.rejected: list[Rejection] = []
        """The statuses that had no room, for the process's logs."""

    def __len__(self) -> int:
        return len(self._queued)

    @property
    def first_number(self) -> int:
        """Of the oldest status, or of the next one if the buffer is empty."""
        return next(iter(self._queued), self.last_number + 1)

    @property
    def has_lifecycle(self) -> bool:
        """Whether a status is queued that no later one replaces."""
        return len(self._queued) > len(self._coalescing)

    def add(self, draft: Draft) -> None:
        """Add a status. If there is no room, another one is dropped, or this one."""
        self.last_number += 1
        key = draft.coalescing_key
        if key is not None:
            replaced = self._coalescing.get(key)
            if replaced is not None:
                self._remove(replaced)
            self._coalescing[key] = self.last_number
        self._queued[self.last_number] = (draft, key)
        self._bytes += draft.size
        while self._bytes > self._max_bytes:
            number = next(iter(self._coalescing.values()), self.last_number)
            is_progress = self._queued[number][1] is not None
            dropped = self._remove(number)
            if not is_progress:
                full = TransportError("too many statuses wait to be sent", code="buffer_full", retriable=True)
                self.rejected.append((dropped, full))

    def _remove(self, number: int) -> Draft:
        draft, key = self._queued.pop(number)
        self._bytes -= draft.size
        if key is not None:
            del self._coalescing[key]
        return draft

    def drop_progress(self) -> None:
        """Drop every status that a later one may replace."""
        for number in list(self._coalescing.values()):
            self._remove(number)

    def take(self) -> list[Draft]:
        """Remove the oldest statuses, as many as fit into one payload of SEND_BYTES."""
        taken: list[Draft] = []
        size = 0
        while self._queued and len(taken) < ENTRIES_PER_PAYLOAD:
            number = self.first_number
            size += self._queued[number][0].size
            if taken and size > SEND_BYTES:
                break
            taken.append(self._remove(number))
        return taken


def pack(drafts: list[Draft], first_number: int) -> tuple[Batch | None, list[Rejection]]:
    """The drafts as a batch, and those that are invalid. It redacts and encodes: hold no lock meanwhile."""
    batch_id = os.urandom(16).hex()
    updates: list[dict[str, Any]] = []
    rejected: list[Rejection] = []
    traces: dict[str, str] = {}
    for draft in drafts:
        try:
            update = draft.encode(f"{batch_id}.{len(updates)}")
            updates.append(update)
            if draft.traceparent is not None:
                traces.setdefault(update["jobId"], draft.traceparent)
        except StatusError as error:
            rejected.append((draft, error))
        except Exception as error:  # noqa: BLE001 - one caller's value must not stop the others' statuses
            problem = f"unreadable: {type(error).__name__}"
            rejected.append((draft, TransportError(problem, code="unreadable", retriable=False)))
    size = sum(draft.size for draft in drafts)
    payload: dict[str, Any] = {"batchId": batch_id, "updates": updates}
    if traces:
        payload[TRACEPARENT] = traces
    return (Batch(payload, first_number, size) if updates else None), rejected
