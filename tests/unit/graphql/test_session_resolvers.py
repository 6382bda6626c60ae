"""Sessions and positions: the resolver of syncSession and the function that reads heads."""

from __future__ import annotations

from typing import Any

import pytest

from statusbeam.localcloud.appsync.resolvers.javascript import JsResolverError, JsRuntime
from statusbeam.model.limits import ID_LENGTH, JOBS_PER_SYNC, SESSION_SECONDS
from tests.unit.graphql.resolver_harness import (
    ANN,
    API_KEY,
    NOW,
    OPERATOR,
    SERVICE,
    TABLE,
    TOKEN,
    JsonObject,
    head,
    new_runtime,
    of_field,
    refusal,
    step,
)


@pytest.fixture(scope="module")
def runtime() -> JsRuntime:
    return new_runtime()


# syncSession

SYNC = {"connectionId": "c-1", "action": "open", "jobIds": ["j1", "j2", "j1"]}


@pytest.mark.parametrize(
    ("identity", "session"),
    [
        pytest.param(ANN, {"tenant_id": {"S": "north"}, "sk": {"S": "ann#c-1"}}, id="of the pool"),
        pytest.param(TOKEN, {"tenant_id": {"S": "north"}, "sk": {"S": "ann#c-1"}}, id="with a view token"),
        pytest.param(
            SERVICE,
            {"tenant_id": {"S": "public"}, "sk": {"S": f"#tenant#{SERVICE['userArn']}#c-1"}},
            id="of a service",
        ),
        pytest.param(
            API_KEY, {"tenant_id": {"S": "public"}, "sk": {"S": "#tenant##c-1"}}, id="with an API key"
        ),
    ],
)
def test_sync_session_notes_the_connection_of_a_caller(
    runtime: JsRuntime, identity: Any, session: JsonObject
) -> None:
    outcome = of_field(runtime, "Mutation.syncSession").request(identity=identity, arguments={"input": SYNC})
    assert outcome.stash is not None
    assert outcome.stash["sessionKey"] == session


@pytest.mark.parametrize(
    "wrong",
    [
        {"connectionId": "a#b"},
        {"connectionId": ""},
        {"connectionId": "c" * (ID_LENGTH + 1)},
        {"jobIds": ["j"] * (JOBS_PER_SYNC + 1)},
    ],
    ids=["a hash", "no id", "a long id", "too many jobs"],
)
def test_sync_session_refuses(runtime: JsRuntime, wrong: JsonObject) -> None:
    mutation = of_field(runtime, "Mutation.syncSession")
    assert refusal(mutation, identity=ANN, arguments={"input": {**SYNC, **wrong}}) == "BadRequest"


@pytest.mark.parametrize(
    ("action", "operation", "expires_at"),
    [
        ("open", "UpdateItem", NOW + SESSION_SECONDS),
        ("extend", "UpdateItem", NOW + SESSION_SECONDS),
        ("close", "DeleteItem", 0),
    ],
)
def test_a_session_is_written_or_removed_by_its_action(
    runtime: JsRuntime, action: str, operation: str, expires_at: int
) -> None:
    stash = {"sessionKey": {"tenant_id": {"S": "north"}, "sk": {"S": "ann#c-1"}}}
    session = step(runtime, "syncSession.session")
    outcome = session.request(arguments={"input": {**SYNC, "action": action}}, stash=stash)
    assert outcome.value["operation"] == operation
    assert outcome.value["key"] == {"tenant_id": {"S": "north"}, "sk": {"S": "ann#c-1"}}
    assert outcome.stash is not None
    assert outcome.stash["expiresAt"] == expires_at


@pytest.mark.parametrize("joined", [True, False, None])
@pytest.mark.parametrize("name", ["syncSession.session", "syncSession.tenantSession"])
def test_only_a_joined_connection_changes_the_note_of_its_subscriptions(
    runtime: JsRuntime, name: str, joined: bool | None
) -> None:
    arguments = {"input": {**SYNC, "joined": joined}}
    stash = of_field(runtime, "Mutation.syncSession").request(identity=OPERATOR, arguments=arguments).stash
    stash = {"expiresAt": NOW + SESSION_SECONDS, **(stash or {})}
    update = step(runtime, name).request(arguments=arguments, stash=stash).value["update"]
    note = ", #joined = if_not_exists(#joined, :joined)" if joined else ""
    assert update["expression"] == f"SET #ttl = :ttl{note}"


OLGA = {"tenantId": "north", "userId": "olga", "watcherId": "olga", "roles": ["operator"]}
TENANT_KEY = {"tenant_id": {"S": "north"}, "sk": {"S": "#tenant#olga#c-1"}}


