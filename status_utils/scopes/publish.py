"""Report a status from anywhere: one call, one payload to the publisher.

    >>> publish_agent_status("job-1", "ana", "city", "Geo Agent", "agent_invoking", "Looking at the map")
    True

These functions never raise. A status that can't be sent is written to the process's logs with its whole
payload; `statusbeam redrive-log` sends it from there. Inside a scope of the same job, the scope's sender
takes the status, in order with the scope's own, and the call returns at once.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from datetime import datetime

from statusbeam.model.normalize import with_word
from statusbeam.model.validation import wire_time
from statusbeam.model.words import StatusWord

from ..sending.dead_letter import log_undelivered
from ..sending.draft import Draft
from ..sending.own_work import is_own_work
from ..sending.refused import note_refused
from .plain_numbers import to_number
from .plain_texts import to_id, to_message, to_name, to_text
from .plain_values import plain_object
from .progress_share import to_percent

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
    `error` end the job. A sentence becomes the message of a `progress`. Returns whether the transport
    accepted it.
    """
    draft = _draft(job_id, user_id, tenant_id, status, message) | {"executionTimeMs": execution_time_ms}
    return publish_draft(draft, optional)


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
    are about the agent here (`agent_complete`, `agent_error`); the job goes on. Returns whether the transport
    accepted it.
    """
    draft = _draft(job_id, user_id, tenant_id, _agent_status(status), message)
    return publish_draft(draft | {"agentName": agent_name, "executionTimeMs": execution_time_ms}, optional)


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
    """Report that an agent uses a tool, and the reason.

        >>> publish_tool_status("job-1", "ana", "city", "Geo Agent", "amazon_location", "Find Elm Street")
        True

    Readers see the reason, or `message` if it is given. Returns whether the transport accepted it.
    """
    text = reason if message is None else message
    draft = _draft(job_id, user_id, tenant_id, StatusWord.CALLING_TOOL, text)
    names = {"agentName": agent_name, "toolName": tool_name, "executionTimeMs": execution_time_ms}
    return publish_draft(draft | names, optional)


def _draft(job_id: str, user_id: str, tenant_id: str, status: str, message: str) -> dict[str, Any]:
    return {
        "jobId": job_id,
        "userId": user_id,
        "tenantId": tenant_id,
        "status": status,
        "message": message,
    }


def _agent_status(status: Any) -> Any:
    if not isinstance(status, str):
        return status
    if status == StatusWord.COMPLETE:
        return StatusWord.AGENT_COMPLETE
    return StatusWord.AGENT_ERROR if status == StatusWord.ERROR else status


_IDS = {
    "jobId": "job_id",
    "userId": "user_id",
    "tenantId": "tenant_id",
    "eventId": "event_id",
    "invocationId": "invocation_id",
    "parentInvocationId": "parent_invocation_id",
}
_NAMES = ("agentName", "toolName")
_NUMBERS = ("etaSeconds", "executionTimeMs", "attempt")


def publish_draft(draft: Mapping[str, Any], optional: OptionalArguments) -> bool:
    """Send a status with the schema's names; returns whether the transport accepted it. Never raises."""
    if is_own_work():
        return False
    undelivered: Mapping[str, Any] = draft
    try:
        undelivered = plain = plain_fields(draft, optional)
        scope = _enclosing_scope(plain, optional)
        undelivered = fields = with_word(plain, () if scope is None else scope.known_agents())
        if scope is not None:
            scope.report_draft(fields)
            return True
        batch_id = os.urandom(16).hex()
        update = Draft(fields, time.time()).encode(f"{batch_id}.0")
        undelivered = {"batchId": batch_id, "updates": [update], **_trace()}
        _send(undelivered, optional.get("transport"))
    except Exception as error:  # noqa: BLE001 - status calls never raise
        note_refused(undelivered, error)
        log_undelivered(undelivered, error)
        return False
    return True


def plain_fields(draft: Mapping[str, Any], optional: OptionalArguments) -> dict[str, Any]:
    """A status and its optional arguments as plain values by the schema's names, without those that are
    None."""
    fields: dict[str, Any] = {**draft, **_schema_names(optional)}
    percent = fields.pop("percent", None)
    if percent is not None or fields.get("progress") is not None:
        fields["progress"] = to_percent(fields.get("progress"), percent)
    for field, argument in _IDS.items():
        if fields.get(field) is not None:
            fields[field] = to_id(fields[field], argument)
    for field in _NAMES:
        if fields.get(field) is not None:
            fields[field] = to_name(fields[field])
    for field in _NUMBERS:
        number = to_number(fields.get(field))
        fields[field] = fields.get(field) if number is None else number
    fields["status"], fields["message"] = to_text(fields["status"]), to_message(fields["message"])
    if fields.get("metadata") is not None:
        fields["metadata"] = plain_object(fields["metadata"])
    moment = fields.get("timestamp")
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        fields["timestamp"] = wire_time(moment)
    return {field: value for field, value in fields.items() if value is not None}


def _enclosing_scope(draft: Mapping[str, Any], optional: OptionalArguments) -> Scope | None:
    """The innermost scope of the same job, if it sends by the same transport."""
    scopes = sys.modules.get(f"{__package__}.scope")  # a process that never imported it is in no scope
    if scopes is None:
        return None
    found: Scope | None = scopes.enclosing_scope(draft["jobId"], optional.get("transport"))
    return found


def _trace() -> dict[str, str]:
    from statusbeam.model.parse import TRACEPARENT  # noqa: PLC0415 - needed at first send only

    from ..sending.trace_context import current_traceparent  # noqa: PLC0415 - as above

    traceparent = current_traceparent()
    return {} if traceparent is None else {TRACEPARENT: traceparent}


def _send(payload: Mapping[str, Any], transport: Transport | None) -> None:
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
