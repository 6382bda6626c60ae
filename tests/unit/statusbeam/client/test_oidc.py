"""Signing in with a browser at an OpenID Connect provider, and renewing such a login."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import jwt
import pytest

from statusbeam.client.claims import user_and_tenant
from statusbeam.client.contexts import Context, Contexts, Login
from statusbeam.client.errors import ClientError, RefusedError, TargetError, UnreachableError
from statusbeam.client.graphql_errors import LOGIN_ENDED
from statusbeam.client.logins import LoginTokens
from statusbeam.client.loopback import Loopback
from statusbeam.client.oidc import Provider, provider_of, renewed, sign_in_with_browser
from statusbeam.client.target import Flags, Target, choose
from statusbeam.model.settings import LOGIN_ADDRESSES, SIGN_IN_SCOPES
from tests.identity_provider import (
    CLIENT_ID,
    DENIAL,
    IdentityProvider,
    Reader,
    choose_user,
    identity_provider,
)

READERS = {"Ann": Reader(sub="ann", tenant_id="riverton"), "Ben": Reader(sub="ben", tenant_id="riverton")}


@pytest.fixture
def server() -> Iterator[IdentityProvider]:
    with identity_provider(READERS) as running:
        yield running


@pytest.fixture
def provider(server: IdentityProvider) -> Provider:
    return Provider(
        issuer=server.issuer, client_id=CLIENT_ID, scopes=SIGN_IN_SCOPES, host="login.example.com"
    )


def sign_in(provider: Provider, name: str = "Ann", *, is_fresh: bool = False) -> Login:
    """Sign in as the reader who chooses `name` in the browser."""
    with Loopback((0,)) as answers:
        return sign_in_with_browser(
            provider, answers, lambda address: _choose(address, name), is_fresh=is_fresh
        )


def _choose(address: str, name: str) -> None:
    assert "You can close this window" in choose_user(address, name)


@dataclass(slots=True)
class GivenAnswer:
    """An answer that is there at once, with the state of the sign-in, or that never comes."""

    changes: Mapping[str, str | None] | None
    address: str = LOGIN_ADDRESSES[0]
    shown: dict[str, str] = field(default_factory=dict)
    waited: float = 0.0

    def show(self, address: str) -> None:
        self.shown = dict(parse_qsl(urlsplit(address).query))

    def wait(self, seconds: float) -> Mapping[str, str] | None:
        self.waited = seconds
        if self.changes is None:
            return None
        answer = {"code": "c", "state": self.shown["state"], **self.changes}
        return {name: value for name, value in answer.items() if value is not None}


def claims_in(login: Login) -> Mapping[str, Any]:
    claims: dict[str, Any] = jwt.decode(login.id_token, options={"verify_signature": False})
    return claims


def test_a_reader_signs_in_and_the_login_has_the_providers_tokens(
    server: IdentityProvider, provider: Provider
) -> None:
    login = sign_in(provider)
    assert (login.username, login.with_browser) == ("ann@example.com", True)
    assert [login.id_token, login.refresh_token] == server.issued
    assert user_and_tenant(login.id_token, user_claim="sub", tenant_claims=("tenantId",)) == (
        "ann",
        "riverton",
    )


def test_the_request_is_one_of_a_native_app_with_pkce_and_new_secrets_each_time(provider: Provider) -> None:
    first, second = GivenAnswer(None), GivenAnswer(None)
    for answers in (first, second):
        with pytest.raises(UnreachableError):
            sign_in_with_browser(provider, answers, answers.show)
    assert first.shown["response_type"] == "code"
    assert first.shown["client_id"] == CLIENT_ID
    assert first.shown["redirect_uri"] == LOGIN_ADDRESSES[0]
    assert first.shown["scope"] == "openid profile email"
    assert first.shown["code_challenge_method"] == "S256"
    assert "prompt" not in first.shown
    for secret in ("state", "nonce", "code_challenge"):
        assert len(first.shown[secret]) >= 32
        assert first.shown[secret] != second.shown[secret]


def test_a_fresh_sign_in_and_a_provider_of_a_pool_are_parameters_of_the_request(provider: Provider) -> None:
    answers = GivenAnswer(None)
    with pytest.raises(UnreachableError):
        sign_in_with_browser(
            replace(provider, parameters={"identity_provider": "CitySaml"}),
            answers,
            answers.show,
            is_fresh=True,
        )
    assert (answers.shown["prompt"], answers.shown["identity_provider"]) == ("login", "CitySaml")


def test_a_sign_in_that_nobody_finishes_ends_and_names_the_address_to_register(provider: Provider) -> None:
    answers = GivenAnswer(None)
    with pytest.raises(UnreachableError, match=rf"{LOGIN_ADDRESSES[0]} within 300 s.*client {CLIENT_ID}"):
        sign_in_with_browser(provider, answers, answers.show)
    assert answers.waited == 300


REFUSED_ANSWERS: dict[str, tuple[Mapping[str, str | None], type[ClientError], str]] = {
    "another state": ({"state": "forged"}, RefusedError, "state"),
    "no state": ({"state": None}, RefusedError, "state"),
    "an error of another sign-in": ({"state": "x", "error": "access_denied"}, RefusedError, "state"),
    "another issuer": ({"iss": "https://evil.example"}, RefusedError, "not of login.example.com"),
    "no issuer of a provider that names it": ({"iss": None}, RefusedError, "not of login.example.com"),
    "no access": (
        {"error": "access_denied", "error_description": "Not yours."},
        RefusedError,
        'did not let you in .* It says: "Not yours."',
    ),
    "an unknown client": ({"error": "unauthorized_client"}, RefusedError, "public client with PKCE"),
    "any other error": ({"error": "invalid_scope"}, RefusedError, "invalid_scope"),
    "a passing failure": ({"error": "temporarily_unavailable"}, UnreachableError, "few minutes"),
    "an unknown code": ({}, RefusedError, "invalid_grant"),
}


@pytest.mark.parametrize("what", REFUSED_ANSWERS)
def test_an_answer_that_signs_nobody_in_is_an_error_that_says_why(
    server: IdentityProvider, provider: Provider, what: str
) -> None:
    changes, kind, message = REFUSED_ANSWERS[what]
    answers = GivenAnswer({"iss": server.issuer, **changes})
    with pytest.raises(ClientError, match=message) as raised:
        sign_in_with_browser(provider, answers, answers.show)
    assert type(raised.value) is kind
    assert ("/token" in server.asked) is (what == "an unknown code")
    assert server.issued == []


def test_a_provider_that_lets_nobody_in_is_quoted(provider: Provider) -> None:
    with pytest.raises(RefusedError, match=r"access_denied.*Nobody may read statuses"):
        sign_in(provider, DENIAL)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"nonce": "of-another-sign-in"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"aud": "another"}, "aud"),
        ({"aud": [CLIENT_ID, "another"]}, "azp"),
        ({"azp": "another"}, "azp"),
        ({"iss": "https://evil.example"}, "iss"),
        ({"sub": None}, "sub"),
        ({"exp": 1}, "expired"),
    ],
    ids=str,
)
def test_an_id_token_that_is_not_for_this_sign_in_is_refused(
    server: IdentityProvider, provider: Provider, changes: dict[str, Any], named: str
) -> None:
    server.claim_changes = changes
    with pytest.raises(RefusedError, match=f"ID token of login.example.com is not valid: .*{named}"):
        sign_in(provider)


@pytest.mark.parametrize("hours", [-5, 5])
def test_a_clock_that_is_hours_off_keeps_nobody_out(
    server: IdentityProvider, provider: Provider, hours: int
) -> None:
    now = int(time.time()) + 3_600 * hours
    server.claim_changes = {"iat": now, "exp": now + 300}
    assert claims_in(sign_in(provider))["iat"] == now


def test_a_login_is_renewed_with_the_refresh_token_that_the_provider_gave_last(
    server: IdentityProvider, provider: Provider
) -> None:
    login = sign_in(provider)
    for _ in range(2):
        before, login = login, renewed(provider, login)
        assert login.id_token != before.id_token
        assert login.refresh_token != before.refresh_token
    assert claims_in(login)["sub"] == "ann"
    assert (server.renewals, server.reused) == (2, [])


def test_a_login_that_the_provider_has_ended_needs_a_new_sign_in(
    server: IdentityProvider, provider: Provider
) -> None:
    login = sign_in(provider)
    renewed(provider, login)
    with pytest.raises(RefusedError, match=r"invalid_grant.*statusbeam login") as ended:
        renewed(provider, login)
    assert ended.value.error_type == LOGIN_ENDED


def test_a_login_without_a_refresh_token_ends_with_the_hint_how_to_get_one(
    server: IdentityProvider, provider: Provider
) -> None:
    server.gives_refresh_tokens = False
    login = sign_in(provider)
    assert login.refresh_token is None
    with pytest.raises(RefusedError, match="offline_access") as ended:
        renewed(provider, login)
    assert ended.value.error_type == LOGIN_ENDED


def test_a_refresh_token_goes_to_no_other_provider(server: IdentityProvider, provider: Provider) -> None:
    login = sign_in(provider)
    with identity_provider(READERS) as other:
        with pytest.raises(RefusedError, match=r"statusbeam login"):
            renewed(replace(provider, issuer=other.issuer), login)
        assert other.asked == []


def test_a_renewal_for_another_user_is_refused(server: IdentityProvider, provider: Provider) -> None:
    login = sign_in(provider)
    server.claim_changes = {"sub": "ben"}
    with pytest.raises(RefusedError, match="another user"):
        renewed(provider, login)


def test_a_provider_that_does_not_answer_is_out_of_reach(provider: Provider) -> None:
    with identity_provider({}) as gone:
        issuer = gone.issuer
    with pytest.raises(UnreachableError, match=r"login\.example\.com"):
        sign_in(replace(provider, issuer=issuer))


@pytest.mark.parametrize(
    ("path", "kind", "message"),
    [
        ("/nowhere", UnreachableError, "did not answer as a provider does"),
        ("/keys", UnreachableError, "did not answer as a provider does"),
    ],
)
def test_a_place_that_is_no_provider_is_told(
    provider: Provider, path: str, kind: type[ClientError], message: str
) -> None:
    with pytest.raises(kind, match=message):
        sign_in(replace(provider, issuer=provider.issuer + path))


def test_metadata_of_another_issuer_are_refused(server: IdentityProvider, provider: Provider) -> None:
    server.slash = "/elsewhere"
    with pytest.raises(RefusedError, match="of another issuer"):
        sign_in(provider)


@pytest.mark.parametrize("slashes", ["/", ""])
def test_an_issuer_may_differ_by_a_slash_at_its_end(
    server: IdentityProvider, provider: Provider, slashes: str
) -> None:
    server.slash = "/"
    login = sign_in(replace(provider, issuer=server.url + slashes))
    assert claims_in(renewed(replace(provider, issuer=server.url + slashes), login))["sub"] == "ann"


def test_no_secret_travels_without_encryption(provider: Provider) -> None:
    with pytest.raises(RefusedError, match=r"without encryption: http://login\.example\.com"):
        sign_in(replace(provider, issuer="http://login.example.com"))


POOL = {"UserPoolId": "eu-west-1_abc", "UserPoolClientId": "page"}


@pytest.mark.parametrize(
    ("outputs", "expected"),
    [
        (POOL, None),
        (
            {"OidcIssuer": "https://login.example.com/realms/city", "OidcClientId": "page"},
            Provider(
                issuer="https://login.example.com/realms/city",
                client_id="page",
                scopes=("openid", "profile", "email"),
                host="login.example.com",
            ),
        ),
        (
            {"OidcIssuer": "https://a.example", "OidcClientId": "p", "OidcScopes": "openid offline_access"},
            Provider(
                issuer="https://a.example",
                client_id="p",
                scopes=("openid", "offline_access"),
                host="a.example",
            ),
        ),
        (
            {**POOL, "LoginDomain": "city.auth.eu-west-1.amazoncognito.com", "LoginProvider": "CitySaml"},
            Provider(
                issuer="https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc",
                client_id="page",
                scopes=("openid", "profile", "email"),
                host="city.auth.eu-west-1.amazoncognito.com",
                parameters={"identity_provider": "CitySaml"},
            ),
        ),
    ],
    ids=["password", "provider", "provider with scopes", "managed login"],
)
def test_the_outputs_of_a_deployment_say_where_its_readers_sign_in(
    tmp_path: Path, outputs: Mapping[str, str], expected: Provider | None
) -> None:
    choice = choose(Flags(stack="Prod-Status"), {}, Contexts(tmp_path))
    assert provider_of(Target(choice, outputs)) == expected


def test_the_query_of_an_authorization_endpoint_is_kept(server: IdentityProvider, provider: Provider) -> None:
    document = server.document

    def with_query(path: str) -> dict[str, Any] | None:
        found = document(path)
        if found and "authorization_endpoint" in found:
            found["authorization_endpoint"] += "?p=city"
        return found

    server.document = with_query  # type: ignore[method-assign]
    shown: list[str] = []
    with pytest.raises(UnreachableError):
        sign_in_with_browser(provider, GivenAnswer(None), shown.append)
    assert parse_qs(urlsplit(shown[0]).query)["p"] == ["city"]


def tokens_of(server: IdentityProvider, contexts: Contexts, *, now: float) -> LoginTokens:
    """The tokens of the login of the context city, by a clock that stands."""
    outputs = {"OidcIssuer": server.issuer, "OidcClientId": CLIENT_ID}
    return LoginTokens(Target(choose(Flags(), {}, contexts), outputs), contexts, "city", now=lambda: now)


@pytest.fixture
def contexts(tmp_path: Path, provider: Provider) -> Contexts:
    """Contexts of which city has the login of Ann."""
    kept = Contexts(tmp_path)
    kept.add("city", Context(stack="Prod-Status"))
    kept.save_login("city", sign_in(provider))
    return kept


def test_a_login_is_renewed_before_its_token_expires_and_the_new_one_is_kept(
    server: IdentityProvider, contexts: Contexts
) -> None:
    login = contexts.login("city")
    assert login is not None
    expires = claims_in(login)["exp"]
    assert tokens_of(server, contexts, now=expires - 61).token() == login.id_token
    token = tokens_of(server, contexts, now=expires - 59).token()
    assert token != login.id_token
    kept = contexts.login("city")
    assert kept is not None
    assert (kept.id_token, kept.with_browser) == (token, True)
    assert kept.refresh_token == server.issued[-1]


def test_commands_and_threads_that_need_a_new_token_at_once_renew_one_login_once(
    server: IdentityProvider, contexts: Contexts
) -> None:
    commands = [tokens_of(server, contexts, now=0.0) for _ in range(3)]
    old = commands[0].token()
    with ThreadPoolExecutor(6) as threads:
        new = set(threads.map(lambda tokens: tokens.token(refused=old), commands * 2))
    assert len(new) == 1
    assert (server.renewals, server.reused) == (1, [])


def test_a_command_goes_on_as_its_own_user_only(
    server: IdentityProvider, provider: Provider, contexts: Contexts
) -> None:
    watching = tokens_of(server, contexts, now=0.0)
    token = watching.token()
    contexts.save_login("city", sign_in(provider, "Ben"))
    assert watching.token() == token
    with pytest.raises(RefusedError, match="another user"):
        watching.token(refused=token)


def test_a_command_ends_with_the_login_of_its_context(server: IdentityProvider, contexts: Contexts) -> None:
    watching = tokens_of(server, contexts, now=0.0)
    contexts.save_login("city", None)
    with pytest.raises(TargetError, match="statusbeam login"):
        watching.token(refused=watching.token())


def test_a_login_of_a_provider_that_the_deployment_left_needs_a_new_sign_in(contexts: Contexts) -> None:
    target = Target(choose(Flags(), {}, contexts), POOL)
    tokens = LoginTokens(target, contexts, "city", now=lambda: 0.0)
    with pytest.raises(RefusedError, match="another sign-in now"):
        tokens.token(refused=tokens.token())
