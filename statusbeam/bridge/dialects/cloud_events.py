"""CloudEvents 1.0: each status is an event, and its job's log is the source.

>>> cloud_event(update, epoch="19aa3c")["type"]
'dev.statusbeam.status.agent_status.v1'
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

from statusbeam.log.snapshot.agent_state import without_none
from statusbeam.log.snapshot.fold import invocation_of
from statusbeam.model.job_key import JobKey
from statusbeam.model.limits import ID_LENGTH
from statusbeam.model.settings import StatusTable
from statusbeam.model.update import StatusUpdate

from .documents import status_document

BATCH_MEDIA_TYPE: Final = "application/cloudevents-batch+json"
EVENT_MEDIA_TYPE: Final = "application/cloudevents+json"


def cloud_event(update: StatusUpdate, *, epoch: str) -> dict[str, Any]:
    """A committed status as a structured event. `sequence` sorts as text, as its extension requires."""
    path = "/".join(quote(part, safe="") for part in (update.tenant_id, "jobs", update.job_id, epoch))
    return without_none(
        {
            "specversion": "1.0",
            "id": update.event_id,
            "source": f"/tenants/{path}",
            "type": f"dev.statusbeam.status.{update.type}.v1",
            "subject": invocation_of(update),
            "time": update.timestamp,
            "datacontenttype": "application/json",
            "sequence": f"{update.sequence or 0:0{StatusTable.SEQUENCE_DIGITS}d}",
            "partitionkey": JobKey(update.tenant_id, update.job_id).text[:ID_LENGTH],
            "data": status_document(update),
        }
    )
