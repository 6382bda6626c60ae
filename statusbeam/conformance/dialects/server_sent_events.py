"""`sse`: server-sent events, resumed with `Last-Event-ID`. HTTP 204 tells a client not to reconnect."""

from __future__ import annotations

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import httpx
from httpx_sse import ServerSentEvent, SSEError, aconnect_sse

from ..observed import Close, Ending, Join, Received
from ..trust import trusted
from .dialect import HTTP_TIMEOUT, Probe, Receive, address, authorization, impossible_cursors
from .status_documents import read_job, read_status

TYPES = ("agent_status", "progress", "complete", "error", "heartbeat")


class ServerSentEvents:
    """See Dialect."""

    name = "sse"
    joins = Join.SNAPSHOT
    resumes = True

    def __init__(self, url: str, token: str | None = None) -> None:
        self._url = url
        self._headers = authorization(token)

    async def read(self, job_id: str, after: str | None, receive: Receive) -> Ending:
        """See Dialect.read."""
        url = address(self._url, "/jobs/{job_id}/events", job_id)
        headers = {**self._headers, **({"last-event-id": after} if after is not None else {})}
        try:
            async with (
                httpx.AsyncClient(verify=trusted(), timeout=HTTP_TIMEOUT) as client,
                aconnect_sse(client, "GET", url, headers=headers) as source,
            ):
                status = source.response.status_code
                if status == HTTPStatus.NO_CONTENT:
                    return Ending(Close.FINAL, "HTTP 204")
                if status != HTTPStatus.OK:
                    return Ending(Close.REFUSED, f"HTTP {status}")
                async for event in source.aiter_sse():
                    receive(read_event(job_id, event))
                return Ending(Close.PLAIN, "the stream ended, so an EventSource reconnects")
        except httpx.ConnectError as error:
            return Ending(Close.UNREACHABLE, str(error))
        except (httpx.HTTPError, SSEError) as error:
            return Ending(Close.BROKEN, str(error))

    def probes(self, job_id: str, cursor: str | None) -> Sequence[Probe]:
        """See Dialect.probes."""
        return impossible_cursors(job_id, cursor)


def read_event(job_id: str, event: ServerSentEvent) -> Received:
    """One event."""
    if not event.data:  # `retry:` or `id:` alone, for which a browser raises no event
        return Received(cursor=event.id or None)
    try:
        data: Any = json.loads(event.data)
    except ValueError:
        return Received(problem=f"the data of {event.event} is not JSON: {event.data!r:.80}")
    if event.event == "verdict":
        return Received(is_lost=isinstance(data, dict) and data.get("recovered") is False)
    if event.event not in ("snapshot", *TYPES):
        return Received(problem=f"an event of an unknown type: {event.event!r:.80}")
    if not event.id:
        return Received(problem=f"{event.event} without an id, so clients cannot resume after it")
    read = read_job if event.event == "snapshot" else read_status
    return read(job_id, data, event.id)
