"""The behaviour of every store of tickets and of ended logins: each adapter is one line of parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import pytest

from statusbeam.bridge.access.ended_logins import DynamoEndedLogins, EndedLogins, MemoryEndedLogins
from statusbeam.bridge.access.tickets import DynamoTicketStore, MemoryTicketStore, TicketStore
from statusbeam.model.errors import SessionStoreError
from tests.unit.dynamo_tables import SESSIONS_TABLE, dynamo_tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """Both stores, and a way to end logins as the resolver of endSessions does."""

    tickets: TicketStore
    ended: EndedLogins
    end: Callable[[str, str, int], None]


@contextmanager
def in_memory() -> Iterator[Stores]:
    ended = MemoryEndedLogins()

    def end(tenant_id: str, user_id: str, at: int) -> None:
        ended.end(tenant_id, user_id, at=at)

    yield Stores(tickets=MemoryTicketStore(), ended=ended, end=end)


@contextmanager
def on_dynamo() -> Iterator[Stores]:
    with dynamo_tables() as client:

        def end(tenant_id: str, user_id: str, at: int) -> None:
            item = {
                "tenant_id": {"S": tenant_id},
                "sk": {"S": f"#ended#{user_id}"},
                "endedAt": {"N": str(at)},
            }
            client.put_item(TableName=SESSIONS_TABLE, Item=item)

        yield Stores(
            tickets=DynamoTicketStore(client, SESSIONS_TABLE),
            ended=DynamoEndedLogins(client, SESSIONS_TABLE),
            end=end,
        )


@pytest.fixture(params=[in_memory, on_dynamo], ids=["memory", "dynamo"])
def stores(request: pytest.FixtureRequest) -> Iterator[Stores]:
    make: Callable[[], AbstractContextManager[Stores]] = request.param
    with make() as made:
        yield made


async def test_a_ticket_is_taken_once_and_in_time(stores: Stores) -> None:
    await stores.tickets.put("digest", "holder", until=100)
    await stores.tickets.put("late", "holder", until=100)
    assert await stores.tickets.take("digest", now=99.5) == "holder"
    assert await stores.tickets.take("digest", now=99.5) is None
    assert await stores.tickets.take("late", now=100) is None
    assert await stores.tickets.take("unknown", now=0) is None


async def test_a_ticket_that_is_used_stays_valid_for_its_grace(stores: Stores) -> None:
    await stores.tickets.put("digest", "holder", until=1_000)
    for now in (100, 130.5, 159):
        assert await stores.tickets.use("digest", now=now, grace=60) == "holder"
    assert await stores.tickets.use("digest", now=160, grace=60) is None
    await stores.tickets.put("late", "holder", until=100)
    assert await stores.tickets.use("late", now=99, grace=60) == "holder"
    assert await stores.tickets.use("late", now=100, grace=60) is None
    assert await stores.tickets.use("unknown", now=0, grace=60) is None


async def test_a_ticket_that_is_taken_can_not_be_used(stores: Stores) -> None:
    await stores.tickets.put("digest", "holder", until=100)
    await stores.tickets.take("digest", now=50)
    assert await stores.tickets.use("digest", now=50, grace=60) is None


async def test_ended_logins_are_found_by_tenant_and_user(stores: Stores) -> None:
    stores.end("city", "ana", 100)
    asked = [("city", "ana"), ("city", "ben"), ("lake", "ana"), ("city", "ana")]
    assert await stores.ended.ended_at(asked) == {("city", "ana"): 100}
    assert await stores.ended.ended_at([]) == {}


async def test_dynamos_errors_are_session_store_errors() -> None:
    with dynamo_tables() as client:
        tickets, ended = DynamoTicketStore(client, "NoTable"), DynamoEndedLogins(client, "NoTable")
        for call in (
            lambda: tickets.put("d", "h", until=1),
            lambda: tickets.take("d", now=0),
            lambda: tickets.use("d", now=0, grace=1),
            lambda: ended.ended_at([("city", "ana")]),
        ):
            with pytest.raises(SessionStoreError):
                await call()
