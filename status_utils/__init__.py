"""Report the live statuses of agents to the people that watch the job.

    >>> from status_utils import publish_agent_status
    >>> publish_agent_status("job-1", "ana", "city", "Geo Agent", "agent_invoking", "Looking at the map")
    True

Status calls never raise into your code. If an argument is invalid or sending fails, the library logs the
problem and your work goes on.

The import loads the standard library only; boto3 is loaded at the first status. The names in `__all__` are
the public API; others may change.
"""

from __future__ import annotations

from statusbeam.model.errors import (
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
from statusbeam.model.words import (
    OverallStatus,
    StatusType,
    StatusWord,
    qualified_status,
    status_type,
)

from .scopes.publish import publish_agent_status, publish_orchestrator_status, publish_tool_status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from statusbeam.model.update import StatusUpdate

    from .scopes.context_functions import current_scope, report_progress, report_tool
    from .scopes.decorators import agent_step, status_handler
    from .scopes.handoff import AgentHandoffManager, Handoff, HandoffOutcome
    from .scopes.in_scope import in_scope
    from .scopes.job import AgentScope, JobScope, ToolScope, job
    from .scopes.optional_arguments import OptionalArguments
    from .scopes.propagation import extract, inject
    from .scopes.tracker import StatusTracker
    from .scopes.tracking import track
    from .sending.senders import flush
    from .tokens.claims import ViewClaims
    from .tokens.keys import ViewTokenKeys
    from .tokens.view_tokens import mint_view_token, verify_view_token
    from .transports.direct_transport import DirectTransport
    from .transports.lambda_transport import LambdaTransport
    from .transports.memory_transport import MemoryTransport
    from .transports.queue_transport import QueueTransport
    from .transports.transport import Transport

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
    "OptionalArguments",
    "OverallStatus",
    "QueueTransport",
    "RejectionCode",
    "SessionStoreError",
    "SettingError",
    "StatusError",
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
    "extract",
    "flush",
    "in_scope",
    "inject",
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
    "track",
    "verify_view_token",
]

# Imported at first use: code that only publishes statuses doesn't pay for them at each cold start.
_LATE = {
    "AgentHandoffManager": ".scopes.handoff",
    "Handoff": ".scopes.handoff",
    "HandoffOutcome": ".scopes.handoff",
    "AgentScope": ".scopes.job",
    "DirectTransport": ".transports.direct_transport",
    "JobScope": ".scopes.job",
    "LambdaTransport": ".transports.lambda_transport",
    "MemoryTransport": ".transports.memory_transport",
    "OptionalArguments": ".scopes.optional_arguments",
    "QueueTransport": ".transports.queue_transport",
    "StatusTracker": ".scopes.tracker",
    "StatusUpdate": "statusbeam.model.update",
    "ToolScope": ".scopes.job",
    "Transport": ".transports.transport",
    "ViewClaims": ".tokens.claims",
    "ViewTokenKeys": ".tokens.keys",
    "agent_step": ".scopes.decorators",
    "current_scope": ".scopes.context_functions",
    "extract": ".scopes.propagation",
    "flush": ".sending.senders",
    "in_scope": ".scopes.in_scope",
    "inject": ".scopes.propagation",
    "job": ".scopes.job",
    "mint_view_token": ".tokens.view_tokens",
    "report_progress": ".scopes.context_functions",
    "report_tool": ".scopes.context_functions",
    "status_handler": ".scopes.decorators",
    "track": ".scopes.tracking",
    "verify_view_token": ".tokens.view_tokens",
}


def __getattr__(name: str) -> object:
    from importlib import import_module  # noqa: PLC0415 - for these names only

    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(_LATE[name], __name__), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
