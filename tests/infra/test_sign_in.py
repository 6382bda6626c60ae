"""How readers sign in: with another provider, or with a user pool that exists already."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.infra.synthesised import STATUS_STACKS, Stack
from tests.infra.variants import ISSUER, POOL

API = "AWS::AppSync::GraphQLApi"


def test_another_provider_takes_cognitos_place_everywhere(other_provider_stacks: dict[str, Stack]) -> None:
    status, web = other_provider_stacks["Prod-Status"], other_provider_stacks["Prod-Web"]
    api = status.one(API).properties
    assert api["AuthenticationType"] == "OPENID_CONNECT"
    assert api["OpenIDConnectConfig"] == {"Issuer": ISSUER, "ClientId": "page"}
    others = [provider["AuthenticationType"] for provider in api["AdditionalAuthenticationProviders"]]
    assert others == ["AWS_IAM", "AWS_LAMBDA"]
    schema = str(status.one("AWS::AppSync::GraphQLSchema").properties["Definition"])
    assert "@aws_oidc" in schema
    assert "@aws_cognito_user_pools" not in schema
    assert api["EnvironmentVariables"]["TENANT_CLAIM"] == "city"
    assert api["EnvironmentVariables"]["ROLES_CLAIM"] == "groups"
    assert not [r for r in status.resources if r.type.startswith("AWS::Cognito")]
    assert status.outputs["OidcIssuer"]["Value"] == ISSUER
    policy = str(web.one("AWS::CloudFront::ResponseHeadersPolicy").properties)
    assert re.search(r"https://login\.example\.com[;'\"]", policy)
    assert "cognito" not in policy


def test_a_user_pool_that_is_there_already_is_used_as_it_is(existing_pool_stacks: dict[str, Stack]) -> None:
    status = existing_pool_stacks["Prod-Status"]
    api = status.one(API).properties
    assert api["AuthenticationType"] == "AMAZON_COGNITO_USER_POOLS"
    assert api["UserPoolConfig"]["UserPoolId"] == POOL
    assert api["UserPoolConfig"]["AppIdClientRegex"] == "^(page|terminal)$"
    assert "TENANT_CLAIM" not in api["EnvironmentVariables"]
    assert not [r for r in status.resources if r.type.startswith("AWS::Cognito")]
    assert status.outputs["UserPoolId"]["Value"] == POOL
    assert status.outputs["UserPoolClientId"]["Value"] == "page"


@pytest.mark.parametrize("name", STATUS_STACKS)
def test_only_the_stages_own_app_client_signs_in_to_a_new_pool(stacks: dict[str, Stack], name: str) -> None:
    config = stacks[name].one(API).properties["UserPoolConfig"]
    client = stacks[name].one("AWS::Cognito::UserPoolClient").name
    assert config["AppIdClientRegex"] == {"Fn::Join": ["", ["^(", {"Ref": client}, ")$"]]}


@pytest.mark.parametrize("client_ids", [(), "page", ("",), ("page", ".*"), ("a|b",)])
def test_a_list_of_app_clients_is_refused_that_would_let_others_in(client_ids: Any) -> None:
    from statusbeam.cdk import ExistingUserPool  # noqa: PLC0415 - starts Node

    with pytest.raises(ValueError, match="client_ids"):
        ExistingUserPool(user_pool_id=POOL, client_ids=client_ids)


@pytest.mark.parametrize(
    ("issuer", "client_id", "complaint"),
    [("http://login.example.com", "page", "https"), (ISSUER, "", "client_id")],
)
def test_a_provider_is_refused_that_would_let_anybody_in(issuer: str, client_id: str, complaint: str) -> None:
    from statusbeam.cdk import OidcProvider  # noqa: PLC0415 - starts Node

    with pytest.raises(ValueError, match=complaint):
        OidcProvider(issuer=issuer, client_id=client_id)
