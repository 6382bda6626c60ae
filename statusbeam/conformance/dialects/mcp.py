"""`mcp`: the Model Context Protocol over streamable HTTP, by its own client. It follows jobs by the tools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import httpx2
from mcp import MCPError
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client

from ..observed import Close, Ending, Join, Outcome, Received
from .dialect import Probe, Receive, address, authorization, impossible_cursors
from .status_documents import outcome_of, read_job, read_status

WAIT_SECONDS = 0.2
"""The argument of wait_for_job in seconds. The tool must return in time."""
FAILURES = (MCPError, OSError, httpx2.HTTPError)


class Mcp:
    """See Dialect."""

    name = "mcp"
    joins = Join.BEGINNING
    resumes = True

    def __init__(self, url: str, token: str | None = None) -> None:
        self._url = url
        self._headers = dict(authorization(token))

    async def read(self, job_id: str, after: str | None, receive: Receive) -> Ending:
        """See Dialect.read."""
        try:
            async with (
                httpx2.AsyncClient(headers=self._headers, timeout=httpx2.Timeout(60)) as http,
                Client(streamable_http_client(address(self._url, "/mcp"), http_client=http)) as client,
            ):
                return await _Tools(client, job_id, receive).follow(after)
        except (*FAILURES, ExceptionGroup) as error:  # the client's tasks raise an exception group
            return _ending_of(error)

    def probes(self, job_id: str, cursor: str | None) -> Sequence[Probe]:
        """See Dialect.probes."""
        return impossible_cursors(job_id, cursor)


class _Tools:
    """A client that follows a job by the tools: it reads the statuses after a cursor, waits, and repeats."""

    def __init__(self, client: Client, job_id: str, receive: Receive) -> None:
        self._client = client
        self._job_id = job_id
        self._receive = receive

    async def follow(self, after: str | None) -> Ending:
        """Yield every status until the job has ended."""
        cursor, outcome = after, None
        while True:
            page = await self._call("get_job_updates", {"after": cursor} if cursor is not None else {})
            if page is None:
                return Ending(Close.REFUSED, "get_job_updates answers with an error")
            cursor = await self._take(page)
            if cursor is None:
                return Ending(Close.BROKEN, "get_job_updates answers without a cursor")
            if page.get("more"):
                continue
            if outcome is not None:
                self._receive(Received(cursor=cursor, outcome=outcome))
                return Ending(Close.FINAL, "no more statuses, and the job has ended")
            outcome = await self._wait()

    async def _take(self, page: Mapping[str, Any]) -> str | None:
        """The statuses of a page, or the snapshot after a verdict; the cursor to go on with."""
        cursor = page.get("cursor")
        if page.get("recovered") is False:
            self._receive(Received(is_lost=True))
            job = (await self._call("get_job") or {}).get("job")
            self._receive(read_job(self._job_id, job, cursor))
            return cursor
        updates = page.get("updates") or []
        for update in updates:
            self._receive(read_status(self._job_id, update, cursor if update is updates[-1] else None))
        return cursor

    async def _wait(self) -> Outcome | None:
        """Wait briefly for the job's end. Returns how it ended."""
        reports: list[float] = []

        async def on_progress(progress: float, total: float | None, message: str | None) -> None:  # noqa: ARG001
            reports.append(progress)

        answer = await self._call("wait_for_job", {"seconds": WAIT_SECONDS}, on_progress)
        if reports != sorted(set(reports)):
            self._receive(Received(problem=f"progress does not increase: {reports}"))
        return outcome_of(((answer or {}).get("job") or {}).get("overallStatus"))

    async def _call(
        self, tool: str, arguments: Mapping[str, Any] | None = None, on_progress: Any = None
    ) -> Mapping[str, Any] | None:
        """A tool's structured answer; None for an error without one."""
        asked = {"job_id": self._job_id, **(arguments or {})}
        result = await self._client.call_tool(tool, asked, progress_callback=on_progress)
        found: Mapping[str, Any] | None = result.structured_content
        return found


def _ending_of(error: Exception) -> Ending:
    """The ending for a failure of the server. Raises every other error."""
    while isinstance(error, ExceptionGroup):
        _, others = error.split(FAILURES)
        if others is not None:
            raise others
        error = error.exceptions[0]
    unreachable = isinstance(error, OSError | httpx2.ConnectError)
    return Ending(Close.UNREACHABLE if unreachable else Close.BROKEN, str(error))
