"""The bridge without its routes: the readers of jobs, their permissions, and the open streams.

>>> bridge = Bridge.in_memory(journal)                    # one process, a journal in memory
>>> bridge = bridge_on_aws(BridgeSettings.from_env(os.environ))
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from starlette.requests import HTTPConnection

from statusbeam.log.journal.memory import MemoryJournal
from statusbeam.log.snapshot.job_state import Job
from statusbeam.model.clock import Clock
from statusbeam.model.errors import InvalidStatusError
from statusbeam.model.job_key import JobKey
from statusbeam.model.limits import ID_LENGTH
from statusbeam.model.replace import replace
from statusbeam.model.update import StatusUpdate
from statusbeam.model.validation import identifier

from .access.connections import Connections
from .access.ended_logins import MemoryEndedLogins
from .access.origins import Origins
from .access.tickets import TICKET_PREFIX, MemoryTicketStore, Tickets
from .access.viewer import Viewer
from .log_reader.memory_reader import MemoryLogReader
from .log_reader.reader import HeadsPage, LogReader, is_whole
from .operations.tenant_watch import Operations
from .problems import Problem
from .tail.cursor import Cursor
from .tail.events import Lost
from .tail.pace import Pace
from .tail.tails import Tails
from .workflows import MemoryWorkflows, Workflows

HEARTBEAT_SECONDS: Final = 30.0

JOBS_SEARCHED: Final = 25
"""The bridge searches a session id that is no job id in this number of the user's newest jobs."""

RESUME_COOKIE: Final = "statusbeam-resume"

Authenticate = Callable[[HTTPConnection], Awaitable[Viewer]]
"""The viewer who opens this connection. Raises Problem."""

_SESSION_ID: Final = identifier(ID_LENGTH)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPage:
    """A part of a job's log: whole after the requested cursor, or `lost` has the reason."""

    job: Job
    """The current job."""
    updates: Sequence[StatusUpdate] = ()
    cursor: Cursor
    """The cursor for the next request. After a loss, it is the position of `job`."""
    lost: Lost | None = None

    @property
    def is_up_to_date(self) -> bool:
        """Whether this is the current end of the log."""
        return self.cursor == Cursor.of(self.job.head)