@pytest.mark.parametrize("action", ["open", "extend"])
def test_an_operators_watch_on_the_tenant_is_extended_along_but_not_opened(
    runtime: JsRuntime, action: str
) -> None:
    stash = {"caller": OLGA, "expiresAt": NOW + SESSION_SECONDS}
    tenant_session = step(runtime, "syncSession.tenantSession")
    asked = tenant_session.request(arguments={"input": {**SYNC, "action": action}}, stash=stash).value
    assert (asked["operation"], asked["key"]) == ("UpdateItem", TENANT_KEY)
    assert asked["update"] == {
        "expression": "SET #ttl = :ttl",
        "expressionNames": {"#ttl": "ttl"},
        "expressionValues": {":ttl": {"N": NOW + SESSION_SECONDS}},
    }
    assert asked["condition"] == {"expression": "attribute_exists(sk)"}
    absent = {"message": "The conditional request failed", "type": "DynamoDB:ConditionalCheckFailedException"}
    assert tenant_session.response(stash=stash, result=None, error=absent).value is None


def test_an_operators_watch_on_the_tenant_is_closed_along(runtime: JsRuntime) -> None:
    stash = {"caller": OLGA, "expiresAt": 0}
    arguments = {"input": {**SYNC, "action": "close"}}
    asked = step(runtime, "syncSession.tenantSession").request(arguments=arguments, stash=stash).value
    assert asked == {"operation": "DeleteItem", "key": TENANT_KEY}


def test_an_operator_closes_and_extends_no_watch_of_another_one_on_the_same_connection_id(
    runtime: JsRuntime,
) -> None:
    oscar = {**OLGA, "userId": "oscar", "watcherId": "oscar"}
    for action in ("close", "extend"):
        arguments = {"input": {**SYNC, "action": action}}
        stash = {"caller": oscar, "expiresAt": NOW}
        asked = step(runtime, "syncSession.tenantSession").request(arguments=arguments, stash=stash).value
        assert asked["key"] == {"tenant_id": {"S": "north"}, "sk": {"S": "#tenant#oscar#c-1"}}


def test_only_operators_have_a_tenant_session_to_extend(runtime: JsRuntime) -> None:
    stash = {"caller": {**OLGA, "roles": ["viewer"]}, "expiresAt": NOW + SESSION_SECONDS}
    outcome = step(runtime, "syncSession.tenantSession").request(arguments={"input": SYNC}, stash=stash)
    assert (outcome.early_return, outcome.value) == (True, None)


def test_a_failing_store_is_not_mistaken_for_no_watch(runtime: JsRuntime) -> None:
    error = {"message": "throttled", "type": "DynamoDB:ThrottlingException"}
    with pytest.raises(JsResolverError) as failed:
        step(runtime, "syncSession.tenantSession").response(stash={}, result=None, error=error)
    assert failed.value.error_type == "StoreUnavailable"


def test_sync_session_returns_positions_and_nothing_of_other_jobs(runtime: JsRuntime) -> None:
    stash = {
        "caller": {"userId": "ann", "tenantId": "north", "jobIds": None, "roles": ["viewer"]},
        "jobIds": ["j1", "j2", "j3", "j1"],
        "expiresAt": NOW + SESSION_SECONDS,
    }
    heads = [head(), head(jobId="j2", userId="bob")]
    mutation = of_field(runtime, "Mutation.syncSession")
    answer = mutation.response(arguments={"input": SYNC}, stash=stash, prev={"result": heads}).value
    unknown = {"sequence": 0, "epoch": None}
    assert answer == {
        "connectionId": "c-1",
        "expiresAt": NOW + SESSION_SECONDS,
        "jobs": [
            {"jobId": "j1", "sequence": 3, "epoch": "e1"},
            {"jobId": "j2", **unknown},
            {"jobId": "j3", **unknown},
            {"jobId": "j1", "sequence": 3, "epoch": "e1"},
        ],
    }


# the function that gets heads


def test_heads_are_asked_for_once_each(runtime: JsRuntime) -> None:
    stash = {"caller": OLGA, "jobIds": ["j1", "j2", "j1"]}
    asked = step(runtime, "getHeads").request(stash=stash).value
    keys = [{"pk": {"S": f"JOB#north#{job}"}, "sk": {"S": "HEAD"}} for job in ("j1", "j2")]
    assert asked == {"operation": "BatchGetItem", "tables": {TABLE: {"keys": keys, "consistentRead": True}}}


def test_no_jobs_cost_no_read(runtime: JsRuntime) -> None:
    outcome = step(runtime, "getHeads").request(stash={"jobIds": []})
    assert (outcome.early_return, outcome.value) == (True, [])


def test_heads_come_in_the_requested_order(runtime: JsRuntime) -> None:
    result = {"data": {TABLE: [head(), None, head(jobId="j3")]}, "unprocessedKeys": {TABLE: []}}
    found = step(runtime, "getHeads").response(stash={"jobIds": ["j3", "j2", "j1"]}, result=result)
    assert [item["jobId"] for item in found.value] == ["j3", "j1"]


def test_heads_left_unread_are_an_error_and_not_an_absence(runtime: JsRuntime) -> None:
    result = {"data": {TABLE: []}, "unprocessedKeys": {TABLE: [{"pk": "JOB#north#j1", "sk": "HEAD"}]}}
    with pytest.raises(JsResolverError) as failed:
        step(runtime, "getHeads").response(stash={"jobIds": ["j1"]}, result=result)
    assert failed.value.error_type == "StoreUnavailable"
