"""Tokens of Cognito user pools and OpenID Connect providers, verified against the issuer's published keys.

The verifiers need PyJWT with `cryptography`: `pip install statusbeam[bridge]`, or `[local]`.

The caller passes the network and the clock in: `fetch` gets one JSON document (`fetch_json`, or a test's),
`now` is epoch seconds.
"""

from __future__ import annotations

import asyncio
import json
import re
import urllib.request
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import jwt as pyjwt

from statusbeam.model.bounded import Bounded
from statusbeam.model.errors import IssuerTokenError

FetchJson = Callable[[str], Awaitable[Mapping[str, Any]]]
Clock = Callable[[], float]
Claims = Mapping[str, Any]

# A client sends the same token with every request, so verified tokens are cached. The time is short because
# an issuer may withdraw a key. A token never outlives its own expiry.
CACHE_SECONDS = 60.0
MAX_CACHED_TOKENS = 4096

# An unknown key id makes the verifier fetch the keys again. Made-up ids must not cause a request each.
MIN_REFRESH_SECONDS = 10.0

FETCH_TIMEOUT_SECONDS: Final = 10.0

_BEARER = re.compile(r"bearer\s+", re.IGNORECASE)
_COGNITO_ALGORITHMS = ("RS256",)
_OIDC_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")


class FetchError(Exception):
    """The issuer's keys could not be fetched. The request is refused; the next request fetches again."""


@dataclass(frozen=True, slots=True)
class UnverifiedToken:
    """The unverified parts of a token that select its verifier."""

    encoded: str
    issuer: str
    key_id: str


@lru_cache(maxsize=1024)
def read_unverified(authorization: str) -> UnverifiedToken | None:
    """The token in an `Authorization` value, with or without `Bearer `. None when it is not a JWT."""
    encoded = _BEARER.sub("", authorization.strip(), count=1)
    try:
        token = pyjwt.decode_complete(encoded, options={"verify_signature": False})
    except pyjwt.InvalidTokenError:
        return None
    header, claims = token["header"], token["payload"]
    if not isinstance(claims, dict):
        return None
    return UnverifiedToken(encoded, str(claims.get("iss", "")), str(header.get("kid", "")))


class IssuerKeys:
    """An issuer's public keys by key id. Fetches them at first use and when a token names an unknown key."""

    def __init__(self, fetch: FetchJson, *, keys_url: str = "", discovery_url: str = "", now: Clock) -> None:
        """Fetch the keys from `keys_url`, or from the URL in the OpenID document at `discovery_url`."""
        self._fetch = fetch
        self._keys_url = keys_url
        self._discovery_url = discovery_url
        self._now = now
        self.issuer = ""
        """The issuer in the OpenID document. Empty before the document is fetched, or without one."""
        self._keys: dict[str, pyjwt.PyJWK] = {}
        self._read_at: float | None = None
        self._read_lock = asyncio.Lock()

    async def get(self, key_id: str) -> pyjwt.PyJWK:
        """The key a token's `kid` names. Raises IssuerTokenError when the issuer doesn't publish it."""
        if key_id not in self._keys:
            async with self._read_lock:
                if key_id not in self._keys and self._may_read():
                    await self._read()
        key = self._keys.get(key_id)
        if key is None:
            raise IssuerTokenError("The token's signing key is unknown.")
        return key

    def _may_read(self) -> bool:
        return self._read_at is None or self._now() - self._read_at >= MIN_REFRESH_SECONDS

    async def _read(self) -> None:
        try:
            if not self._keys_url:
                discovered = await self._fetch(self._discovery_url)
                self.issuer = str(discovered.get("issuer", ""))
                self._keys_url = str(discovered.get("jwks_uri", ""))
            document = await self._fetch(self._keys_url)
            keys = pyjwt.PyJWKSet.from_dict(dict(document)).keys
        except (FetchError, pyjwt.PyJWTError) as error:
            raise IssuerTokenError("The issuer's signing keys are not available.") from error
        self._keys = {key.key_id: key for key in keys if key.key_id}
        self._read_at = self._now()


