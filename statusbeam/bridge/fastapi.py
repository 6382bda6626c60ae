"""The live status of your jobs in a FastAPI application of your own.

    from fastapi import FastAPI
    from statusbeam.bridge.fastapi import AgentHandoffManager, ConnectionManager, router

    app = FastAPI()
    app.state.connections = ConnectionManager()      # a log in this process
    app.include_router(router)                       # /ws/orchestrator/{session_id}

    handoffs = AgentHandoffManager(app.state.connections)
    handoffs.register("Geo Agent", find_place)
    await handoffs.call_agent("Geo Agent", {"text": "…"}, session_id="session-1")

Each socket of `session-1` gets `agent_status`, then `complete` or `error`. A socket that connects later, or
reconnects, gets the missed statuses.

`ConnectionManager()` keeps the log in memory, and admits every client that knows a session's id. Give it
`authenticate` to check your own login. `ConnectionManager(bridge=bridge_on_aws(settings))` reads the log of a
deployment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.requests import HTTPConnection

from status_utils import AgentHandoffManager as _AgentHandoffManager
from status_utils.transports.direct_transport import DirectTransport
from statusbeam.log.journal.audience import Audience
from statusbeam.log.journal.memory import MemoryJournal
from statusbeam.log.publishing.pipeline import Pipeline
from statusbeam.model.job_key import JobKey
from statusbeam.model.settings import OPERATOR_GROUP
from statusbeam.model.update import StatusUpdate

from .access.viewer import Viewer
from .dialects.five_messages import (
    AgentStatusMessage,
    CompleteMessage,
    ErrorMessage,
    HeartbeatMessage,
    ProgressMessage,
)
from .routes.connection_manager import ConnectionManager as _ConnectionManager
from .routes.orchestrator_socket import connection_manager, router
from .service import HEARTBEAT_SECONDS, Authenticate, Bridge

if TYPE_CHECKING:
    from status_utils.transports.transport import Transport

__all__ = [
    "AgentHandoffManager",
    "AgentStatusMessage",
    "CompleteMessage",
    "ConnectionManager",
    "ErrorMessage",
    "HeartbeatMessage",
    "ProgressMessage",
    "connection_manager",
    "router",
]

LOCAL: Final = "local"
"""The default user and tenant of an application."""


class ConnectionManager(_ConnectionManager):
    """All sockets of this process, by session, and the log that feeds them.

    Without `bridge`, the log is in memory and `transport` writes to it. Then `authenticate` decides which
    clients may connect. Without it, every client that knows a session's id may connect.
    """

    def __init__(
        self,
        *,
        bridge: Bridge | None = None,
        authenticate: Authenticate | None = None,
        user_id: str = LOCAL,
        tenant_id: str = LOCAL,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
    ) -> None:
        self.user_id = user_id
        self.tenant_id = tenant_id
        self.transport: Transport | None = None
        """The transport to the log in memory; None: the transport from the environment."""
        if bridge is None:
            journal = MemoryJournal(log_retention_days=1, job_retention_days=1)
            bridge = Bridge.in_memory(
                journal,
                authenticate=authenticate or self._admit,
                heartbeat_seconds=heartbeat_seconds,
            )
            self.transport = _transport_to(journal, bridge)
        super().__init__(bridge)

    async def _admit(self, connection: HTTPConnection) -> Viewer:  # noqa: ARG002 - whoever connects
        # an operator, because the jobs may belong to any user of the application
        return Viewer(user_id=self.user_id, tenant_id=self.tenant_id, roles=(OPERATOR_GROUP,))


class AgentHandoffManager(_AgentHandoffManager):
    """status_utils.AgentHandoffManager, whose calls appear on the sockets of their session.

    The calls belong to the application's own user and tenant, unless `user_id` and `tenant_id` name others.
    """

    def __init__(
        self,
        connections: ConnectionManager,
        user_id: str | None = None,
        tenant_id: str | None = None,
        *,
        session_id: str | None = None,
    ) -> None:
        super().__init__(
            user_id or connections.user_id,
            tenant_id or connections.tenant_id,
            session_id=session_id,
            transport=connections.transport,
        )


def _transport_to(journal: MemoryJournal, bridge: Bridge) -> DirectTransport:
    pipeline = Pipeline(journal=journal, sessions=_Everybody(), broadcaster=_Hints(bridge))
    return DirectTransport(lambda: pipeline)


class _Everybody:
    """A SessionStore that always reports a watcher, because a push in memory costs nothing."""

    def audience(
        self,
        tenant_id: str,  # noqa: ARG002 - the port's
        user_id: str,  # noqa: ARG002
        *,
        now: float,  # noqa: ARG002
        of_several: bool,  # noqa: ARG002
    ) -> Audience:
        return Audience.JOINED


class _Hints:
    """A Broadcaster that notifies the tails of this process to read the log."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    def push(self, update: StatusUpdate) -> None:
        self._bridge.tails.hint(JobKey(update.tenant_id, update.job_id))
