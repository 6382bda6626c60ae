"""`/ws/orchestrator/{session_id}`: the five messages over a WebSocket."""

from __future__ import annotations

from fastapi import APIRouter, WebSocket
from starlette.requests import HTTPConnection

from .connection_manager import ConnectionManager


def connection_manager(connection: HTTPConnection) -> ConnectionManager:
    """The application's manager in `app.state.connections`."""
    manager: ConnectionManager = connection.app.state.connections
    return manager


router = APIRouter()


@router.websocket("/ws/orchestrator/{session_id}")
async def orchestrator(websocket: WebSocket, session_id: str) -> None:
    """Follow a session's job: `?after=<cursor>` resumes, `?ticket=` authenticates a browser."""
    await connection_manager(websocket).serve(websocket, session_id)
