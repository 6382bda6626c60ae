"""Statuses as JSON documents, which three of the dialects send."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..observed import Outcome, Received, steps_in

OUTCOMES = {"complete": Outcome.COMPLETED, "error": Outcome.FAILED}
"""How the job ended, by the `type` of its final status."""


def read_status(job_id: str, document: Any, cursor: str | None = None) -> Received:
    """One status."""
    if not isinstance(document, Mapping):
        return Received(problem=f"a status is not an object: {document!r:.80}")
    steps = steps_in(job_id, document)
    return Received(
        step=steps[0] if steps else None, cursor=cursor, outcome=OUTCOMES.get(str(document.get("type")))
    )


def read_job(job_id: str, document: Any, cursor: str | None = None) -> Received:
    """A job's snapshot."""
    if not isinstance(document, Mapping):
        return Received(problem=f"a snapshot is not an object: {document!r:.80}")
    return Received(
        step=max(steps_in(job_id, document), default=None),
        is_snapshot=True,
        cursor=cursor,
        outcome=outcome_of(document.get("overallStatus")),
    )


def outcome_of(state: Any) -> Outcome | None:
    """How a job in this state has ended."""
    return Outcome(state) if state in set(Outcome) else None
