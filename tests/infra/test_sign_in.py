"""The readers' sign-in, with another provider or an existing user pool."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from statusbeam.model.settings import LOGIN_ADDRESSES
from tests.infra.synthesised import STATUS_STACKS, WEB_STACKS, Stack, new_app, synthesised
from tests.infra.variants import ISSUER, POOL, TOKENS

if TYPE_CHECKING:
    from statusbeam.cdk.api.sign_in import SignIn
    from statusbeam.cdk.options import ReaderOptions

API = "AWS::AppSync::GraphQLApi"
REGION = "eu-west-1"
SERVICE = f"https://cognito-idp.{REGION}.amazonaws.com"
PAGES = ("https://status.example.com/", "http://localhost:5173/")


def sign_in_of(outdir: Path, readers: ReaderOptions) -> tuple[SignIn, Stack]:
    """The sign-in of these readers in a bare stack, checked at synth like ours."""
    from aws_cdk import Environment  # noqa: PLC0415 - starts Node, which only these tests need
    from aws_cdk import Stack as CdkStack  # noqa: PLC0415 - the same

    from infra.checks import add_checks  # noqa: PLC0415 - the same
    from statusbeam.cdk import LibraryLayer, ResourceOptions  # noqa: PLC0415 - the same
    from statusbeam.cdk.api.sign_in import create_sign_in  # noqa: PLC0415 - the same

    app = new_app(outdir)
    stack = CdkStack(app, "Readers", env=Environment(region=REGION))
    sign_in = create_sign_in(
        stack, readers=readers, resources=ResourceOptions(), library=LibraryLayer(stack, "Library")
    )
    add_checks(app)
    return sign_in, synthesised(app)["Readers"]


def config_of(web: Stack) -> dict[str, Any]:
    """The page's config.json."""
    (config,) = configs_of(web)
    return config


def configs_of(web: Stack) -> list[dict[str, Any]]:
    """The config.json of all pages of the app, without values of the deployment."""
    files = web.path.parent.glob("asset.*/config.json")
    return [json.loads(re.sub("<<marker.*?>>", "null", file.read_text())) for file in files]


def test_another_provider_takes_cognitos_place_everywhere(other_provider_stacks: dict[str, Stack]) -> None:
    status, web = other_provider_stacks["Prod-Status"], other_provider_stacks["Prod-Web"]
    api = status.one(API).properties
    assert api["AuthenticationType"] == "OPENID_CONNECT"
    assert api["OpenIDConnectConfig"] == {"Issuer": ISSUER, "ClientId": r"^(page|desk\.example\.com)$"}
    others = [provider["AuthenticationType"] for provider in api["AdditionalAuthenticationProviders"]]
    assert others == ["AWS_IAM", "AWS_LAMBDA"]
    schema = str(status.one("AWS::AppSync::GraphQLSchema").properties["Definition"])
    assert "@aws_oidc" in schema
    assert "@aws_cognito_user_pools" not in schema
    assert api["EnvironmentVariables"]["USER_CLAIM"] == "login"
    assert api["EnvironmentVariables"]["TENANT_CLAIM"] == "city"
    assert api["EnvironmentVariables"]["ROLES_CLAIM"] == "groups"
    assert not [r for r in status.resources if r.type.startswith("AWS::Cognito")]
    assert {
        name: status.outputs[name]["Value"]
        for name in ("OidcIssuer", "OidcClientId", "OidcScopes", "TenantClaim", "RolesClaim")
    } == {
        "OidcIssuer": ISSUER,
        "OidcClientId": "page",
        "OidcScopes": "openid offline_access",
        "TenantClaim": "city",
        "RolesClaim": "groups",
    }
    policy = str(web.one("AWS::CloudFront::ResponseHeadersPolicy").properties)
    assert f"https://login.example.com {TOKENS};" in policy
    assert "cognito" not in policy
    assert config_of(web)["signIn"] == {
        "kind": "oidc",
        "issuer": ISSUER,
        "clientId": "page",
        "scopes": ["openid", "offline_access"],
        "userClaim": "login",
        "tenantClaim": "city",
        "rolesClaim": "groups",
    }


@pytest.mark.parametrize("name", WEB_STACKS)
def test_the_page_of_a_stage_asks_for_the_password_and_its_app_client_takes_a_proof_of_it(
    stacks: dict[str, Stack], name: str
) -> None:
    assert {config["signIn"]["kind"] for config in configs_of(stacks[name])} == {"password"}
    client = stacks[name.replace("Web", "Status")].one("AWS::Cognito::UserPoolClient").properties
    assert "ALLOW_USER_SRP_AUTH" in client["ExplicitAuthFlows"]
    assert client["AllowedOAuthFlowsUserPoolClient"] is False


def test_managed_login_has_a_domain_a_style_and_a_client_for_codes_of_the_page(tmp_path: Path) -> None:
    from statusbeam.cdk import ManagedLogin, NewUserPool  # noqa: PLC0415 - starts Node

    login = ManagedLogin(domain_prefix="city-status", page_urls=PAGES)
    sign_in, stack = sign_in_of(tmp_path, NewUserPool(managed_login=login))
    client = stack.one("AWS::Cognito::UserPoolClient")
    assert client.properties["AllowedOAuthFlows"] == ["code"]
    assert client.properties["AllowedOAuthScopes"] == ["openid", "profile", "email"]
    assert client.properties["CallbackURLs"] == [*PAGES, *LOGIN_ADDRESSES]
    assert client.properties["LogoutURLs"] == list(PAGES)
    assert client.properties["SupportedIdentityProviders"] == ["COGNITO"]
    assert client.properties["GenerateSecret"] is False
    domain = stack.one("AWS::Cognito::UserPoolDomain").properties
    assert (domain["Domain"], domain["ManagedLoginVersion"]) == ("city-status", 2)
    style = stack.one("AWS::Cognito::ManagedLoginBranding").properties
    assert style["ClientId"] == {"Ref": client.name}
    host = f"city-status.auth.{REGION}.amazoncognito.com"
    assert sign_in.origins == (SERVICE, f"https://{host}")
    assert (sign_in.page["kind"], sign_in.page["domain"]) == ("managedLogin", host)
    assert "identityProvider" not in sign_in.page
    assert sign_in.outputs["LoginDomain"] == host
    assert "LoginProvider" not in sign_in.outputs


