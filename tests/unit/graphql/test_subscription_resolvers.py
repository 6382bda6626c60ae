"""The permissions to publish and to watch: the resolvers of publishStatus and the subscriptions."""

from __future__ import annotations

from typing import Any

import pytest

from statusbeam.localcloud.appsync.resolvers.javascript import JsResolverError, JsRuntime
from statusbeam.model.limits import CONNECTION_SECONDS, SESSION_SECONDS
from tests.unit.graphql.resolver_harness import (
    ANN,
    ANN_BY_ID_TOKEN,
    API_KEY,
    JOB_TOKEN,
    NOW,
    OPERATOR,
    SERVICE,
    TOKEN,
    JsonObject,
    new_runtime,
    of_field,
    refusal,
    rules,
    step,
)


@pytest.fixture(scope="module")
def runtime() -> JsRuntime:
    return new_runtime()


# publishStatus


def test_a_published_status_returns_unchanged(runtime: JsRuntime) -> None:
    status = {"jobId": "j1", "sequence": 2, "metadata": {"a": 1}, "earlier": [{"jobId": "j1", "sequence": 1}]}
    publish = of_field(runtime, "Mutation.publishStatus")
    assert publish.request(arguments={"input": status}, identity=SERVICE).value == {"payload": status}
    assert publish.response(arguments={"input": status}, identity=SERVICE, result=status).value == status


# onStatusUpdate: who may watch whom


@pytest.mark.parametrize(
    ("identity", "arguments", "error_type"),
    [
        pytest.param(ANN, {"userId": "bob"}, "Forbidden", id="another user of the pool"),
        pytest.param(TOKEN, {"userId": "bob"}, "Forbidden", id="another user by view token"),
        pytest.param(
            JOB_TOKEN, {"userId": "ann", "jobId": "j9"}, "Forbidden", id="a job the token leaves out"
        ),
        pytest.param(
            {"sub": "ann", "claims": {"sub": "ann"}},
            {"userId": "ann"},
            "Forbidden",
            id="a login without tenant",
        ),
        pytest.param({"resolverContext": {}}, {"userId": "ann"}, "Forbidden", id="a token without user"),
        pytest.param({"resolverContext": None}, {"userId": "ann"}, "Forbidden", id="a token without context"),
        pytest.param(
            {"resolverContext": {"userId": "#tenant", "tenantId": "north"}},
            {"userId": "#tenant"},
            "Forbidden",
            id="a user id that would look like a tenant's session",
        ),
        pytest.param(API_KEY, {"userId": "#tenant"}, "BadRequest", id="such a user id as an argument"),
        pytest.param(API_KEY, {"userId": ""}, "BadRequest", id="no user id"),
        pytest.param(
            JOB_TOKEN, {"userId": "ann", "jobId": ""}, "Forbidden", id="no job of those the token names"
        ),
        pytest.param(
            {"resolverContext": {"userId": "ann", "tenantId": "north", "jobIds": "a,b,c,d,e,f"}},
            {"userId": "ann"},
            "BadRequest",
            id="more jobs than a filter can list",
        ),
    ],
)
def test_on_status_update_is_refused_to(
    runtime: JsRuntime, identity: Any, arguments: JsonObject, error_type: str
) -> None:
    subscription = of_field(runtime, "Subscription.onStatusUpdate")
    assert refusal(subscription, identity=identity, arguments=arguments) == error_type


OWN = {"userId": ("eq", "ann"), "tenantId": ("eq", "north")}


