"""An execution of a state machine, as EventBridge reports it, and the status that its job gets."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Self

from statusbeam.model.validation import wire_time
from statusbeam.model.words import StatusWord

_OWNER: Final = ("jobId", "userId", "tenantId")

# For people: causes and ARNs stay in Step Functions, where operators read them.
_FINAL_STATUSES: Final[Mapping[str, tuple[str, str]]] = {
    "SUCCEEDED": (StatusWord.COMPLETE, "The workflow completed."),
    "FAILED": (StatusWord.ERROR, "The workflow failed: one of its steps failed."),
    "TIMED_OUT": (StatusWord.ERROR, "The workflow failed: it exceeded its time limit."),
    "ABORTED": (StatusWord.CANCELLED, "The workflow was cancelled."),
}
_REDRIVEN: Final = (StatusWord.REOPENED, "The workflow continues after its failed step.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """An execution at the time of the event."""

    arn: str
    status: str  # RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED, PENDING_REDRIVE
    redrives: int  # the number of redrives
    at: str  # when it reached this status, UTC
    input: str | None  # JSON text; None: too large for the event

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Self:
        """The execution in a "Step Functions Execution Status Change". Raises KeyError for other events."""
        detail = event["detail"]
        stopped_ms = detail.get("stopDate")
        stopped = wire_time(datetime.fromtimestamp(stopped_ms / 1000, UTC)) if stopped_ms else None
        return cls(
            arn=detail["executionArn"],
            status=detail["status"],
            redrives=detail.get("redriveCount") or 0,
            at=stopped or event["time"],
            input=detail.get("input"),
        )

    @property
    def job_status(self) -> tuple[str, str] | None:
        """Status and message for the job; None without a report, such as for a first start."""
        if self.status == "RUNNING" and self.redrives:
            return _REDRIVEN
        return _FINAL_STATUSES.get(self.status)

    def payload(self, owner: Mapping[str, str], job_status: tuple[str, str]) -> dict[str, Any]:
        """The publisher's payload: the same at each delivery of the event, another after each redrive."""
        status, message = job_status
        execution = hashlib.sha256(self.arn.encode()).hexdigest()[:32]
        update = {
            **owner,
            "status": status,
            "message": message,
            # Events come in any order: the end of an earlier run must not end the run after a redrive.
            "attempt": self.redrives + 1,
            "timestamp": self.at,
            "metadata": {"executionStatus": self.status},
        }
        return {
            "batchId": f"execution-{execution}-{self.redrives}-{self.status.lower()}",
            "onlyIfOpen": True,
            "updates": [update],
        }


def owner_in(text: str) -> dict[str, str] | None:
    """jobId, userId and tenantId in an execution's input; None when one of them is missing."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    owner = {name: value for name in _OWNER if isinstance(value := found.get(name), str) and value}
    return owner if len(owner) == len(_OWNER) else None
