"""Follow a job with gql (gql[aiohttp,websockets]).

    GRAPHQL_URL=… VIEW_TOKEN=… USER_ID=… JOB_ID=… python with_gql.py

Prints each status once, in order, and ends with the job.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any
from urllib.parse import urlsplit

from gql import Client, gql
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.appsync_auth import AppSyncJWTAuthentication
from gql.transport.appsync_websockets import AppSyncWebsocketsTransport

FIELDS = "eventId sequence type message"
SUBSCRIPTION = f"""subscription ($userId: ID!, $jobId: ID) {{
  onStatusUpdate(userId: $userId, jobId: $jobId, joined: true) {{ {FIELDS} earlier {{ {FIELDS} }} }}
}}"""
LOG = f"""query ($jobId: ID!, $after: Int) {{
  listStatusUpdates(jobId: $jobId, afterSequence: $after) {{ updates {{ {FIELDS} }} recovered reason }}
}}"""


class Follower:
    """Prints the statuses of one job."""

    def __init__(self, url: str, token: str, user_id: str, job_id: str) -> None:
        # gql has no option for view tokens, so they are sent as a JWT
        auth = AppSyncJWTAuthentication(host=urlsplit(url).netloc, jwt=token)
        self._api = Client(transport=AIOHTTPTransport(url=url, headers={"Authorization": token}))
        # For an https address of AppSync, gql derives the real-time address itself.
        socket_url = url if url.startswith("https") else url.replace("http", "ws", 1)
        self._realtime = Client(transport=AppSyncWebsocketsTransport(url=socket_url, auth=auth))
        self._user_id, self._job_id = user_id, job_id
        self._waiting: dict[int, dict[str, Any]] = {}
        self._last = 0
        self._is_over = asyncio.Event()

    async def run(self) -> None:
        """Follow the job to its end."""
        async with asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(self._listen())
            reading = tasks.create_task(self._read_again())
            await self._is_over.wait()
            listening.cancel()
            reading.cancel()

    async def _listen(self) -> None:
        subscription = gql(SUBSCRIPTION)
        subscription.variable_values = {"userId": self._user_id, "jobId": self._job_id}
        async with self._realtime as session:
            async for result in session.subscribe(subscription):
                push = result["onStatusUpdate"]
                self._take([*(push["earlier"] or []), push])

    async def _read_again(self) -> None:
        """gql does not report when the subscription has started, so read the log regularly."""
        log = gql(LOG)
        async with self._api as session:
            while True:
                log.variable_values = {"jobId": self._job_id, "after": self._last}
                page = (await session.execute(log))["listStatusUpdates"]
                if not page["recovered"]:
                    raise RuntimeError(
                        f"The log no longer has all statuses ({page['reason']}): use getJob instead."
                    )
                self._take(page["updates"])
                await asyncio.sleep(2)

    def _take(self, updates: list[dict[str, Any]]) -> None:
        self._waiting |= {update["sequence"]: update for update in updates if update["sequence"] > self._last}
        while update := self._waiting.pop(self._last + 1, None):
            self._last += 1
            sys.stdout.write(f"{self._last} {update['message']}\n")
            sys.stdout.flush()
            if update["type"] in {"complete", "error"}:
                self._is_over.set()


if __name__ == "__main__":
    environment = os.environ
    asyncio.run(
        Follower(
            environment["GRAPHQL_URL"],
            environment["VIEW_TOKEN"],
            environment["USER_ID"],
            environment["JOB_ID"],
        ).run()
    )