@pytest.mark.parametrize(
    ("identity", "arguments", "expected"),
    [
        pytest.param(ANN, {"userId": "ann"}, OWN, id="access token"),
        pytest.param(ANN_BY_ID_TOKEN, {"userId": "ann"}, OWN, id="ID token"),
        pytest.param(ANN, {"userId": "ann", "jobId": None}, OWN, id="a null job is every job"),
        pytest.param(ANN, {"userId": "ann", "jobId": "j1"}, {**OWN, "jobId": ("eq", "j1")}, id="one job"),
        pytest.param(ANN, {"userId": "ann", "jobId": ""}, {**OWN, "jobId": ("eq", "")}, id="no job at all"),
        pytest.param(TOKEN, {"userId": "ann"}, OWN, id="view token"),
        pytest.param(
            JOB_TOKEN, {"userId": "ann"}, {**OWN, "jobId": ("in", ["j1", "j2"])}, id="token for jobs"
        ),
        pytest.param(
            JOB_TOKEN,
            {"userId": "ann", "jobId": "j2"},
            {**OWN, "jobId": ("eq", "j2")},
            id="one job of the token",
        ),
        pytest.param(
            API_KEY, {"userId": "ann"}, {"userId": ("eq", "ann"), "tenantId": ("eq", "public")}, id="API key"
        ),
        pytest.param(
            SERVICE, {"userId": "ann"}, {"userId": ("eq", "ann"), "tenantId": ("eq", "public")}, id="IAM"
        ),
    ],
)
def test_on_status_update_receives_only(
    runtime: JsRuntime, identity: Any, arguments: JsonObject, expected: dict[str, tuple[str, Any]]
) -> None:
    subscription = of_field(runtime, "Subscription.onStatusUpdate")
    outcome = subscription.response(identity=identity, arguments=arguments, result={})
    assert outcome.value is None
    assert rules(outcome) == expected
    owner = {field: rule for field, rule in expected.items() if field != "jobId"}
    assert rules(outcome, "setSubscriptionInvalidationFilter") == owner


def test_subscribing_writes_a_session_that_lives_as_long_as_a_connection(runtime: JsRuntime) -> None:
    subscription = of_field(runtime, "Subscription.onStatusUpdate")
    written = subscription.request(identity=ANN, arguments={"userId": "ann"}).value
    assert written == {
        "operation": "UpdateItem",
        "key": {"tenant_id": {"S": "north"}, "sk": {"S": "ann#id-1"}},
        "update": {
            "expression": "SET #ttl = :ttl, #joined = :joined",
            "expressionNames": {"#ttl": "ttl", "#joined": "joined"},
            "expressionValues": {":ttl": {"N": NOW + CONNECTION_SECONDS}, ":joined": {"BOOL": False}},
        },
    }


def test_subscribing_with_a_connection_id_writes_the_session_that_sync_session_extends(
    runtime: JsRuntime,
) -> None:
    subscription = of_field(runtime, "Subscription.onStatusUpdate")
    arguments = {"userId": "ann", "connectionId": "c-1"}
    written = subscription.request(identity=ANN, arguments=arguments).value
    assert written["key"] == {"tenant_id": {"S": "north"}, "sk": {"S": "ann#c-1"}}
    assert written["update"]["expressionValues"][":ttl"] == {"N": NOW + SESSION_SECONDS}


TTL_ONLY = "SET #ttl = :ttl"


@pytest.mark.parametrize("name", ["onStatusUpdate", "onTenantStatus"])
@pytest.mark.parametrize(
    ("arguments", "note"),
    [
        # Another subscription of the connection may have been plain before: then the session stays plain.
        ({"joined": True}, "#joined = if_not_exists(#joined, :joined)"),
        ({"joined": False}, "#joined = :joined"),
        ({"joined": None}, "#joined = :joined"),
        ({}, "#joined = :joined"),
    ],
    ids=["joined", "plain", "null", "nothing said"],
)
def test_a_session_notes_whether_its_client_reads_earlier(
    runtime: JsRuntime, name: str, arguments: JsonObject, note: str
) -> None:
    subscription = of_field(runtime, f"Subscription.{name}")
    asked = {"userId": "olga", "tenantId": "north", "connectionId": "c-1", **arguments}
    update = subscription.request(identity=OPERATOR, arguments=asked).value["update"]
    assert update["expression"] == f"{TTL_ONLY}, {note}"
    assert update["expressionValues"][":joined"] == {"BOOL": arguments.get("joined") is True}


