"""The publisher's view of a connection's subscriptions and syncSession, in any order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from statusbeam.localcloud.appsync.resolvers.dynamodb_source import DynamoDBSource
from statusbeam.localcloud.appsync.resolvers.javascript import JsRuntime
from statusbeam.log.journal.audience import Audience
from statusbeam.log.journal.dynamo_sessions import DynamoSessionStore
from tests.unit.dynamo_tables import SESSIONS_TABLE, dynamo_tables
from tests.unit.graphql.resolver_harness import ANN, NOW, JsonObject, new_runtime, of_field, step

PLAIN: JsonObject = {"subscribe": None}
JOINED: JsonObject = {"subscribe": True}


@pytest.fixture(scope="module")
def runtime() -> JsRuntime:
    return new_runtime()


def sync(action: str, *, joined: bool | None = None) -> JsonObject:
    return {"sync": action, "joined": joined}


def request(runtime: JsRuntime, said: JsonObject) -> Any:
    """The item that one operation of ann's connection c1 writes."""
    if "subscribe" in said:
        arguments = {"userId": "ann", "connectionId": "c1", "joined": said["subscribe"]}
        subscription = of_field(runtime, "Subscription.onStatusUpdate")
        return subscription.request(identity=ANN, arguments=arguments).value
    arguments = {"input": {"connectionId": "c1", "action": said["sync"], "joined": said["joined"]}}
    stash = of_field(runtime, "Mutation.syncSession").request(identity=ANN, arguments=arguments).stash
    return step(runtime, "syncSession.session").request(arguments=arguments, stash=stash).value


@pytest.mark.parametrize(
    ("operations", "audience"),
    [
        ([PLAIN], Audience.PLAIN),
        ([JOINED], Audience.JOINED),
        ([JOINED, JOINED], Audience.JOINED),
        ([PLAIN, JOINED], Audience.PLAIN),  # two subscriptions of one connection
        ([JOINED, PLAIN], Audience.PLAIN),
        ([JOINED, sync("extend")], Audience.JOINED),
        ([PLAIN, sync("extend", joined=True)], Audience.PLAIN),
        ([sync("open"), JOINED], Audience.JOINED),
        ([sync("open", joined=True), PLAIN], Audience.PLAIN),
        # the session ran out while the connection stood: nobody noted what its subscriptions read
        ([PLAIN, sync("close"), sync("open")], Audience.PLAIN),
        ([JOINED, sync("close"), sync("open", joined=True)], Audience.JOINED),
        ([PLAIN, sync("close")], Audience.NOBODY),
    ],
)
def test_a_connection_is_joined_only_if_all_that_it_subscribes_to_is(
    runtime: JsRuntime, operations: list[JsonObject], audience: Audience
) -> None:
    with dynamo_tables() as client, ThreadPoolExecutor(1) as pool:
        source = DynamoDBSource(client, SESSIONS_TABLE, pool)
        for said in operations:
            source.run(request(runtime, said))
        store = DynamoSessionStore(client, SESSIONS_TABLE)
        assert store.audience("north", "ann", now=NOW, of_several=True) is audience
