"""One status on one line, in the words that all outputs of the command share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from statusbeam.log.snapshot.job_state import Job
from statusbeam.log.snapshot.liveness import liveness
from statusbeam.model.limits import LEASE_SECONDS
from statusbeam.model.update import StatusUpdate

from .plain_text import plain_text

NOT_LIVE = frozenset(("stale", "lost"))
"""The liveness of a job or an agent whose lease is over."""


def document_of(update: StatusUpdate) -> dict[str, Any]:
    """The schema's StatusUpdate, with its metadata as an object."""
    document = update.to_wire()
    if update.metadata is not None:
        document["metadata"] = dict(update.metadata)
    return document


def columns_of(status: Mapping[str, Any]) -> tuple[object, ...]:
    """Sequence, status, reporter and message."""
    return status["sequence"], status["status"], reporter_name(status), message_text(status)


def reporter_name(status: Mapping[str, Any]) -> str:
    """The agent that reported the status, or the orchestrator."""
    return plain_text(status.get("agentName") or "Orchestrator")


def message_text(status: Mapping[str, Any]) -> str:
    """The message, with its tool."""
    tool = status.get("toolName")
    message = plain_text(status["message"])
    return f"{plain_text(tool)}: {message}" if tool else message


def liveness_note(job: Job, now: float) -> str | None:
    """The note for a job that waits, is stale or lost at `now` (epoch seconds). None for a live job."""
    verdict = liveness(job, now)
    if verdict == "waiting":
        return _waiting_note(job.head.view()["waiting"])
    if verdict not in NOT_LIVE:
        return None
    idle = now - (job.head.lease_ms or 0) / 1000 + LEASE_SECONDS
    return f"{verdict}: no status for {idle:.0f} s"


def _waiting_note(waiting: Mapping[str, Any]) -> str:
    until = f" until {waiting['until']}" if waiting["until"] else ""
    prompt = f": {plain_text(waiting['prompt'])}" if waiting["prompt"] else ""
    return f"for {plain_text(waiting['for'])} since {waiting['since']}{until}{prompt}"
