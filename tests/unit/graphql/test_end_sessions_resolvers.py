"""The sessions that a caller may end, and the refusal of ended logins."""

from __future__ import annotations

from typing import Any

import pytest

from statusbeam.localcloud.appsync.resolvers.javascript import JsResolverError, JsRuntime
from tests.unit.graphql.resolver_harness import (
    ANN,
    API_KEY,
    DAY,
    JOB_TOKEN,
    NOW,
    OPERATOR,
    SERVICE,
    SESSIONS,
    TOKEN,
    JsonObject,
    new_runtime,
    of_field,
    refusal,
    step,
)

TEN_YEARS = 3650 * DAY  # the longest that a user pool lets a login be refreshed
ADMIN = {"sub": "ada", "claims": {"sub": "ada", "tenantId": "north", "cognito:groups": ["admin"]}}


@pytest.fixture(scope="module")
def runtime() -> JsRuntime:
    return new_runtime()


# endSessions


@pytest.mark.parametrize(
    ("identity", "asked", "tenant"),
    [
        pytest.param(ANN, {"userId": "ann"}, "north", id="oneself"),
        pytest.param(ANN, {"userId": "ann", "tenantId": "north"}, "north", id="oneself, tenant and all"),
        pytest.param(TOKEN, {"userId": "ann"}, "north", id="oneself with a view token"),
        pytest.param(ADMIN, {"userId": "bob"}, "north", id="an admin a user of the tenant"),
        pytest.param(SERVICE, {"userId": "bob", "tenantId": "south"}, "south", id="a service anybody"),
        pytest.param(SERVICE, {"userId": "bob"}, "public", id="a service somebody of the tenant public"),
    ],
)
def test_sessions_may_be_ended_by(runtime: JsRuntime, identity: Any, asked: JsonObject, tenant: str) -> None:
    mutation = of_field(runtime, "Mutation.endSessions")
    noted = step(runtime, "endSessions.mark").request(identity=identity, arguments={"input": asked}, stash={})
    assert noted.stash == {"user": {"userId": asked["userId"], "tenantId": tenant}}
    assert noted.value == {
        "operation": "PutItem",
        "key": {"tenant_id": {"S": tenant}, "sk": {"S": f"#ended#{asked['userId']}"}},
        "attributeValues": {"endedAt": {"N": NOW}, "ttl": {"N": NOW + TEN_YEARS}},
    }
    outcome = mutation.response(identity=identity, arguments={"input": asked})
    ended = {"userId": asked["userId"], "tenantId": tenant}
    assert outcome.value == ended
    assert list(outcome.extensions) == [
        ("invalidateSubscriptions", {"subscriptionField": field, "payload": ended})
        for field in ("onStatusUpdate", "onTenantStatus")
    ]


@pytest.mark.parametrize(
    ("identity", "asked", "error_type"),
    [
        pytest.param(ANN, {"userId": "bob"}, "Forbidden", id="another user"),
        pytest.param(ANN, {"userId": "ann", "tenantId": "south"}, "Forbidden", id="a namesake elsewhere"),
        pytest.param(OPERATOR, {"userId": "ann"}, "Forbidden", id="a user by an operator"),
        pytest.param(ADMIN, {"userId": "ann", "tenantId": "south"}, "Forbidden", id="another tenant"),
        pytest.param(JOB_TOKEN, {"userId": "ann"}, "Forbidden", id="all of a user by a token for a job"),
        pytest.param(API_KEY, {"userId": "ann"}, "Forbidden", id="anybody by an API key"),
        pytest.param(SERVICE, {"userId": "a#b", "tenantId": "x"}, "BadRequest", id="no user id"),
        pytest.param(SERVICE, {"userId": "", "tenantId": "x"}, "BadRequest", id="an empty user id"),
        pytest.param(SERVICE, {"userId": "ann", "tenantId": ""}, "BadRequest", id="an empty tenant id"),
    ],
)
def test_sessions_may_not_be_ended(
    runtime: JsRuntime, identity: Any, asked: JsonObject, error_type: str
) -> None:
    mutation = of_field(runtime, "Mutation.endSessions")
    mark = step(runtime, "endSessions.mark")
    assert refusal(mark, identity=identity, arguments={"input": asked}, stash={}) == error_type
    with pytest.raises(JsResolverError):
        mutation.response(identity=identity, arguments={"input": asked}, result={})


ENDED = {"user": {"userId": "bob", "tenantId": "north"}}
FINDS = {"endSessions.userSessions": "bob#", "endSessions.tenantSessions": "#tenant#bob#"}
FAILED = {"message": "arn:aws:sts::1:assumed-role/x", "type": "DynamoDB:TransactionCanceledException"}


@pytest.mark.parametrize("name", FINDS)
def test_the_sessions_of_the_ended_user_are_looked_up(runtime: JsRuntime, name: str) -> None:
    assert step(runtime, name).request(stash=ENDED).value == {
        "operation": "Query",
        "query": {
            "expression": "tenant_id = :tenant AND begins_with(sk, :prefix)",
            "expressionValues": {":tenant": {"S": "north"}, ":prefix": {"S": FINDS[name]}},
        },
        "consistentRead": True,
        "limit": 100,
    }
    found = [{"tenant_id": "north", "sk": f"{FINDS[name]}c1", "ttl": NOW}]
    assert step(runtime, name).response(stash=ENDED, result={"items": found}).value == found


