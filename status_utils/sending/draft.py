"""A status between the call that reported it and the payload that carries it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from statusbeam.model.fit import fit_message, fit_metadata
from statusbeam.model.normalize import normalized, with_plan_names
from statusbeam.model.validation import JsonObject
from statusbeam.model.words import StatusWord

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from typing import Any

_BASE_BYTES = 500
"""The bytes of a status without its texts, approximately."""

_TRACE_BYTES = 70
"""What its trace takes in the payload beside the job's id."""

_COALESCED = (StatusWord.PROGRESS, StatusWord.HEARTBEAT)


class Draft:
    """One status as it was reported: plain values of a bounded size that stay unchanged.

    Not a dataclass: callers would wait for loading those, and for making one.
    """

    __slots__ = ("fields", "reported_at", "traceparent")

    def __init__(self, fields: Mapping[str, Any], reported_at: float, traceparent: str | None = None) -> None:
        """`fields` are by the schema's names; `metadata` among them is a JsonObject. Secrets are still in it.
        `reported_at`: epoch seconds. `traceparent`: the trace in which it was reported."""
        self.fields = fields
        self.reported_at = reported_at
        self.traceparent = traceparent

    @property
    def size(self) -> int:
        """Bytes, approximately."""
        message, metadata = self.fields.get("message"), self.fields.get("metadata")
        size = _BASE_BYTES
        if self.traceparent is not None:
            size += _TRACE_BYTES
        if isinstance(message, str):
            size += len(message) if message.isascii() else len(message.encode(errors="replace"))
        return size + metadata.weight if isinstance(metadata, JsonObject) else size

    @property
    def coalescing_key(self) -> Hashable | None:
        """While it waits, a later draft with the same key replaces it; None: none does."""
        if self.fields["status"] not in _COALESCED:
            return None
        return (self.fields["jobId"], self.fields.get("invocationId"), self.fields.get("toolName"))

    def encode(self, event_id: str, *, remember: bool = True) -> dict[str, Any]:
        """The status in the publisher's form: redacted, cut where it is too long, validated, encoded.

        A later message of the invocation may go on with a secret that this one began, except without
        `remember`, for a status that is encoded twice. Raises InvalidStatusError, SettingError.
        """
        from statusbeam.model.parse import parse_status  # noqa: PLC0415 - needed at first send only

        from .redact_on_exit import redact, redact_once  # noqa: PLC0415 - as above

        fields = (redact if remember else redact_once)(self._normalized())
        if isinstance(fields.get("message"), str):
            fields["message"] = fit_message(fields["message"])
        if fields.get("metadata") is not None:
            fields["metadata"] = fit_metadata(fields["metadata"])
        return parse_status(fields, event_id=event_id, now=self.reported_at).to_wire()

    def _normalized(self) -> Mapping[str, Any]:
        fields = normalized(self.fields)
        metadata = fields.get("metadata")
        if not isinstance(metadata, JsonObject):
            return fields
        named = with_plan_names(metadata)
        return fields if named is metadata else {**fields, "metadata": JsonObject(dict(named))}
