"""`ws5`: five messages over a WebSocket, resumed with `?after=`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from ..observed import Close, Ending, Join, Outcome, Received, steps_in
from .dialect import Probe, Receive, address, authorization, impossible_cursors

ORCHESTRATOR = "orchestrator"
NORMAL_CLOSURE = 1000

FIELDS: Mapping[str, Sequence[str]] = {
    "agent_status": ("agent", "status", "progress"),
    "progress": ("status", "progress"),
    "complete": ("agent", "status"),
    "error": ("error",),
    "heartbeat": (),
}
"""The required fields of each type of message, besides `timestamp` and `session_id`."""


class FiveMessages:
    """See Dialect."""

    name = "ws5"
    joins = Join.MESSAGES
    resumes = True

    def __init__(self, url: str, token: str | None = None) -> None:
        self._url = url.replace("http", "ws", 1) if url.startswith("http") else url
        self._headers = authorization(token)

    async def read(self, job_id: str, after: str | None, receive: Receive) -> Ending:
        """See Dialect.read."""
        url = address(self._url, "/ws/orchestrator/{job_id}", job_id)
        if after is not None:
            url += f"{'&' if '?' in url else '?'}after={quote(after, safe='')}"
        try:
            async with connect(url, additional_headers=self._headers, proxy=None) as socket:
                try:
                    while True:
                        receive(read_message(job_id, await socket.recv()))
                except ConnectionClosed:
                    code, reason = socket.close_code, socket.close_reason
                close = Close.FINAL if code == NORMAL_CLOSURE else Close.BROKEN
                return Ending(close, f"closed with {code} {reason}".rstrip())
        except InvalidStatus as refused:
            return Ending(Close.REFUSED, f"HTTP {refused.response.status_code}")
        except (OSError, WebSocketException) as error:
            return Ending(Close.UNREACHABLE, str(error))

    def probes(self, job_id: str, cursor: str | None) -> Sequence[Probe]:
        """See Dialect.probes."""
        return impossible_cursors(job_id, (cursor or "").partition("~")[0])


def read_message(job_id: str, text: str | bytes) -> Received:
    """One message."""
    try:
        message: Any = json.loads(text)
    except ValueError:
        return Received(problem=f"a message is not JSON: {text!r:.80}")
    kind = str(message.get("type")) if isinstance(message, Mapping) else ""
    if kind not in FIELDS:
        return Received(problem=f"a message of an unknown type: {text!r:.80}")
    missing = [name for name in ("timestamp", "session_id", *FIELDS[kind]) if name not in message]
    if missing:
        return Received(problem=f"{kind} without {', '.join(missing)}")
    if kind == "heartbeat":
        return Received()
    agent = message.get("agent", ORCHESTRATOR)
    data = message.get("data") or {}
    steps = steps_in(job_id, [message.get("status"), message.get("error")])
    ended = {"complete": Outcome.COMPLETED, "error": Outcome.FAILED}.get(kind)
    return Received(
        step=steps[0] if steps else None,
        part=f"{kind} {agent}",
        is_lost=data.get("recovered") is False,
        cursor=data.get("cursor"),
        outcome=ended if agent == ORCHESTRATOR else None,
    )