def test_the_found_sessions_are_deleted_in_one_transaction(runtime: JsRuntime) -> None:
    found = [{"tenant_id": "north", "sk": f"bob#c{number}", "ttl": NOW} for number in (1, 2)]
    asked = step(runtime, "endSessions.delete").request(prev={"result": found}, stash=ENDED).value
    assert asked == {
        "operation": "TransactWriteItems",
        "transactItems": [
            {
                "table": SESSIONS,
                "operation": "DeleteItem",
                "key": {"tenant_id": {"S": "north"}, "sk": {"S": f"bob#c{number}"}},
            }
            for number in (1, 2)
        ],
    }


def test_where_no_session_is_nothing_is_deleted(runtime: JsRuntime) -> None:
    assert step(runtime, "endSessions.delete").request(prev={"result": []}, stash=ENDED).early_return


@pytest.mark.parametrize("name", [*FINDS, "endSessions.delete"])
def test_sessions_that_cannot_be_deleted_keep_no_subscription_alive(
    runtime: JsRuntime, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    outcome = step(runtime, name).response(stash=ENDED, result=None, error=FAILED)
    assert outcome.value == []
    assert "the sessions of ended logins stay until they expire" in caplog.text
    assert "arn:" not in caplog.text


def test_a_note_that_cannot_be_stored_ends_nothing(runtime: JsRuntime) -> None:
    with pytest.raises(JsResolverError) as failed:
        step(runtime, "endSessions.mark").response(stash=ENDED, result=None, error=FAILED)
    assert failed.value.error_type in ("StoreBusy", "StoreUnavailable")


# the step before every field


def with_login(identity: JsonObject, **claims: Any) -> JsonObject:
    if "claims" in identity:
        return {**identity, "claims": {**identity["claims"], **claims}}
    return {"resolverContext": {**identity["resolverContext"], **claims}}


@pytest.mark.parametrize("identity", [ANN, TOKEN], ids=["of the pool", "with a view token"])
def test_a_login_is_looked_up_by_user_and_tenant(runtime: JsRuntime, identity: JsonObject) -> None:
    assert step(runtime, "checkLogin").request(identity=identity, arguments={}).value == {
        "operation": "GetItem",
        "key": {"tenant_id": {"S": "north"}, "sk": {"S": "#ended#ann"}},
        "consistentRead": True,
    }


@pytest.mark.parametrize("identity", [API_KEY, SERVICE], ids=["API key", "IAM"])
def test_callers_without_a_user_cost_no_read(runtime: JsRuntime, identity: Any) -> None:
    assert step(runtime, "checkLogin").request(identity=identity, arguments={}).early_return


@pytest.mark.parametrize(
    ("identity", "still_good"),
    [
        pytest.param(with_login(ANN, iat=NOW + 1), True, id="after it"),
        pytest.param(with_login(ANN, iat=NOW + 500, auth_time=NOW + 1), True, id="after it, refreshed"),
        pytest.param(with_login(ANN, iat=NOW), False, id="in the same second"),
        pytest.param(with_login(ANN, iat=NOW - 1), False, id="before it"),
        pytest.param(with_login(ANN, iat=NOW + 500, auth_time=NOW - 1), False, id="before it, refreshed"),
        pytest.param(ANN, False, id="nobody knows when"),
        pytest.param(with_login(TOKEN, issuedAt=str(NOW + 1)), True, id="view token made after it"),
        pytest.param(with_login(TOKEN, issuedAt=str(NOW)), False, id="view token of the same second"),
        pytest.param(with_login(TOKEN, issuedAt="never"), False, id="view token made who knows when"),
        pytest.param(TOKEN, False, id="view token that doesn't say"),
    ],
)
def test_once_sessions_were_ended_a_login_is_good_if_it_began(
    runtime: JsRuntime, identity: JsonObject, still_good: bool
) -> None:
    gate = step(runtime, "checkLogin")
    ended = {"tenant_id": "north", "sk": "#ended#ann", "endedAt": NOW, "ttl": NOW + DAY}
    assert gate.response(identity=identity, arguments={}, result=None).value is None
    if still_good:
        assert gate.response(identity=identity, arguments={}, result=ended).value is None
        return
    with pytest.raises(JsResolverError) as refused:
        gate.response(identity=identity, arguments={}, result=ended)
    assert refused.value.error_type == "LoginEnded"


@pytest.mark.parametrize(
    "arguments",
    [
        {"jobId": "j" * 257},
        {"userId": "u" * 257},
        {"tenantId": "t" * 257},
        {"input": {"userId": "u" * 257}},
        {"input": {"jobIds": ["j1", "j" * 257]}},
    ],
    ids=["job", "user", "tenant", "user in an input", "jobs in an input"],
)
def test_ids_that_no_key_has_room_for_are_refused(runtime: JsRuntime, arguments: JsonObject) -> None:
    assert refusal(step(runtime, "checkLogin"), identity=API_KEY, arguments=arguments) == "BadRequest"


def test_a_store_that_does_not_answer_lets_nobody_in(runtime: JsRuntime) -> None:
    error = {"message": "arn:aws:sts::1:assumed-role/x", "type": "AccessDenied"}
    with pytest.raises(JsResolverError) as failed:
        step(runtime, "checkLogin").response(identity=ANN, arguments={}, result=None, error=error)
    assert failed.value.error_type == "StoreUnavailable"
