"""One-time tickets, for clients that can't send a header: a browser's EventSource and WebSocket.

>>> ticket = await tickets.issue(viewer)          # POST /tickets, with the token in its header
>>> await tickets.redeem(ticket)                  # GET …?ticket=sbt1.…
Viewer(user_id='ana', …)
>>> await tickets.redeem(ticket)
None

A ticket is valid once, for half a minute, so an address in log lines is useless. The store has only its
digest.

A reconnecting EventSource repeats its address, so a cookie holds a resume ticket. Each use gives the client
the next one. The used one stays valid for a minute, because the answer with the next one may be lost with the
process, or two tabs reconnect at once. A resume ticket is never part of an address, and no ticket of an
address is a resume ticket.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
from typing import TYPE_CHECKING, Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from statusbeam.log.journal.dynamo_errors import session_error
from statusbeam.log.journal.dynamo_items import from_item, to_item
from statusbeam.model.bounded import Bounded
from statusbeam.model.clock import Clock
from statusbeam.model.limits import CONNECTION_SECONDS
from statusbeam.model.replace import replace
from statusbeam.model.settings import SessionsTable
from statusbeam.model.validation import json_text

from .viewer import Viewer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TICKET_PREFIX: Final = "sbt1."
TICKET_SECONDS: Final = 30
RESUME_PREFIX: Final = "sbr1."
RESUME_GRACE_SECONDS: Final = 60
"""How long a resume ticket stays valid after its first use."""

_TICKETS_KEPT: Final = 10_000


class TicketStore(Protocol):
    """Stores tickets until they are redeemed or expire. Each method raises SessionStoreError."""

    async def put(self, digest: str, holder: str, *, until: int) -> None:
        """Store `holder` under the ticket's digest until a time in epoch seconds."""
        ...

    async def take(self, digest: str, *, now: float) -> str | None:
        """Return the holder to the first caller before the expiry, and None to others."""
        ...

    async def use(self, digest: str, *, now: float, grace: int) -> str | None:
        """The holder, in time and for less than `grace` seconds after the first use; None later."""
        ...


class Tickets:
    """Issues and redeems tickets."""

    def __init__(self, store: TicketStore, *, clock: Clock | None = None) -> None:
        self._store = store
        self._clock = clock or Clock()

    async def issue(self, viewer: Viewer) -> tuple[str, int]:
        """A ticket for `viewer`, and when it expires in epoch seconds. Raises SessionStoreError."""
        return await self._issue(TICKET_PREFIX, viewer, int(self._clock.now()) + TICKET_SECONDS)

    async def renew(self, viewer: Viewer) -> tuple[str, int]:
        """A resume ticket with which the same stream can reconnect, within a day of its first opening.

        Raises SessionStoreError.
        """
        until = viewer.resumes_until or int(self._clock.now()) + CONNECTION_SECONDS
        return await self._issue(RESUME_PREFIX, replace(viewer, resumes_until=until), until)

    async def _issue(self, prefix: str, viewer: Viewer, until: int) -> tuple[str, int]:
        ticket = prefix + secrets.token_urlsafe(24)
        await self._store.put(_digest(ticket), json_text(viewer.to_json()), until=until)
        return ticket, until

    async def redeem(self, ticket: str) -> Viewer | None:
        """The viewer of the ticket; None if the ticket is used, expired or unknown."""
        if not ticket.startswith(TICKET_PREFIX):
            return None
        return _viewer(await self._store.take(_digest(ticket), now=self._clock.now()))

    async def resume(self, ticket: str) -> Viewer | None:
        """The viewer of a resume ticket; None if its minute after the first use is over, or it is unknown."""
        if not ticket.startswith(RESUME_PREFIX):
            return None
        now = self._clock.now()
        return _viewer(await self._store.use(_digest(ticket), now=now, grace=RESUME_GRACE_SECONDS))


def _viewer(holder: str | None) -> Viewer | None:
    return None if holder is None else Viewer.from_json(json.loads(holder))


def _digest(ticket: str) -> str:
    return hashlib.sha256(ticket.encode()).hexdigest()


class MemoryTicketStore:
    """A TicketStore in the memory of this process."""

    def __init__(self) -> None:
        self._held: Bounded[str, tuple[str, int]] = Bounded(_TICKETS_KEPT)
        self._used: Bounded[str, float] = Bounded(_TICKETS_KEPT)

    async def put(self, digest: str, holder: str, *, until: int) -> None:
        """See TicketStore.put."""
        self._held[digest] = (holder, until)

    async def take(self, digest: str, *, now: float) -> str | None:
        """See TicketStore.take."""
        holder, until = self._held.pop(digest, (None, 0))
        return holder if now < until else None

    async def use(self, digest: str, *, now: float, grace: int) -> str | None:
        """See TicketStore.use."""
        holder, until = self._held.get(digest, (None, 0))
        if holder is None or now >= until:
            return None
        used_at = self._used[digest] = self._used.get(digest, now)
        return holder if now < used_at + grace else None


class DynamoTicketStore:
    """A TicketStore in the user sessions table, for all processes of the bridge."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    async def put(self, digest: str, holder: str, *, until: int) -> None:
        """See TicketStore.put."""
        await asyncio.to_thread(self._put, digest, holder, until)

    async def take(self, digest: str, *, now: float) -> str | None:
        """See TicketStore.take."""
        return await asyncio.to_thread(self._take, digest, now)

    async def use(self, digest: str, *, now: float, grace: int) -> str | None:
        """See TicketStore.use."""
        return await asyncio.to_thread(self._use, digest, now, grace)

    def _put(self, digest: str, holder: str, until: int) -> None:
        item = to_item({**_key(digest), SessionsTable.HOLDER: holder, SessionsTable.TTL: until})
        try:
            self._client.put_item(TableName=self._table, Item=item)
        except (ClientError, BotoCoreError) as error:
            raise session_error(error) from error

    def _take(self, digest: str, now: float) -> str | None:
        try:
            # DynamoDB returns the deleted item to one caller only, so only one can redeem the ticket.
            answer = self._client.delete_item(
                TableName=self._table, Key=to_item(_key(digest)), ReturnValues="ALL_OLD"
            )
        except (ClientError, BotoCoreError) as error:
            raise session_error(error) from error
        held = from_item(answer.get("Attributes", {}))
        return held[SessionsTable.HOLDER] if held and now < held[SessionsTable.TTL] else None

    def _use(self, digest: str, now: float, grace: int) -> str | None:
        names = {"#ttl": SessionsTable.TTL, "#used": SessionsTable.USED_AT}
        values = {":now": int(now), ":since": int(now) - grace}
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=to_item(_key(digest)),
                UpdateExpression="SET #used = if_not_exists(#used, :now)",
                ConditionExpression="#ttl > :now AND (attribute_not_exists(#used) OR #used > :since)",
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=to_item(values),
                ReturnValues="ALL_NEW",
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return None
        except (ClientError, BotoCoreError) as error:
            raise session_error(error) from error
        holder: str = from_item(answer["Attributes"])[SessionsTable.HOLDER]
        return holder


def _key(digest: str) -> dict[str, str]:
    return {SessionsTable.PARTITION_KEY: SessionsTable.TICKETS, SessionsTable.SORT_KEY: digest}
