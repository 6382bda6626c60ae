"""Reporting a status from anywhere: one call, one message to the publisher.

    >>> publish_agent_status("job-1", "ana", "city", "Geo Agent", "agent_invoking", "Looking at the map")
    True

The promise of these functions: they never raise and never block for long. What could not be sent is written
to the log as one line of JSON with the whole payload, from which it can be sent again. Inside a scope of the
same job they hand the status to the scope's sender, in order with what the scope says, and return at once.
"""

from __future__ import annotations

import os
import sys
import time

from statusbeam.model.parse import parse_status
from statusbeam.model.words import StatusWord

from ..sending.dead_letter import log_undelivered
from ..sending.truncate import fitted, id_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Unpack

    from ..transports.transport import Transport
    from .optional_arguments import StatusExtras
    from .scope import Scope


def publish_orchestrator_status(
    job_id: str,
    user_id: str,
    tenant_id: str,
    status: str,
    message: str,
    *,
    execution_time_ms: int | None = None,
    **extras: Unpack[StatusExtras],
) -> bool:
    """Report a step of the job as a whole.

        >>> publish_orchestrator_status("job-1", "ana", "city", "complete", "Sent to the road works")
        True

    `status` is a word such as `loading_agents`, `validating`, `synthesizing`, or your own; `complete` and
    `error` end the job. Returns whether the publisher took it; never raises.
    """
    entry = _entry(job_id, user_id, tenant_id, status, message) | {"executionTimeMs": execution_time_ms}
    return _publish(entry, extras)


def publish_agent_status(  # noqa: PLR0917 - callers import this signature
    job_id: str,
    user_id: str,
    tenant_id: str,
    agent_name: str,
    status: str,
    message: str,
    execution_time_ms: int | None = None,
    **extras: Unpack[StatusExtras],
) -> bool:
    """Report a step of one agent.

        >>> publish_agent_status("job-1", "ana", "city", "Geo Agent", "complete", "Found Elm Street", 840)
        True

    `status` is `agent_invoking`, `progress`, `agent_retrying`, or a word of your own; `complete` and `error`
    here mean the agent (`agent_complete`, `agent_error`), the job goes on. Returns whether the publisher took
    it; never raises.
    """
    entry = _entry(job_id, user_id, tenant_id, _agent_word(status), message)
    return _publish(entry | {"agentName": agent_name, "executionTimeMs": execution_time_ms}, extras)


def publish_tool_status(  # noqa: PLR0917 - callers import this signature
    job_id: str,
    user_id: str,
    tenant_id: str,
    agent_name: str,
    tool_name: str,
    reason: str,
    *,
    message: str | None = None,
    execution_time_ms: int | None = None,
    **extras: Unpack[StatusExtras],
) -> bool:
    """Report that an agent uses a tool, and what for.

        >>> publish_tool_status("job-1", "ana", "city", "Geo Agent", "amazon_location", "Find Elm Street")
        True

    The reason is the message people see, unless `message` says it in other words. Returns whether the
    publisher took it; never raises.
    """
    entry = _entry(
        job_id, user_id, tenant_id, StatusWord.CALLING_TOOL, reason if message is None else message
    )
    names = {"agentName": agent_name, "toolName": tool_name, "executionTimeMs": execution_time_ms}
    return _publish(entry | names, extras)


def _entry(job_id: str, user_id: str, tenant_id: str, status: str, message: str) -> dict[str, Any]:
    return {
        "jobId": job_id,
        "userId": user_id,
        "tenantId": tenant_id,
        "status": status,
        "message": message,
    }


def _agent_word(status: str) -> str:
    if status == StatusWord.COMPLETE:
        return StatusWord.AGENT_COMPLETE
    return StatusWord.AGENT_ERROR if status == StatusWord.ERROR else status


_IDS = ("jobId", "userId", "tenantId", "eventId", "invocationId", "parentInvocationId")


def _publish(entry: dict[str, Any], extras: StatusExtras) -> bool:
    lost: dict[str, Any] = entry | _on_the_wire(extras)
    try:
        lost |= {field: id_text(lost[field]) for field in _IDS if field in lost}
        scope = _scope_of(lost, extras)
        if scope is not None:
            scope.take_in(lost)
            return True
        batch_id = os.urandom(16).hex()
        update = parse_status(fitted(lost), event_id=f"{batch_id}.0", now=time.time())
        lost = {"batchId": batch_id, "updates": [update.to_wire()]}
        _send(lost, extras.get("transport"))
    except Exception as error:  # noqa: BLE001 - the promise: whatever goes wrong here, the caller's work goes on
        log_undelivered(lost, error)
        return False
    return True


def _scope_of(entry: dict[str, Any], extras: StatusExtras) -> Scope | None:
    """The innermost scope of the job that we are in, if it sends the same way."""
    scopes = sys.modules.get(f"{__package__}.scope")  # who never loaded it is in none
    found: Scope | None = scopes.enclosing(entry["jobId"], extras.get("transport")) if scopes else None
    return found


def _send(payload: dict[str, Any], transport: Transport | None) -> None:
    from ..defaults import chosen_transport  # noqa: PLC0415 - as above
    from ..sending.send_breaker import PATIENCE  # noqa: PLC0415 - needed at first send only

    PATIENCE.send(transport or chosen_transport(), payload)


def _on_the_wire(extras: StatusExtras) -> dict[str, Any]:
    names = {
        "metadata": "metadata",
        "progress": "progress",
        "eta_seconds": "etaSeconds",
        "invocation_id": "invocationId",
        "parent_invocation_id": "parentInvocationId",
        "attempt": "attempt",
        "event_id": "eventId",
        "timestamp": "timestamp",
    }
    given = {name: value for name, value in extras.items() if name != "transport"}
    return {names.get(name, name): value for name, value in given.items()}