@dataclass(kw_only=True)
class Bridge:
    """The state that all routes share."""

    reader: LogReader
    tails: Tails
    connections: Connections
    tickets: Tickets
    operations: Operations
    authenticate: Authenticate
    origins: Origins = field(default_factory=Origins)
    workflows: Workflows = field(default_factory=MemoryWorkflows)
    clock: Clock = field(default_factory=Clock)
    heartbeat_seconds: float = HEARTBEAT_SECONDS

    @classmethod
    def in_memory(
        cls,
        journal: MemoryJournal,
        *,
        authenticate: Authenticate,
        clock: Clock | None = None,
        pace: Pace | None = None,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
    ) -> Bridge:
        """A bridge of one process, on `journal`."""
        reader = MemoryLogReader(journal)
        return cls(
            reader=reader,
            tails=Tails(reader, pace=pace),
            connections=Connections(MemoryEndedLogins()),
            tickets=Tickets(MemoryTicketStore()),
            operations=Operations(reader, clock=clock),
            authenticate=authenticate,
            clock=clock or Clock(),
            heartbeat_seconds=heartbeat_seconds,
        )

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Run the bridge while the block serves. At the end, all streams are closed."""
        self.connections.closing = False
        try:
            yield
        finally:
            self.connections.end_all()

    async def viewer(self, connection: HTTPConnection) -> Viewer:
        """The viewer who opens this connection, after a check of its page. Raises Problem."""
        if not self.origins.allows(connection.headers.get("origin")):
            raise Problem.forbidden("Pages of this origin may not use the bridge.")
        try:
            return await self.authenticate(connection)
        except Problem as problem:
            resumed = await self._resumed(connection) if problem.status is HTTPStatus.UNAUTHORIZED else None
            if resumed is None:
                raise
            return resumed

    async def _resumed(self, connection: HTTPConnection) -> Viewer | None:
        """The viewer of a stream whose EventSource reconnects with its used ticket."""
        ticket = connection.cookies.get(RESUME_COOKIE)
        if ticket is None or not _is_opened_by_ticket(connection):
            return None
        viewer = await self.tickets.resume(ticket)
        return None if viewer is None or await self.connections.is_ended(viewer) else viewer

    async def resume_headers(self, connection: HTTPConnection, viewer: Viewer) -> dict[str, str]:
        """The headers for a stream with a ticket: a cookie with the ticket for its next request.

        Raises SessionStoreError.
        """
        if not _is_opened_by_ticket(connection):
            return {}
        ticket, until = await self.tickets.renew(viewer)
        # Pages of other sites may send the cookie only if the deployment names them.
        site = "None" if self.origins.restricted else "Strict"
        seconds = max(0, until - int(self.clock.now()))
        path = quote(connection.url.path)
        cookie = (
            f"{RESUME_COOKIE}={ticket}; Path={path}; Max-Age={seconds}; HttpOnly; Secure; SameSite={site}"
        )
        return {"Set-Cookie": cookie}

    async def find_job(self, viewer: Viewer, session_id: str) -> JobKey | None:
        """The job with this id, else the viewer's newest with this session or correlation id.

        None if the viewer may see no such job. Raises Problem and JournalError.
        """
        key = viewer.job(valid_id(session_id))
        for head in await self.reader.heads([key]):
            if viewer.may_see(head):
                return key
        page = await self.list_jobs(viewer, limit=JOBS_SEARCHED)
        for head in sorted(page.heads, key=lambda head: head.created_ms or 0, reverse=True):
            if session_id in (head.session_id, head.correlation_id):
                return head.key
        return None

    async def list_jobs(self, viewer: Viewer, *, limit: int, token: str | None = None) -> HeadsPage:
        """A page of the viewer's own jobs, newest first; for a narrowed token, all jobs that it names.

        Raises JournalError.
        """
        if viewer.job_ids is not None:
            page = HeadsPage(heads=await self.reader.heads(list(map(viewer.job, viewer.job_ids))))
        else:
            page = await self.reader.heads_of_user(viewer.tenant_id, viewer.user_id, limit=limit, token=token)
        return replace(page, heads=list(filter(viewer.may_see, page.heads)))

    async def visible_job(self, viewer: Viewer, job_id: str) -> Job:
        """The job. Raises the same Problem if it does not exist or the viewer may not see it."""
        job = await self.reader.snapshot(viewer.job(valid_id(job_id)))
        if job is None or not viewer.may_see(job.head):
            raise Problem.not_found("There is no such job, or it is not yours.")
        return job

    async def page(self, viewer: Viewer, job_id: str, *, after: Cursor, limit: int) -> LogPage:
        """Up to `limit` statuses after a cursor. Raises Problem and JournalError."""
        job = await self.visible_job(viewer, job_id)
        head, first = Cursor.of(job.head), after.sequence + 1
        if after.names_a_log and after.epoch != head.epoch:
            return LogPage(job=job, cursor=head, lost=Lost.OTHER_EPOCH)
        if after.sequence > head.sequence:
            return LogPage(job=job, cursor=head, lost=Lost.AHEAD_OF_LOG)
        last = min(after.sequence + limit, head.sequence)
        updates = await self.reader.updates(viewer.job(job_id), first=first, last=last)
        if not is_whole(updates, first=first, last=last):
            return LogPage(job=job, cursor=head, lost=Lost.LOG_EXPIRED)
        return LogPage(job=job, updates=updates, cursor=Cursor(head.epoch, last))


def _is_opened_by_ticket(connection: HTTPConnection) -> bool:
    named = connection.query_params.get("ticket", "")
    return named.startswith(TICKET_PREFIX) and "authorization" not in connection.headers


def valid_id(text: str) -> str:
    """The text, if it is a valid id. Raises Problem."""
    try:
        found: str = _SESSION_ID("the id", text)
    except InvalidStatusError as error:
        raise Problem.bad_request(error.message) from error
    return found


def token_of(connection: HTTPConnection) -> str:
    """The token of a connection, from its header or `?ticket=`. Raises Problem."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if token and scheme.lower() == "bearer":
        return token.strip()
    # The API accepts a header with the bare token, and so does the bridge.
    found = scheme or connection.query_params.get("ticket", "")
    if not found:
        raise Problem.unauthenticated()
    return found
