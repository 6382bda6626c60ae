"""The keys of a status's metadata that have a meaning here. All other keys are the caller's own.

docs/fold.md says how the snapshot reads them, docs/protocol.md what clients see.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final


class MetadataKey:
    """Names of metadata keys: callers set the first six, the publisher the others."""

    PLAN: Final = "plan"
    """The steps of the job: names, or objects with weight, dependsOn and tools."""
    TOKEN_USAGE: Final = "tokenUsage"  # noqa: S105 - no secret
    """`{inputTokens, outputTokens, …}`, the running total of one attempt; docs/library.md names all keys."""
    LEASE_SECONDS: Final = "leaseSeconds"
    """How long the job or agent may be silent, where nobody can send heartbeats."""
    ETA: Final = "eta"
    """`{p50, p90}`, seconds left; the publisher's estimate, unless the caller sends one."""
    WAITING: Final = "waiting"
    """`{for, prompt, until}` of the status `waiting`."""
    OPERATOR: Final = "operator"
    """Detail for operators only; it stays out of the log entry that everybody reads."""
    SPILLED: Final = "spilled"
    """Mark of metadata too big for the log: `{bytes, keys}`, and `stored: false` where it is lost."""
    REPORTED_AT: Final = "reportedAt"
    """The caller's own timestamp, where it was so far off that the publisher's replaced it."""
    SHED: Final = "shed"
    """How many statuses of the job a limit left out since the last one that reported it."""


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
    MetadataKey.WAITING,
    *IDENTITY.values(),
)
"""Everything that the fold reads. It stays in the status, however much of the metadata is spilled."""
