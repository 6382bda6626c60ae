"""User, tenant and roles come from the claims that the stage names."""

from __future__ import annotations

from typing import Any

import pytest

from statusbeam.localcloud.appsync.resolvers.javascript import JsRuntime
from tests.unit.graphql.resolver_harness import TABLE, of_field, refusal

ENV = {"STATUS_TABLE": TABLE, "TENANT_CLAIM": "https://city.example/tenant", "ROLES_CLAIM": "groups"}
CLAIMS = {"sub": "ann", "https://city.example/tenant": "north"}


@pytest.fixture
def runtime() -> JsRuntime:
    return JsRuntime(now=lambda: 1_800_000_000.0, new_id=lambda: "id-1")


def identity(**claims: Any) -> dict[str, Any]:
    """As AppSync gives it for OPENID_CONNECT."""
    merged = {**CLAIMS, **claims}
    return {"sub": merged.get("sub"), "issuer": "https://login.example.com", "claims": merged}


def test_a_reader_belongs_to_the_tenant_in_the_named_claim(runtime: JsRuntime) -> None:
    subscription = of_field(runtime, "Subscription.onStatusUpdate")
    written = subscription.request(env=ENV, identity=identity(), arguments={"userId": "ann"}).value
    assert written["key"]["tenant_id"] == {"S": "north"}
    asked = {"env": ENV, "identity": identity(), "arguments": {"userId": "bob"}}
    assert refusal(subscription, **asked) == "Forbidden"


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"https://city.example/tenant": None, "tenantId": "north"}, id="under Cognito's name"),
        pytest.param({"https://city.example/tenant": None, "custom:tenantId": "north"}, id="as an attribute"),
        pytest.param({"https://city.example/tenant": ["north"]}, id="in a list"),
        pytest.param({"https://city.example/tenant": ""}, id="empty"),
    ],
)
def test_no_other_claim_is_a_tenant(runtime: JsRuntime, claims: dict[str, Any]) -> None:
    subscription = of_field(runtime, "Subscription.onStatusUpdate")
    asked = {"env": ENV, "identity": identity(**claims), "arguments": {"userId": "ann"}}
    assert refusal(subscription, **asked) == "Forbidden"


def test_a_user_id_is_a_text(runtime: JsRuntime) -> None:
    subscription = of_field(runtime, "Subscription.onStatusUpdate")
    for sub in (7, True, ["ann"], {"a": 1}):
        asked = {"env": ENV, "identity": identity(sub=sub), "arguments": {"userId": "ann"}}
        assert refusal(subscription, **asked) == "Forbidden"


USERNAMES = {"STATUS_TABLE": TABLE, "USER_CLAIM": "cognito:username"}
ANN_BY_NAME = {"sub": "1a2b", "tenantId": "north"}


@pytest.mark.parametrize(
    ("env", "claims"),
    [
        pytest.param(USERNAMES, {**ANN_BY_NAME, "cognito:username": "ann"}, id="a name in an ID token"),
        pytest.param(USERNAMES, {**ANN_BY_NAME, "username": "ann"}, id="a name in an access token"),
        pytest.param(
            {**ENV, "USER_CLAIM": "login"}, {**CLAIMS, "sub": "1a2b", "login": "ann"}, id="of a provider"
        ),
        pytest.param(
            {"STATUS_TABLE": TABLE}, {"sub": "ann", "tenantId": "north", "username": "x"}, id="not named"
        ),
    ],
)
def test_the_user_id_is_in_the_claim_that_the_stage_names(
    runtime: JsRuntime, env: dict[str, str], claims: dict[str, Any]
) -> None:
    subscription = of_field(runtime, "Subscription.onStatusUpdate")
    asked = {"env": env, "identity": {"sub": claims["sub"], "claims": claims}}
    written = subscription.request(**asked, arguments={"userId": "ann"}).value
    assert written["key"]["sk"]["S"].startswith("ann#")
    assert refusal(subscription, **asked, arguments={"userId": "1a2b"}) == "Forbidden"


@pytest.mark.parametrize(
    ("env", "claims"),
    [
        pytest.param(USERNAMES, ANN_BY_NAME, id="no name: the sub does not count"),
        pytest.param(USERNAMES, {**ANN_BY_NAME, "cognito:username": "ann#1"}, id="part of another key"),
        pytest.param({**ENV, "USER_CLAIM": "login"}, {**CLAIMS, "username": "ann"}, id="Cognito's claim"),
    ],
)
def test_no_other_claim_is_a_user(runtime: JsRuntime, env: dict[str, str], claims: dict[str, Any]) -> None:
    subscription = of_field(runtime, "Subscription.onStatusUpdate")
    asked = {"env": env, "identity": {"sub": claims["sub"], "claims": claims}}
    for user in ("ann", "ann#1", claims["sub"]):
        assert refusal(subscription, **asked, arguments={"userId": user}) == "Forbidden"


@pytest.mark.parametrize("roles", [["viewer", "operator"], "viewer operator", "operator"])
def test_an_operator_is_known_by_a_list_or_by_words(runtime: JsRuntime, roles: Any) -> None:
    subscription = of_field(runtime, "Subscription.onTenantStatus")
    asked = {"env": ENV, "identity": identity(groups=roles), "arguments": {"tenantId": "north"}}
    assert subscription.request(**asked).value["key"]["tenant_id"] == {"S": "north"}


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"groups": "cooperators"}, id="a word that contains it"),
        pytest.param({"groups": ["cooperators"]}, id="a role that contains it"),
        pytest.param({"cognito:groups": ["operator"]}, id="under Cognito's name"),
        pytest.param({"groups": 7}, id="a number"),
        pytest.param({"groups": True}, id="a yes"),
        pytest.param({"groups": {"operator": True}}, id="an object"),
        pytest.param({"groups": [["operator"]]}, id="a list in a list"),
        pytest.param({}, id="not at all"),
    ],
)
def test_no_other_role_is_an_operator(runtime: JsRuntime, claims: dict[str, Any]) -> None:
    subscription = of_field(runtime, "Subscription.onTenantStatus")
    asked = {"env": ENV, "identity": identity(**claims), "arguments": {"tenantId": "north"}}
    assert refusal(subscription, **asked) == "Forbidden"
