"""The sessions of a user, with very many changing connections in one tenant."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import pytest

from statusbeam.localcloud.appsync.resolvers.dynamodb_source import DynamoDBSource
from statusbeam.log.journal.audience import Audience
from statusbeam.log.journal.dynamo_sessions import DynamoSessionStore
from statusbeam.log.publishing.memory import MemorySessionStore
from statusbeam.log.publishing.ports import SessionStore
from statusbeam.model.chunked import chunked
from tests.unit.dynamo_tables import SESSIONS_TABLE, dynamo_tables
from tests.unit.graphql.resolver_harness import NOW, new_runtime, of_field, step

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MANY = 50_000
ON_MOTO = 1_500
AT_ONCE = 25


def is_watched(store: SessionStore, tenant_id: str, user_id: str, *, now: float) -> bool:
    return store.audience(tenant_id, user_id, now=now, of_several=True) is not Audience.NOBODY


def test_among_very_many_sessions_each_user_has_its_own() -> None:
    store = MemorySessionStore()
    for number in range(MANY):
        store.open("north", f"user-{number}", "c1", until=NOW + 60 * (number % 2))
    for number in random.Random(7).sample(range(MANY), 200):  # noqa: S311 - which users to look at
        assert is_watched(store, "north", f"user-{number}", now=NOW) is bool(number % 2)
        assert not is_watched(store, "south", f"user-{number}", now=NOW)
    assert not is_watched(store, "north", "user-", now=NOW)


class Metered:
    """A client that notes how many items its queries looked at."""

    def __init__(self, client: DynamoDBClient) -> None:
        self._client = client
        self.looked_at = 0

    def query(self, **request: Any) -> Any:
        answer = self._client.query(**request)
        self.looked_at += answer["ScannedCount"]
        return answer


@contextmanager
def crowded() -> Iterator[Metered]:
    """A tenant with ON_MOTO users, every third of whose sessions has expired."""
    with dynamo_tables() as client:
        puts: list[Any] = [
            {
                "PutRequest": {
                    "Item": {
                        "tenant_id": {"S": "north"},
                        "sk": {"S": f"user-{number}#c1"},
                        "ttl": {"N": str(NOW + 60 if number % 3 else NOW)},
                    }
                }
            }
            for number in range(ON_MOTO)
        ]
        for some in chunked(puts, AT_ONCE):
            client.batch_write_item(RequestItems={SESSIONS_TABLE: some})
        yield Metered(client)


def test_a_look_at_a_user_reads_that_users_sessions_however_many_others_there_are() -> None:
    with crowded() as client:
        store = DynamoSessionStore(cast("DynamoDBClient", client), SESSIONS_TABLE)
        for number in (1, 15, 150, 1_499):
            client.looked_at = 0
            assert is_watched(store, "north", f"user-{number}", now=NOW) is bool(number % 3)
            assert client.looked_at == 1


class Crowd:
    """Connections of a few users that open, extend and close their sessions through the resolvers."""

    USERS, EACH, STEPS = 4, 6, 8

    def __init__(self, seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311 - what the connections do
        runtime = new_runtime()
        self.requests: dict[tuple[int, int], list[dict[str, Any]]] = {}
        self.open: set[int] = set()
        for user in range(self.USERS):
            for connection in range(self.EACH):
                actions = chance.choices(("open", "extend", "close"), k=self.STEPS)
                asked = [self._request(runtime, user, connection, action) for action in actions]
                self.requests[user, connection] = asked
                if actions[-1] != "close":
                    self.open.add(user)

    def _request(self, runtime: Any, user: int, connection: int, action: str) -> dict[str, Any]:
        who = {"sub": f"u{user}", "claims": {"sub": f"u{user}", "tenantId": "north"}}
        arguments = {"input": {"connectionId": f"c{connection}", "action": action}}
        stash = of_field(runtime, "Mutation.syncSession").request(identity=who, arguments=arguments).stash
        made = step(runtime, "syncSession.session").request(arguments=arguments, stash=stash).value
        return dict(made)


@pytest.mark.parametrize("seed", range(3))
def test_connections_that_open_extend_and_close_at_once_leave_each_user_watched_or_not(seed: int) -> None:
    crowd = Crowd(seed)
    with dynamo_tables() as client, ThreadPoolExecutor(8) as pool:
        source = DynamoDBSource(client, SESSIONS_TABLE, pool)

        def live(requests: list[dict[str, Any]]) -> None:
            for request in requests:
                source.run(request)

        list(pool.map(live, crowd.requests.values()))
        store = DynamoSessionStore(client, SESSIONS_TABLE)
        seen = {user for user in range(crowd.USERS) if is_watched(store, "north", f"u{user}", now=NOW)}
    assert seen == crowd.open
