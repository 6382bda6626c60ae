"""A deployment for one of its users: the address of its API, and the user."""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from statusbeam.log.snapshot.job_state import Job
from statusbeam.log.snapshot.job_view import job_of_view
from statusbeam.model.limits import JOBS_PER_PAGE_MAX, UPDATES_PER_PAGE
from statusbeam.model.update import StatusUpdate

from .api import Api
from .documents import GET_JOB, LIST_JOBS, LIST_STATUS_UPDATES, ON_STATUS_UPDATE, SYNC_SESSION
from .errors import UnreachableError
from .follower import Push
from .graphql_errors import TokenRefusedError
from .job_log import JobLog
from .realtime import OpenSocket, subscribe


@dataclass(frozen=True, slots=True)
class Log:
    """The end of a job's log. `reason` has the reason why statuses before it are missing; None: none is
    missing.

    `head` is the sequence of the last one, 0 for a job without a status.
    """

    updates: Sequence[StatusUpdate]
    reason: str | None
    head: int


@dataclass(frozen=True, slots=True)
class Deployment:
    """The API, and the user whose jobs it shows to the caller."""

    api: Api
    user_id: str
    tenant_id: str

    def job(self, job_id: str) -> dict[str, Any] | None:
        """The job as the schema has it; None for a job without a status. Raises ClientError."""
        found: dict[str, Any] = self.api.run(GET_JOB, {"jobId": job_id})["getJob"]
        return found if found["sequence"] else None

    def page(self, job_id: str, after: int) -> dict[str, Any]:
        """A page of the job's log. Raises ClientError."""
        variables = {"jobId": job_id, "afterSequence": after, "limit": UPDATES_PER_PAGE}
        page: dict[str, Any] = self.api.run(LIST_STATUS_UPDATES, variables)["listStatusUpdates"]
        return page

    def log(self, job_id: str, *, after: int = 0) -> Log:
        """The stored part of the job's log after a sequence. Raises ClientError."""
        log, updates, more, reason = JobLog(job_id, after=after), [], True, None
        while more:
            page = self.page(job_id, log.contiguous)
            reason = reason or page["reason"]
            more = log.add_page(page)
            updates += log.take_ready()
        return Log(
            [StatusUpdate.from_store(update) for update in updates], reason, int(page["currentSequence"])
        )

    def jobs(
        self, *, limit: int, status: str | None = None, workflow: str | None = None, since: str | None = None
    ) -> Iterator[dict[str, Any]]:
        """The user's jobs, newest first, without their agents. Raises ClientError."""
        variables = {"overallStatus": status, "workflow": workflow, "createdAfter": since}
        token = None
        while limit > 0:
            asked = {**variables, "limit": min(limit, JOBS_PER_PAGE_MAX), "nextToken": token}
            page = self.api.run(LIST_JOBS, asked)["listJobs"]
            yield from page["jobs"][:limit]
            limit -= len(page["jobs"])
            token = page["nextToken"]
            if token is None:
                return

    def service(self, job_id: str, *, open_socket: OpenSocket | None = None) -> AppSyncJob:
        """What a Follower needs of one job."""
        return AppSyncJob(self, job_id, open_socket=open_socket)


class AppSyncJob:
    """The JobService of a deployment. Each has a session of its own, which ends with `close`."""

    def __init__(self, deployment: Deployment, job_id: str, *, open_socket: OpenSocket | None = None) -> None:
        self._deployment = deployment
        self._job_id = job_id
        self._connection_id = uuid.uuid4().hex
        self._open_socket = open_socket
        self._has_session = False

    async def subscribe(self) -> AsyncGenerator[Push | None, None]:
        """See JobService.subscribe."""
        tokens = self._deployment.api.tokens
        token = await asyncio.to_thread(tokens.token)
        try:
            async with contextlib.aclosing(self._pushes(token)) as pushes:
                async for push in pushes:
                    yield push
        except TokenRefusedError:
            await asyncio.to_thread(tokens.token, refused=token)  # raises if there is no other one
            raise UnreachableError("the token was renewed.") from None

    async def position(self) -> tuple[int, str | None]:
        """See JobService.position. It extends the session as well."""
        answer = await self._run(SYNC_SESSION, {"input": self._session("extend", jobIds=[self._job_id])})
        position = answer["syncSession"]["jobs"][0]
        return int(position["sequence"]), position["epoch"]

    async def page(self, after: int) -> Mapping[str, Any]:
        """See JobService.page."""
        return await asyncio.to_thread(self._deployment.page, self._job_id, after)

    async def snapshot(self) -> Job:
        """See JobService.snapshot."""
        answer = await asyncio.to_thread(self._deployment.job, self._job_id)
        return Job() if answer is None else snapshot_of(answer)

    async def close(self) -> None:
        """See JobService.close."""
        if self._has_session:
            await self._run(SYNC_SESSION, {"input": self._session("close")})

    async def _pushes(self, token: str) -> AsyncGenerator[Push | None, None]:
        deployment = self._deployment
        variables = {
            "userId": deployment.user_id,
            "jobId": self._job_id,
            "connectionId": self._connection_id,
        }
        subscription = subscribe(
            deployment.api.url,
            token,
            ON_STATUS_UPDATE,
            variables,
            on_start=self._note_session,
            open_socket=self._open_socket,
        )
        async with contextlib.aclosing(subscription) as pushes:
            async for data in pushes:
                if data is None:
                    yield None
                elif data.get("onStatusUpdate"):
                    yield data["onStatusUpdate"]

    def _note_session(self) -> None:
        self._has_session = True

    def _session(self, action: str, **more: Any) -> dict[str, Any]:
        return {"connectionId": self._connection_id, "action": action, "joined": True, **more}

    async def _run(self, document: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        return await asyncio.to_thread(self._deployment.api.run, document, variables)


def snapshot_of(answer: Mapping[str, Any]) -> Job:
    """The snapshot in an answer of getJob, from which the fold continues."""
    return job_of_view(
        {
            **answer,
            "fold": _value(answer["fold"]),
            "result": _value(answer["result"]),
            "agents": [{**agent, "fold": _value(agent["fold"])} for agent in answer["agents"]],
        }
    )


def _value(text: Any) -> Any:
    return json.loads(text) if isinstance(text, str) else text
