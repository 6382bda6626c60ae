"""One status as callers send it: a StatusInput without the fields that can be derived.

>>> parse_status({"jobId": "j", …, "status": "agent_invoking"}, event_id="b1.0", now=time.time()).type
<StatusType.AGENT_STATUS: 'agent_status'>
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from .errors import RejectionCode
from .update import StatusUpdate
from .validation import refuse, wire_time
from .words import qualified_status, status_type

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from typing import Any, Final

SENT_AT: Final = "sentAt"
"""The time of sending a payload, by the sender's clock."""

TRACEPARENT: Final = "traceparent"
"""The trace in which the statuses were reported: W3C's text, or an object with the text of each job id."""

CONDITIONS: Final = ("onlyIfOpen", "onlyIfWaiting")
"""Conditions under which the statuses of a payload are committed, each true or false."""

ENVELOPE_FIELDS: Final = ("batchId", *CONDITIONS, SENT_AT, TRACEPARENT)
"""Fields of a payload that may stand beside those of a bare status."""

_PUBLISHER_FIELDS = ("sequence", "earlier")


def stamped(payload: Mapping[str, Any], *, now: float) -> dict[str, Any]:
    """The payload at its send at `now` (epoch seconds). Each attempt has its own time."""
    return {**payload, SENT_AT: wire_time(datetime.fromtimestamp(now, UTC))}


def parse_status(status: object, *, event_id: str, now: float) -> StatusUpdate:
    """The StatusUpdate for one status of a payload, with defaults for the optional fields.

    `event_id` and `now` (epoch seconds) are used when the status has no eventId or timestamp, and the word
    when it has no message.
    Raises InvalidStatusError.
    """
    if not isinstance(status, Mapping):
        raise refuse(None, RejectionCode.WRONG_TYPE, "must be a list of JSON objects")
    for field in _PUBLISHER_FIELDS:
        if status.get(field) is not None:
            raise refuse(field, RejectionCode.NOT_ALLOWED, "is set by the publisher, not by callers")
    filled = {field: value for field, value in status.items() if value is not None}
    filled.setdefault("eventId", event_id)
    filled.setdefault("timestamp", wire_time(datetime.fromtimestamp(now, UTC)))
    word = filled.get("status")
    if isinstance(word, str):
        of_job = not (filled.get("agentName") or filled.get("invocationId"))
        filled.setdefault("type", status_type(word, of_job=of_job))
        filled.setdefault("message", word)
        names = {"agent_name": filled.get("agentName"), "tool_name": filled.get("toolName")}
        if all(name is None or isinstance(name, str) for name in names.values()):
            filled.setdefault("qualifiedStatus", qualified_status(word, **names))
    return StatusUpdate.from_wire(filled)