def test_readers_of_an_existing_pool_go_to_its_saml_provider(tmp_path: Path) -> None:
    from statusbeam.cdk import ExistingUserPool  # noqa: PLC0415 - starts Node

    readers = ExistingUserPool(
        user_pool_id=POOL,
        client_ids=("page", "terminal"),
        login_domain="login.example.com",
        identity_provider="CitySaml",
        user_claim="cognito:username",
    )
    sign_in, _ = sign_in_of(tmp_path, readers)
    assert sign_in.origins == (SERVICE, "https://login.example.com")
    assert sign_in.page == {
        "kind": "managedLogin",
        "issuer": f"{SERVICE}/{POOL}",
        "clientId": "page",
        "scopes": ["openid", "profile", "email"],
        "domain": "login.example.com",
        "identityProvider": "CitySaml",
        "userClaim": "cognito:username",
    }
    assert sign_in.outputs == {
        "UserPoolId": POOL,
        "UserPoolClientId": "page",
        "LoginDomain": "login.example.com",
        "LoginProvider": "CitySaml",
    }


def test_a_user_pool_that_is_there_already_is_used_unchanged(existing_pool_stacks: dict[str, Stack]) -> None:
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


@pytest.mark.parametrize("claim", ["email", "username", ""])
def test_no_claim_of_a_pool_is_a_user_id_that_users_can_write(claim: Any) -> None:
    from statusbeam.cdk import ExistingUserPool, NewUserPool  # noqa: PLC0415 - starts Node

    with pytest.raises(ValueError, match="user_claim must be sub or cognito:username"):
        ExistingUserPool(user_pool_id=POOL, client_ids=("page",), user_claim=claim)
    with pytest.raises(ValueError, match="user_claim"):
        NewUserPool(user_claim=claim)


REFUSED_PROVIDERS: dict[str, dict[str, Any]] = {
    "issuer": {"issuer": "http://login.example.com"},
    "issuer with a query": {"issuer": f"{ISSUER}?tenant=1"},
    "client_ids": {"client_ids": ()},
    "client_ids as a text": {"client_ids": "page"},
    "client_ids with a space": {"client_ids": ("page desk",)},
    "client_ids with an empty one": {"client_ids": ("page", "")},
    "user_claim": {"user_claim": ""},
    "tenant_claim": {"tenant_claim": ""},
    "roles_claim": {"roles_claim": ""},
    "scopes": {"scopes": ("profile",)},
    "scopes as a text": {"scopes": "openid"},
    "origins": {"origins": ("https://tokens.example.net/token",)},
    "origins of any host": {"origins": ("https://*",)},
    "origins with a rule of their own": {"origins": ("https://a.example; script-src *",)},
}


@pytest.mark.parametrize("what", REFUSED_PROVIDERS)
def test_a_provider_is_refused_by_the_name_of_the_wrong_field(what: str) -> None:
    from statusbeam.cdk import OidcProvider  # noqa: PLC0415 - starts Node

    arguments = {"issuer": ISSUER, "client_ids": ("page",), **REFUSED_PROVIDERS[what]}
    with pytest.raises(ValueError, match=what.split(maxsplit=1)[0]):
        OidcProvider(**arguments)


@pytest.mark.parametrize("issuer", [ISSUER, f"{ISSUER}/", "http://127.0.0.1:8080/realm", "http://localhost"])
def test_a_provider_on_this_machine_needs_no_encryption(issuer: str) -> None:
    from statusbeam.cdk import OidcProvider  # noqa: PLC0415 - starts Node

    assert OidcProvider(issuer=issuer, client_ids=("page",)).issuer == issuer


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"domain_prefix": "City"}, "domain_prefix"),
        ({"domain_prefix": "city-cognito"}, "domain_prefix"),
        ({"page_urls": ()}, "page_urls"),
        ({"page_urls": "https://status.example.com/"}, "page_urls"),
        ({"page_urls": ("http://status.example.com/",)}, "page_urls"),
        ({"page_urls": ("https://status.example.com/#home",)}, "page_urls"),
    ],
)
def test_a_managed_login_is_refused_by_the_name_of_the_wrong_field(
    changes: dict[str, Any], field: str
) -> None:
    from statusbeam.cdk import ManagedLogin  # noqa: PLC0415 - starts Node

    with pytest.raises(ValueError, match=field):
        ManagedLogin(**{"domain_prefix": "city", "page_urls": PAGES, **changes})


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"login_domain": "https://login.example.com"}, "login_domain"),
        ({"login_domain": "login.example.com/path"}, "login_domain"),
        ({"identity_provider": "CitySaml"}, "identity_provider"),
        ({"identity_provider": "", "login_domain": "login.example.com"}, "identity_provider"),
    ],
)
def test_an_existing_pools_login_is_refused_by_the_name_of_the_wrong_field(
    changes: dict[str, Any], field: str
) -> None:
    from statusbeam.cdk import ExistingUserPool  # noqa: PLC0415 - starts Node

    with pytest.raises(ValueError, match=field):
        ExistingUserPool(user_pool_id=POOL, client_ids=("page",), **changes)
