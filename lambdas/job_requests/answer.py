"""An answer to a waiting job, from the API's resolver."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from statusbeam.model.metadata import MetadataKey
from statusbeam.model.settings import WAITING_ANSWERED
from statusbeam.model.words import StatusWord


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The job with its owner, the agent that waits (None: the job itself), the answering user, and the
    answer."""

    detail_type: ClassVar[str] = WAITING_ANSWERED

    job_id: str
    user_id: str
    tenant_id: str
    invocation_id: str | None
    agent_name: str | None
    by: str
    approved: bool
    comment: str | None

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Self:
        """The answer that the resolver made. Raises KeyError for other events."""
        return cls(
            job_id=event["jobId"],
            user_id=event["userId"],
            tenant_id=event["tenantId"],
            invocation_id=event.get("invocationId"),
            agent_name=event.get("agentName"),
            by=event["by"],
            approved=event["approved"] is True,
            comment=event.get("comment") or None,
        )

    def payload(self, request_id: str) -> dict[str, Any]:
        """The publisher's payload. The first answer to a wait is committed, later ones are not."""
        update = {
            "jobId": self.job_id,
            "userId": self.user_id,
            "tenantId": self.tenant_id,
            "invocationId": self.invocation_id,
            "agentName": self.agent_name,
            "status": StatusWord.ANSWERED.value,
            "message": self._message(),
            "metadata": {MetadataKey.ANSWER: self._answer()},
        }
        return {"batchId": f"answer-{request_id}", "onlyIfWaiting": True, "updates": [update]}

    def detail(self, *, now: float) -> dict[str, Any]:
        """The event for the job's workflow, at `now` (epoch seconds)."""
        return {
            "jobId": self.job_id,
            "tenantId": self.tenant_id,
            "invocationId": self.invocation_id,
            **self._answer(),
            "answeredAtMs": int(now * 1000),
        }

    def _answer(self) -> dict[str, Any]:
        comment = {"comment": self.comment} if self.comment else {}
        return {"approved": self.approved, "by": self.by, **comment}

    def _message(self) -> str:
        verdict = "Approved" if self.approved else "Rejected"
        return f"{verdict}: {self.comment}" if self.comment else f"{verdict}."
