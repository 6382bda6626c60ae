"""The keys of a status's metadata that have a meaning here. All other keys are the caller's own.

docs/reference/fold.md has the snapshot's rules for them, docs/reference/protocol.md the clients' view.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final


class MetadataKey:
    """Names of metadata keys: callers set those before `SPILLED`, the publisher the others."""

    PLAN: Final = "plan"
    """The steps of the job: names, or objects with weight, dependsOn and tools."""
    TOKEN_USAGE: Final = "tokenUsage"  # noqa: S105 - no secret
    """`{inputTokens, outputTokens, …}`, the total of one attempt; docs/how-to/library.md has all keys."""
    LEASE_SECONDS: Final = "leaseSeconds"
    """The seconds that the job or agent may be silent, for work without heartbeats."""
    ETA: Final = "eta"
    """`{p50, p90}`, seconds left; the publisher's estimate, unless the caller sends one."""
    OPERATOR: Final = "operator"
    """Detail for operators only; it stays out of the log entry that all readers see."""
    TITLE: Final = "title"
    """The name of the job for people; a later status about the job may replace it."""
    RESULT: Final = "result"
    """The job's result: any JSON, in the job's final status."""
    RUN: Final = "run"
    """`<sender>.<n>`: the opening that a status belongs to; n counts the openings of that sender."""
    OPENED: Final = "opened"
    """In a final status: the n of the newest opening of its sender until then."""
    WAITING: Final = "waiting"
    """`{for, prompt, until, answerable}` of the status `waiting`."""
    ANSWER: Final = "answer"
    """`{approved, by, comment}` of the status `answered`."""
    CANCEL_REQUEST: Final = "cancelRequest"
    """`{by, reason}` of the status `cancel_requested`."""
    SPILLED: Final = "spilled"
    """Mark of metadata too big for the log: `{bytes, keys}`, and `stored: false` where it is lost."""
    REPORTED_AT: Final = "reportedAt"
    """The caller's own timestamp, where it was so far off that the publisher's replaced it."""
    SHED: Final = "shed"
    """The number of the job's statuses that a limit dropped since the last report of this number."""
    AFTER_END: Final = "afterEnd"
    """True on a status that came after the job's end and opened no run."""
    CLAMPED: Final = "clamped"
    """Numbers that were out of range, by path, as the caller sent them."""


IDENTITY: Final = {
    "session_id": "sessionId",
    "correlation_id": "correlationId",
    "document_id": "documentId",
    "source_type": "sourceType",
    "workflow": "workflow",
    "workflow_version": "workflowVersion",
}
"""The metadata keys that identify a job, by field of the snapshot's head; the first value counts."""

FOLDED_KEYS: Final = (
    MetadataKey.PLAN,
    MetadataKey.TOKEN_USAGE,
    MetadataKey.ETA,
    MetadataKey.LEASE_SECONDS,
    MetadataKey.RUN,
    MetadataKey.OPENED,
    MetadataKey.TITLE,
    MetadataKey.RESULT,
    MetadataKey.WAITING,
    MetadataKey.CANCEL_REQUEST,
    *IDENTITY.values(),
)
"""The keys that the fold reads. They stay in the status if the publisher spills its metadata."""
