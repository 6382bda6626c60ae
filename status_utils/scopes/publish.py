"""Report a status from anywhere: one call, one payload to the publisher.

    >>> publish_agent_status("job-1", "ana", "city", "Geo Agent", "agent_invoking", "Looking at the map")
    True

These functions never raise. A status that can't be sent is logged with its whole payload, and `statusbeam
redrive-log` sends it from there. Inside a scope of the same job, the scope's sender takes the status, in
order with the scope's own, and the call returns at once.
"""

from __future__ import annotations

import os
import sys
import time

from statusbeam.model.parse import parse_status
from statusbeam.model.words import StatusWord

from ..sending.dead_letter import log_undelivered
from ..sending.truncate import to_id, truncate_draft

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Unpack

    from ..transports.transport import Transport
    from .optional_arguments import OptionalArguments
    from .scope import Scope


def publish_orchestrator_status(
    job_id: str,
    user_id: str,
    tenant_id: str,
    status: str,
    message: str,
    *,
    execution_time_ms: int | None = None,
    **optional: Unpack[OptionalArguments],
) -> bool:
    """Report a status of the job as a whole.

        >>> publish_orchestrator_status("job-1", "ana", "city", "complete", "Sent to the road works")
        True

    `status` is a word such as `loading_agents`, `validating`, `synthesizing`, or your own; `complete` and
    `error` end the job. Returns whether the transport accepted it.
    """
    draft = _draft(job_id, user_id, tenant_id, status, message) | {"executionTimeMs": execution_time_ms}
    return _publish(draft, optional)


def publish_agent_status(  # noqa: PLR0917 - callers import this signature
    job_id: str,
    user_id: str,
    tenant_id: str,
    agent_name: str,
    status: str,
    message: str,
    execution_time_ms: int | None = None,
    **optional: Unpack[OptionalArguments],
) -> bool:
    """Report a status of one agent.

        >>> publish_agent_status("job-1", "ana", "city", "Geo Agent", "complete", "Found Elm Street", 840)
        True

    `status` is `agent_invoking`, `progress`, `agent_retrying`, or a word of your own. `complete` and `error`
    mean the agent here (`agent_complete`, `agent_error`); the job goes on. Returns whether the transport
    accepted it.
    """
    draft = _draft(job_id, user_id, tenant_id, _agent_status(status), message)
    return _publish(draft | {"agentName": agent_name, "executionTimeMs": execution_time_ms}, optional)


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
    **optional: Unpack[OptionalArguments],
) -> bool:
    """Report that an agent uses a tool, and what for.

        >>> publish_tool_status("job-1", "ana", "city", "Geo Agent", "amazon_location", "Find Elm Street")
        True

    Readers see the reason, or `message` if it is given. Returns whether the transport accepted it.
    """
    text = reason if message is None else message
    draft = _draft(job_id, user_id, tenant_id, StatusWord.CALLING_TOOL, text)
    names = {"agentName": agent_name, "toolName": tool_name, "executionTimeMs": execution_time_ms}
    return _publish(draft | names, optional)


def _draft(job_id: str, user_id: str, tenant_id: str, status: str, message: str) -> dict[str, Any]:
    return {
        "jobId": job_id,
        "userId": user_id,
        "tenantId": tenant_id,
        "status": status,
        "message": message,
    }


def _agent_status(status: str) -> str:
    if status == StatusWord.COMPLETE:
        return StatusWord.AGENT_COMPLETE
    return StatusWord.AGENT_ERROR if status == StatusWord.ERROR else status


_IDS = ("jobId", "userId", "tenantId", "eventId", "invocationId", "parentInvocationId")


def _publish(draft: dict[str, Any], optional: OptionalArguments) -> bool:
    undelivered: dict[str, Any] = draft | _schema_names(optional)
    try:
        undelivered |= {field: to_id(undelivered[field]) for field in _IDS if field in undelivered}
        scope = _enclosing_scope(undelivered, optional)
        if scope is not None:
            scope.report_draft(undelivered)
            return True
        batch_id = os.urandom(16).hex()
        update = parse_status(truncate_draft(undelivered), event_id=f"{batch_id}.0", now=time.time())
        undelivered = {"batchId": batch_id, "updates": [update.to_wire()]}
        _send(undelivered, optional.get("transport"))
    except Exception as error:  # noqa: BLE001 - status calls never raise
        log_undelivered(undelivered, error)
        return False
    return True


def _enclosing_scope(draft: dict[str, Any], optional: OptionalArguments) -> Scope | None:
    """The innermost scope of the same job, if it sends by the same transport."""
    scopes = sys.modules.get(f"{__package__}.scope")  # a process that never imported it is in no scope
    if scopes is None:
        return None
    found: Scope | None = scopes.enclosing_scope(draft["jobId"], optional.get("transport"))
    return found


def _send(payload: dict[str, Any], transport: Transport | None) -> None:
    from ..defaults import current_transport  # noqa: PLC0415 - needed at first send only
    from ..sending.send_breaker import SEND_BREAKER  # noqa: PLC0415 - as above

    SEND_BREAKER.send(transport or current_transport(), payload)


_SCHEMA_NAMES = {
    "eta_seconds": "etaSeconds",
    "invocation_id": "invocationId",
    "parent_invocation_id": "parentInvocationId",
    "event_id": "eventId",
}


def _schema_names(optional: OptionalArguments) -> dict[str, Any]:
    given = {name: value for name, value in optional.items() if name != "transport"}
    return {_SCHEMA_NAMES.get(name, name): value for name, value in given.items()}
