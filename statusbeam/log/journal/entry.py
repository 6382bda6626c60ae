"""One status on its way into the log: the row that a payload, a batch and a commit are made of.

    >>> Entry(index=0, update=update).numbered(7).update.sequence
    7

Admission makes an entry of one status of a payload and adds the hidden attributes; the commit gives it its
sequence. No list runs in parallel to the entries.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from statusbeam.model.replace import replace
from statusbeam.model.update import StatusUpdate


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One status of a payload, with all that travels with it."""

    index: int  # its position in the payload
    update: StatusUpdate  # has a sequence from the commit on
    operator: Mapping[str, Any] | None = None  # metadata for operators only
    detail: Mapping[str, Any] | None = None  # all of its public metadata, where that is too big for the log
    reported_at: str | None = None  # the caller's own timestamp, if it gave one
    attributes: Mapping[str, str] = field(default_factory=dict)
    """The attributes of the table's item that not every reader sees."""
    shed: bool = False  # the tenant's limit leaves it out; it still counts for the batch's digest

    def numbered(self, sequence: int) -> Entry:
        """The entry at its place in the job's log."""
        return replace(self, update=self.update.numbered(sequence))

    def annotated(self, metadata: Mapping[str, Any]) -> Entry:
        """The entry with metadata of the publisher's own, for which there is always room."""
        more = {**(self.update.metadata or {}), **metadata}
        return replace(self, update=self.update.with_metadata(more))
