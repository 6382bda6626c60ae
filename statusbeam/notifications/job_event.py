"""An event of a job, in the form that every channel gets.

>>> event.document()["type"]
'job.failed'
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from statusbeam.log.snapshot.agent_state import without_none
from statusbeam.log.snapshot.job_state import Head
from statusbeam.model.job_key import JobKey
from statusbeam.model.settings import JobEventType

_OF_THE_JOB: Final = (
    *("jobId", "tenantId", "userId", "sessionId", "correlationId", "documentId", "workflow", "title"),
    *("run", "overallStatus", "progress", "waiting", "totalTokenUsage", "result"),
    *("sequence", "epoch", "createdAt", "lastUpdated"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEvent:
    """An event of a job."""

    id: str
    """The eventId of the status that reported it: the same at each delivery."""
    type: JobEventType
    at: str
    """The time of the event, ISO 8601 in UTC."""
    message: str
    """The status's message for people."""
    job: Mapping[str, Any]
    """The job after the event, with the schema's names."""

    @property
    def key(self) -> JobKey:
        """The id of the job."""
        return JobKey(self.job["tenantId"], self.job["jobId"])

    @property
    def name(self) -> str:
        """The job's name for people: its title, else its id."""
        return str(self.job.get("title") or self.job["jobId"])

    def document(self) -> dict[str, Any]:
        """The event as JSON-ready data, in the form that receivers get."""
        return {
            "type": self.type.value,
            "timestamp": self.at,
            "data": {"eventId": self.id, "message": self.message, **self.job},
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Parse the document that `document` returned."""
        job = dict(document["data"])
        return cls(
            id=job.pop("eventId"),
            type=JobEventType(document["type"]),
            at=document["timestamp"],
            message=job.pop("message"),
            job=job,
        )


def job_fields(head: Head) -> dict[str, Any]:
    """The fields of the job that an event contains."""
    view = head.view()
    return without_none({name: view[name] for name in _OF_THE_JOB})
