"""Cognito and OIDC tokens, signed here with real keys and verified against a published key set."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import jwt as pyjwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jwt.algorithms import RSAAlgorithm

from status_utils.tokens.issuer_tokens import (
    CACHE_SECONDS,
    MIN_REFRESH_SECONDS,
    CognitoVerifier,
    FetchError,
    IssuerKeys,
    OidcVerifier,
    read_unverified,
)
from statusbeam.model.errors import IssuerTokenError

ISSUER = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_pool"
KEYS_URL = "http://127.0.0.1:4566/us-east-1_pool/.well-known/jwks.json"
CLIENT = "client-1"
NOW = 1_800_000_000.0

KEY_OF_POOL = rsa.generate_private_key(public_exponent=65537, key_size=2048)
KEY_AFTER_ROTATION = rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Issuer:
    """An issuer's published documents; counts how often they are read, and can be down."""

    def __init__(self, **keys: rsa.RSAPrivateKey) -> None:
        self.keys = keys
        self.reads = 0
        self.down = False

    async def fetch(self, url: str) -> Mapping[str, Any]:
        if self.down:
            raise FetchError(url)
        self.reads += 1
        if url.endswith("openid-configuration"):
            return {"issuer": ISSUER, "jwks_uri": KEYS_URL}
        assert url == KEYS_URL
        return {"keys": [public_jwk(key, kid) for kid, key in self.keys.items()]}


class Clock:
    def __init__(self) -> None:
        self.time = NOW

    def __call__(self) -> float:
        return self.time


def public_jwk(key: rsa.RSAPrivateKey, kid: str) -> dict[str, Any]:
    return {**json.loads(RSAAlgorithm.to_jwk(key.public_key())), "kid": kid, "alg": "RS256", "use": "sig"}


def claims(**changes: Any) -> dict[str, Any]:
    base = {
        "sub": "user-1",
        "iss": ISSUER,
        "token_use": "access",
        "client_id": CLIENT,
        "username": "ada",
        "iat": NOW - 10,
        "exp": NOW + 3600,
    }
    return {name: value for name, value in {**base, **changes}.items() if value is not None}


def token(
    *, key: rsa.RSAPrivateKey = KEY_OF_POOL, kid: str = "k1", algorithm: str = "RS256", **changes: Any
) -> str:
    return pyjwt.encode(claims(**changes), key, algorithm=algorithm, headers={"kid": kid})


def cognito(
    issuer: Issuer | None = None, clock: Clock | None = None, app_client_id: str | None = None
) -> CognitoVerifier:
    clock = clock or Clock()
    keys = IssuerKeys((issuer or Issuer(k1=KEY_OF_POOL)).fetch, keys_url=KEYS_URL, now=clock)
    pattern = re.compile(app_client_id) if app_client_id else None
    return CognitoVerifier(issuer=ISSUER, keys=keys, now=clock, app_client_id=pattern)


async def verify(verifier: CognitoVerifier | OidcVerifier, encoded: str) -> Mapping[str, Any]:
    unverified = read_unverified(encoded)
    assert unverified is not None
    return await verifier.verify(unverified)


@pytest.mark.parametrize("prefix", ["", "Bearer ", "bearer   "])
async def test_an_access_token_of_the_pool_is_accepted_with_or_without_bearer(prefix: str) -> None:
    assert (await verify(cognito(), prefix + token()))["sub"] == "user-1"


