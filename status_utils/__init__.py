"""Report what agents do, live: one call a step, seen by whoever waits for the job.

    >>> from status_utils import publish_agent_status
    >>> publish_agent_status("job-1", "ana", "city", "Geo Agent", "agent_invoking", "Looking at the map")
    True

Importing this loads the standard library only; boto3 follows at the first status. This page is the library's
promise: names that are not listed here may change.
"""

from __future__ import annotations

from .errors import (
    BroadcastError,
    ForeignOwnerError,
    InvalidStatusError,
    JournalError,
    RejectionCode,
    SessionStoreError,
    SettingError,
    StatusError,
    TransportError,
    UnknownAgentError,
    ViewTokenError,
)
from .events import StatusUpdate
from .reporting.publish import publish_agent_status, publish_orchestrator_status, publish_tool_status
from .words import OverallStatus, StatusType, StatusWord, qualified_status, status_type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .memory import MemoryTransport
    from .ports import Transport
    from .reporting.decorators import agent_step, status_handler
    from .reporting.extras import StatusExtras
    from .reporting.from_any_depth import current_scope, in_scope, report_progress, report_tool
    from .reporting.handoff import AgentHandoffManager, Handoff, HandoffOutcome
    from .reporting.scopes import AgentScope, JobScope, ToolScope, job
    from .reporting.tracker import StatusTracker
    from .tokens.view_tokens import ViewClaims, ViewTokenKeys, mint_view_token, verify_view_token
    from .transports.direct_transport import DirectTransport
    from .transports.lambda_transport import LambdaTransport
    from .transports.queue_transport import QueueTransport

__all__ = [
    "AgentHandoffManager",
    "AgentScope",
    "BroadcastError",
    "DirectTransport",
    "ForeignOwnerError",
    "Handoff",
    "HandoffOutcome",
    "InvalidStatusError",
    "JobScope",
    "JournalError",
    "LambdaTransport",
    "MemoryTransport",
    "OverallStatus",
    "QueueTransport",
    "RejectionCode",
    "SessionStoreError",
    "SettingError",
    "StatusError",
    "StatusExtras",
    "StatusTracker",
    "StatusType",
    "StatusUpdate",
    "StatusWord",
    "ToolScope",
    "Transport",
    "TransportError",
    "UnknownAgentError",
    "ViewClaims",
    "ViewTokenError",
    "ViewTokenKeys",
    "agent_step",
    "current_scope",
    "in_scope",
    "job",
    "mint_view_token",
    "publish_agent_status",
    "publish_orchestrator_status",
    "publish_tool_status",
    "qualified_status",
    "report_progress",
    "report_tool",
    "status_handler",
    "status_type",
    "verify_view_token",
]

# Loaded when first asked for: code that only reports statuses doesn't pay for them at each cold start.
_LATE = {
    "AgentHandoffManager": "reporting.handoff",
    "Handoff": "reporting.handoff",
    "HandoffOutcome": "reporting.handoff",
    "AgentScope": "reporting.scopes",
    "DirectTransport": "transports.direct_transport",
    "JobScope": "reporting.scopes",
    "LambdaTransport": "transports.lambda_transport",
    "MemoryTransport": "memory",
    "QueueTransport": "transports.queue_transport",
    "StatusExtras": "reporting.extras",
    "StatusTracker": "reporting.tracker",
    "ToolScope": "reporting.scopes",
    "Transport": "ports",
    "ViewClaims": "tokens.view_tokens",
    "ViewTokenKeys": "tokens.view_tokens",
    "agent_step": "reporting.decorators",
    "current_scope": "reporting.from_any_depth",
    "in_scope": "reporting.from_any_depth",
    "job": "reporting.scopes",
    "mint_view_token": "tokens.view_tokens",
    "report_progress": "reporting.from_any_depth",
    "report_tool": "reporting.from_any_depth",
    "status_handler": "reporting.decorators",
    "verify_view_token": "tokens.view_tokens",
}


def __getattr__(name: str) -> object:
    from importlib import import_module  # noqa: PLC0415 - for late names only

    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f".{_LATE[name]}", __name__), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