class CognitoVerifier:
    """Access and ID tokens of one user pool."""

    def __init__(
        self,
        *,
        issuer: str,
        keys: IssuerKeys,
        now: Clock,
        app_client_id: re.Pattern[str] | None = None,
    ) -> None:
        """`app_client_id` is AppSync's appIdClientRegex: it must match the app client of a token."""
        self.issuer = issuer
        self._keys = keys
        self._now = now
        self._app_client_id = app_client_id
        self._cache = _TokenCache(now)

    async def verify(self, token: UnverifiedToken) -> Claims:
        """The claims of a token this pool signed and that is valid now. Raises IssuerTokenError."""
        cached = self._cache.get(token)
        if cached is not None:
            return cached
        claims = await _verified_claims(token, self._keys, self.issuer, _COGNITO_ALGORITHMS, self._now())
        use = claims.get("token_use")
        if use not in ("access", "id"):
            raise IssuerTokenError("The token is neither an access nor an ID token.")
        client_id = claims.get("client_id" if use == "access" else "aud")
        if self._app_client_id is not None and not _matches(self._app_client_id, client_id):
            raise IssuerTokenError("The token was issued to another app client.")
        self._cache.add(token, claims)
        return claims


class _TokenCache:
    """The claims of tokens that were verified a moment ago."""

    def __init__(self, now: Clock) -> None:
        self._now = now
        self._cached: Bounded[str, tuple[float, Claims]] = Bounded(MAX_CACHED_TOKENS)

    def get(self, token: UnverifiedToken) -> Claims | None:
        until, claims = self._cached.get(token.encoded, (0.0, None))
        return claims if self._now() < until else None

    def add(self, token: UnverifiedToken, claims: Claims) -> None:
        until = min(self._now() + CACHE_SECONDS, _number(claims, "exp"))
        self._cached[token.encoded] = (until, claims)


class OidcVerifier:
    """Tokens of one OpenID Connect provider. Lifetimes are in milliseconds, as in AppSync; 0 is no limit.

    `iss` must be the issuer in the provider's discovery document. That may differ from the configured issuer
    only by a slash at its end.
    """

    def __init__(
        self,
        *,
        issuer: str,
        keys: IssuerKeys,
        now: Clock,
        client_id: re.Pattern[str] | None = None,
        issued_ttl_ms: int = 0,
        auth_ttl_ms: int = 0,
    ) -> None:
        self.issuer = issuer
        self._keys = keys
        self._now = now
        self._client_id = client_id
        self._limits = (("iat", issued_ttl_ms), ("auth_time", auth_ttl_ms))

    async def verify(self, token: UnverifiedToken) -> Claims:
        """The claims of a token this provider signed and that is valid now. Raises IssuerTokenError."""
        now = self._now()
        await self._keys.get(token.key_id)
        issuer = self._keys.issuer or self.issuer
        if issuer.rstrip("/") != self.issuer.rstrip("/"):
            raise IssuerTokenError("The OpenID document is of another issuer.")
        claims = await _verified_claims(token, self._keys, issuer, _OIDC_ALGORITHMS, now)
        _number(claims, "iat")  # AppSync requires it even without a lifetime
        for claim, ttl_ms in self._limits:
            if ttl_ms and now - _number(claims, claim) > ttl_ms / 1000:
                raise IssuerTokenError("Token has expired.")
        if self._client_id is not None:
            audience = claims.get("aud")
            names = [*(audience if isinstance(audience, list) else [audience]), claims.get("azp")]
            if not any(_matches(self._client_id, name) for name in names):
                raise IssuerTokenError("The token was issued to another client.")
        return claims


async def _verified_claims(
    token: UnverifiedToken, keys: IssuerKeys, issuer: str, algorithms: tuple[str, ...], now: float
) -> Claims:
    key = await keys.get(token.key_id)
    # PyJWT compares exp, nbf and iat with the wall clock only; `now` is injected, so they are checked below.
    options: Any = {
        "require": ["exp", "iss", "sub"],
        "verify_exp": False,
        "verify_nbf": False,
        "verify_iat": False,
        "verify_aud": False,
    }
    try:
        claims: dict[str, Any] = pyjwt.decode(
            token.encoded, key, algorithms=list(algorithms), issuer=issuer, options=options
        )
    except pyjwt.PyJWTError as error:
        raise IssuerTokenError from error
    if now >= _number(claims, "exp"):
        raise IssuerTokenError("Token has expired.")
    if "nbf" in claims and now < _number(claims, "nbf"):
        raise IssuerTokenError("The token is not valid yet.")
    return claims


def _number(claims: Claims, name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise IssuerTokenError("The token's times are malformed.")
    return float(value)


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


async def fetch_json(url: str) -> Mapping[str, Any]:
    """One JSON object over HTTP. Raises FetchError."""
    return await asyncio.to_thread(_read_json, url)


def _read_json(url: str) -> Mapping[str, Any]:
    try:
        with urllib.request.urlopen(url, timeout=FETCH_TIMEOUT_SECONDS) as answer:  # noqa: S310 - a configured URL
            document = json.load(answer)
    except (OSError, ValueError) as error:
        raise FetchError(url) from error
    if not isinstance(document, dict):
        raise FetchError(url)
    return document