async def test_an_id_token_of_the_pool_is_accepted() -> None:
    found = await verify(cognito(), token(token_use="id", aud=CLIENT, client_id=None))
    assert found["aud"] == CLIENT


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"key": KEY_AFTER_ROTATION}, "forged: signed by a key the pool does not publish"),
        ({"iss": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_other"}, "another pool's issuer"),
        ({"exp": NOW}, "expired this second"),
        ({"exp": None}, "without an end"),
        ({"exp": True}, "with a nonsense end"),
        ({"nbf": NOW + 1}, "not valid yet"),
        ({"token_use": "refresh"}, "a refresh token"),
        ({"token_use": None}, "of no known use"),
        ({"sub": None}, "of nobody"),
        ({"kid": "k9"}, "signed by an unknown key id"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_token_is_refused(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(IssuerTokenError):
        await verify(cognito(), token(**changes))


async def test_an_expired_token_is_named_as_expired() -> None:
    with pytest.raises(IssuerTokenError, match="Token has expired"):
        await verify(cognito(), token(exp=NOW - 1))


async def test_an_unsigned_token_is_refused() -> None:
    encoded = pyjwt.encode(claims(), "", algorithm="none", headers={"kid": "k1"})
    with pytest.raises(IssuerTokenError):
        await verify(cognito(), encoded)


async def test_a_token_signed_symmetrically_with_the_public_key_is_refused() -> None:
    known_to_all = public_jwk(KEY_OF_POOL, "k1")["n"]
    encoded = pyjwt.encode(claims(), known_to_all, algorithm="HS256", headers={"kid": "k1"})
    with pytest.raises(IssuerTokenError):
        await verify(cognito(), encoded)


@pytest.mark.parametrize(
    ("changes", "accepted"),
    [
        ({}, True),
        ({"client_id": "client-10"}, False),
        ({"client_id": "other"}, False),
        ({"token_use": "id", "client_id": None, "aud": CLIENT}, True),
        ({"token_use": "id", "client_id": CLIENT, "aud": "other"}, False),
        ({"client_id": None, "aud": CLIENT}, False),
    ],
    ids=str,
)
async def test_app_client_id_regex_decides_over_the_client_of_the_token(
    changes: dict[str, Any], accepted: bool
) -> None:
    verifier = cognito(app_client_id="client-[0-9]")
    if accepted:
        await verify(verifier, token(**changes))
    else:
        with pytest.raises(IssuerTokenError, match="another app client"):
            await verify(verifier, token(**changes))


async def test_keys_are_read_once_for_many_tokens() -> None:
    issuer = Issuer(k1=KEY_OF_POOL)
    verifier = cognito(issuer)
    for _ in range(3):
        await verify(verifier, token())
    assert issuer.reads == 1


async def test_an_unknown_key_id_reads_the_keys_again_but_not_at_every_request() -> None:
    issuer, clock = Issuer(k1=KEY_OF_POOL), Clock()
    verifier = cognito(issuer, clock)
    await verify(verifier, token())
    issuer.keys["k2"] = KEY_AFTER_ROTATION
    rotated = token(key=KEY_AFTER_ROTATION, kid="k2")
    for _ in range(5):
        with pytest.raises(IssuerTokenError):
            await verify(verifier, rotated)
    assert issuer.reads == 1
    clock.time += MIN_REFRESH_SECONDS
    await verify(verifier, rotated)
    assert issuer.reads == 2


async def test_an_issuer_that_is_down_refuses_and_is_asked_again_at_the_next_token() -> None:
    issuer = Issuer(k1=KEY_OF_POOL)
    issuer.down = True
    verifier = cognito(issuer)
    with pytest.raises(IssuerTokenError, match="not available"):
        await verify(verifier, token())
    issuer.down = False
    await verify(verifier, token())


async def test_a_token_that_was_accepted_is_refused_once_it_ends() -> None:
    clock = Clock()
    verifier = cognito(clock=clock)
    encoded = token(exp=NOW + 30)
    await verify(verifier, encoded)
    clock.time += 30
    with pytest.raises(IssuerTokenError, match="Token has expired"):
        await verify(verifier, encoded)


async def test_a_token_is_checked_again_after_a_while() -> None:
    issuer, clock = Issuer(k1=KEY_OF_POOL), Clock()
    verifier = cognito(issuer, clock)
    encoded = token()
    await verify(verifier, encoded)
    issuer.keys = {"k1": KEY_AFTER_ROTATION, "k2": KEY_AFTER_ROTATION}
    clock.time += CACHE_SECONDS
    with pytest.raises(IssuerTokenError):
        await verify(
            verifier, token(key=KEY_AFTER_ROTATION, kid="k3")
        )  # makes the verifier read the new keys
    with pytest.raises(IssuerTokenError):
        await verify(verifier, encoded)


async def test_an_accepted_token_lets_no_other_signature_in() -> None:
    verifier = cognito()
    encoded = token()
    await verify(verifier, encoded)
    forged = encoded[: encoded.rindex(".") + 1] + token(key=KEY_AFTER_ROTATION).rsplit(".", 1)[1]
    with pytest.raises(IssuerTokenError):
        await verify(verifier, forged)


def oidc(**rules: Any) -> OidcVerifier:
    clock = Clock()
    url = f"{ISSUER}/.well-known/openid-configuration"
    keys = IssuerKeys(Issuer(k1=KEY_OF_POOL).fetch, discovery_url=url, now=clock)
    return OidcVerifier(issuer=ISSUER, keys=keys, now=clock, **rules)


async def test_an_oidc_token_is_verified_with_keys_found_by_discovery() -> None:
    assert (await verify(oidc(), token(token_use=None)))["sub"] == "user-1"


@pytest.mark.parametrize(
    ("changes", "accepted"),
    [
        ({"aud": "web"}, True),
        ({"aud": ["api", "web"]}, True),
        ({"aud": "api", "azp": "web"}, True),
        ({"aud": "api"}, False),
        ({}, False),
    ],
    ids=str,
)
async def test_oidc_client_id_is_matched_against_aud_or_azp(changes: dict[str, Any], accepted: bool) -> None:
    verifier = oidc(client_id=re.compile("web"))
    if accepted:
        await verify(verifier, token(**changes))
    else:
        with pytest.raises(IssuerTokenError):
            await verify(verifier, token(**changes))


@pytest.mark.parametrize("rules", [{"issued_ttl_ms": 9_999}, {"auth_ttl_ms": 9_999}], ids=str)
async def test_an_oidc_token_older_than_the_api_allows_is_refused(rules: dict[str, int]) -> None:
    encoded = token(iat=NOW - 10, auth_time=NOW - 10)
    await verify(oidc(), encoded)
    with pytest.raises(IssuerTokenError, match="expired"):
        await verify(oidc(**rules), encoded)


@pytest.mark.parametrize("text", ["", "Bearer", "a.b.c", "view.eyJ.eyJ.x", "AWS4-HMAC-SHA256 Credential=x"])
def test_text_that_is_not_shaped_like_a_jwt_is_not_read_as_one(text: str) -> None:
    assert read_unverified(text) is None


def test_a_prefixed_jwt_is_not_read_as_a_jwt() -> None:
    assert read_unverified("view." + token()) is None


@given(text=st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    read_unverified(text)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    odd=st.dictionaries(
        st.sampled_from(
            ["sub", "iss", "exp", "nbf", "iat", "aud", "token_use", "client_id", "cognito:groups"]
        ),
        st.none()
        | st.booleans()
        | st.integers()
        | st.text(max_size=10)
        | st.lists(st.text(max_size=3), max_size=2),
    )
)
async def test_odd_claims_of_a_well_signed_token_are_accepted_or_refused_but_break_nothing(
    odd: dict[str, Any],
) -> None:
    encoded = pyjwt.api_jws.encode(
        json.dumps({**claims(), **odd}).encode(), KEY_OF_POOL, algorithm="RS256", headers={"kid": "k1"}
    )
    unverified = read_unverified(encoded)
    assert unverified is not None
    try:
        found = await cognito().verify(unverified)
    except IssuerTokenError:
        return
    assert found["iss"] == ISSUER
    assert found["exp"] > NOW
