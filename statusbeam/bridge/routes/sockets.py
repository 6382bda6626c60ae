"""Closes the bridge's WebSockets, of any protocol."""

from __future__ import annotations

from contextlib import suppress
from http import HTTPStatus
from typing import Final

from starlette.status import WS_1008_POLICY_VIOLATION, WS_1012_SERVICE_RESTART, WS_1013_TRY_AGAIN_LATER
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from ..access.connections import EndReason
from ..problems import Problem

CLOSE_CODES: Final = {
    EndReason.LOGIN_ENDED: WS_1008_POLICY_VIOLATION,
    EndReason.SHUTTING_DOWN: WS_1012_SERVICE_RESTART,
    EndReason.TOO_OLD: WS_1012_SERVICE_RESTART,
}


async def close(websocket: WebSocket, code: int, reason: str | None = None) -> None:
    """Close the socket, if it is open."""
    if WebSocketState.DISCONNECTED not in (websocket.client_state, websocket.application_state):
        with suppress(RuntimeError, WebSocketDisconnect):  # the client has already disconnected
            await websocket.close(code, reason)


async def refuse(websocket: WebSocket, problem: Problem) -> None:
    """Reject a handshake with the problem, or close an open socket."""
    if websocket.application_state is WebSocketState.CONNECTING:
        await websocket.send_denial_response(problem.response())
        return
    again = problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    await close(websocket, WS_1013_TRY_AGAIN_LATER if again else WS_1008_POLICY_VIOLATION, problem.code)
