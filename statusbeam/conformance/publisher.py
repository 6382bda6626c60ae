"""What makes statuses appear on the server that is checked.

A server of your own takes them at one address, `--publish-url`:

    POST … {"jobId": "…", "status": "progress", "message": "…", "agentName": "…", "progress": 40}

It answers with a status below 300 once its readers will get the status. The first status of a job id begins
the job. Statuses without `agentName` are the job's own: `complete` and `error` end it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import httpx

from .trust import trusted

SECONDS = 30
"""How long one status may take."""


class PublishError(Exception):
    """The status was not published. The kit stops."""


class Publisher(Protocol):
    """Publishes statuses, one after the other."""

    async def publish(self, status: Mapping[str, Any]) -> None:
        """Publish one status, and return when it is committed. Raises PublishError."""
        ...


class HttpPublisher:
    """POSTs each status as JSON."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self._url = url
        self._headers = headers

    async def publish(self, status: Mapping[str, Any]) -> None:
        """See Publisher.publish."""
        try:
            async with httpx.AsyncClient(verify=trusted(), timeout=SECONDS) as client:
                answer = await client.post(self._url, json=dict(status), headers=dict(self._headers))
        except httpx.HTTPError as error:
            raise PublishError(f"{self._url} did not answer: {error}") from error
        if not answer.is_success:
            raise PublishError(f"{self._url} answered with HTTP {answer.status_code}")
