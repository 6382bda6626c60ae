"""A request to cancel a job, from the API's resolver."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from statusbeam.model.metadata import MetadataKey
from statusbeam.model.settings import CANCEL_REQUESTED
from statusbeam.model.words import StatusWord


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRequest:
    """The job with its owner, the requesting user, and the reason."""

    detail_type: ClassVar[str] = CANCEL_REQUESTED

    job_id: str
    user_id: str
    tenant_id: str
    by: str
    reason: str | None

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Self:
        """The request that the resolver made. Raises KeyError for other events."""
        return cls(
            job_id=event["jobId"],
            user_id=event["userId"],
            tenant_id=event["tenantId"],
            by=event["by"],
            reason=event.get("reason") or None,
        )

    def payload(self, request_id: str) -> dict[str, Any]:
        """The publisher's payload, a batch of its own for each request."""
        reason = {"reason": self.reason} if self.reason else {}
        update = {
            "jobId": self.job_id,
            "userId": self.user_id,
            "tenantId": self.tenant_id,
            "status": StatusWord.CANCEL_REQUESTED.value,
            "message": f"Cancellation requested: {self.reason}" if self.reason else "Cancellation requested.",
            "metadata": {MetadataKey.CANCEL_REQUEST: {"by": self.by, **reason}},
        }
        return {"batchId": f"cancel-{request_id}", "updates": [update]}

    def detail(self, *, now: float) -> dict[str, Any]:
        """The event for the job's workflow, at `now` (epoch seconds)."""
        return {"jobId": self.job_id, "tenantId": self.tenant_id, "requestedAtMs": int(now * 1000)}
