"""A notification: one thing that happened to a job, as every channel gets it.

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
    """Something that happened to a job."""

    id: str
    """The eventId of the status that reported it: the same at each delivery."""
    type: JobEventType
    at: str
    """When it happened, ISO 8601 in UTC."""
    message: str
    """What the status says, for people."""
    job: Mapping[str, Any]
    """The job after it, in the schema's names."""

    @property
    def key(self) -> JobKey:
        """The job that it happened to."""
        return JobKey(self.job["tenantId"], self.job["jobId"])

    @property
    def name(self) -> str:
        """What people call the job: its title, else its id."""
        return str(self.job.get("title") or self.job["jobId"])

    def document(self) -> dict[str, Any]:
        """The event as receivers get it."""
        return {
            "type": self.type.value,
            "timestamp": self.at,
            "data": {"eventId": self.id, "message": self.message, **self.job},
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """What `document` gave."""
        job = dict(document["data"])
        return cls(
            id=job.pop("eventId"),
            type=JobEventType(document["type"]),
            at=document["timestamp"],
            message=job.pop("message"),
            job=job,
        )


def job_fields(head: Head) -> dict[str, Any]:
    """What a notification has of the job."""
    view = head.view()
    return without_none({name: view[name] for name in _OF_THE_JOB})
