"""One entry of a payload: a StatusInput that may leave out what can be derived.

>>> read_entry({"jobId": "j", …, "status": "agent_invoking"}, event_id="b1.0", now=time.time()).type
<StatusType.AGENT_STATUS: 'agent_status'>
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from .errors import RejectionCode
from .update import StatusUpdate
from .validation import refuse, wire_time
from .words import qualified_status, status_type

TYPE_CHECKING = False  # not typing's: loading typing is a tenth of what importing status_utils costs
if TYPE_CHECKING:
    from typing import Final

ENVELOPE: Final = ("batchId", "onlyIfOpen")
"""What may stand beside the fields of a bare status, and belongs to its payload."""

_PUBLISHERS_OWN = ("sequence", "earlier")


def read_entry(entry: object, *, event_id: str, now: float) -> StatusUpdate:
    """The status that one entry describes, with what callers may leave out filled in.

    `event_id` and `now` (epoch seconds) are used when the entry has no eventId or timestamp.
    Raises InvalidStatusError.
    """
    if not isinstance(entry, Mapping):
        raise refuse(None, RejectionCode.WRONG_TYPE, "must be a list of JSON objects")
    for field in _PUBLISHERS_OWN:
        if entry.get(field) is not None:
            raise refuse(field, RejectionCode.NOT_ALLOWED, "is given by the publisher, not by callers")
    filled = {field: value for field, value in entry.items() if value is not None}
    filled.setdefault("eventId", event_id)
    filled.setdefault("timestamp", wire_time(datetime.fromtimestamp(now, UTC)))
    status = filled.get("status")
    if isinstance(status, str):
        filled.setdefault("type", status_type(status))
        names = {"agent_name": filled.get("agentName"), "tool_name": filled.get("toolName")}
        if all(name is None or isinstance(name, str) for name in names.values()):
            filled.setdefault("qualifiedStatus", qualified_status(status, **names))
    return StatusUpdate.from_wire(filled)