@pytest.mark.parametrize("connection_id", ["a#b", "c" * 129, "ä", "a b"])
@pytest.mark.parametrize("name", ["onStatusUpdate", "onTenantStatus"])
def test_a_connection_id_is_refused_like(runtime: JsRuntime, name: str, connection_id: str) -> None:
    subscription = of_field(runtime, f"Subscription.{name}")
    arguments = {"userId": "olga", "tenantId": "north", "connectionId": connection_id}
    assert refusal(subscription, identity=OPERATOR, arguments=arguments) == "BadRequest"


@pytest.mark.parametrize(
    ("identity", "sk", "seconds"),
    [
        (OPERATOR, "#tenant#olga#c-1", SESSION_SECONDS),
        (SERVICE, f"#tenant#{SERVICE['userArn']}#id-1", CONNECTION_SECONDS),
    ],
    ids=["an operator's", "a service's, which nobody could extend"],
)
def test_the_session_of_a_tenants_watcher_is(
    runtime: JsRuntime, identity: Any, sk: str, seconds: int
) -> None:
    subscription = of_field(runtime, "Subscription.onTenantStatus")
    arguments = {"tenantId": "north", "connectionId": "c-1"}
    written = subscription.request(identity=identity, arguments=arguments).value
    assert written["key"] == {"tenant_id": {"S": "north"}, "sk": {"S": sk}}
    assert written["update"]["expressionValues"][":ttl"] == {"N": NOW + seconds}


@pytest.mark.parametrize(
    "name", ["Subscription.onStatusUpdate", "Subscription.onTenantStatus", "getJob.snapshot"]
)
def test_a_failing_stores_message_is_not_shown(runtime: JsRuntime, name: str) -> None:
    arguments = {"userId": "olga", "tenantId": "north", "jobId": "j1"}
    error = {"message": "arn:aws:sts::1:assumed-role/x is not authorized", "type": "AccessDenied"}
    resolver = of_field(runtime, name) if name.startswith("Subscription") else step(runtime, name)
    with pytest.raises(JsResolverError) as failed:
        resolver.response(identity=OPERATOR, arguments=arguments, result=None, error=error)
    assert failed.value.error_type == "StoreUnavailable"
    assert "arn" not in str(failed.value.message)


# onTenantStatus


@pytest.mark.parametrize(
    ("identity", "tenant"),
    [
        pytest.param(ANN, "north", id="a viewer"),
        pytest.param(OPERATOR, "south", id="an operator of another tenant"),
        pytest.param(TOKEN, "north", id="a view token"),
        pytest.param(API_KEY, "public", id="an API key"),
        pytest.param(SERVICE, "", id="a service without a tenant"),
    ],
)
def test_a_tenant_is_not_shown_to(runtime: JsRuntime, identity: Any, tenant: str) -> None:
    subscription = of_field(runtime, "Subscription.onTenantStatus")
    assert refusal(subscription, identity=identity, arguments={"tenantId": tenant}) == "Forbidden"


@pytest.mark.parametrize(
    ("identity", "tenant"),
    [
        pytest.param(OPERATOR, "north", id="its operator"),
        pytest.param(
            {"sub": "a", "claims": {"sub": "a", "tenantId": "north", "cognito:groups": ["admin"]}},
            "north",
            id="its admin",
        ),
        pytest.param(SERVICE, "south", id="a service with a grant"),
    ],
)
def test_a_tenant_is_shown_to(runtime: JsRuntime, identity: Any, tenant: str) -> None:
    subscription = of_field(runtime, "Subscription.onTenantStatus")
    written = subscription.request(identity=identity, arguments={"tenantId": tenant}).value
    watcher = identity.get("sub") or identity["userArn"]
    assert written["key"] == {"tenant_id": {"S": tenant}, "sk": {"S": f"#tenant#{watcher}#id-1"}}
    outcome = subscription.response(identity=identity, arguments={"tenantId": tenant}, result={})
    assert outcome.value is None
    assert rules(outcome) == {"tenantId": ("eq", tenant)}
    assert rules(outcome, "setSubscriptionInvalidationFilter") == {
        "tenantId": ("eq", tenant),
        "userId": ("eq", watcher),
    }
