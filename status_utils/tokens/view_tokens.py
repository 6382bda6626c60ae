"""View tokens, for apps with their own login: a signed, short-lived permission to watch one user's jobs.

    >>> token = mint_view_token("ana", "city", ["job-1"], ttl=900)                # in the app's back end
    >>> verify_view_token(token, keys=keys, audience="statusbeam-prod").user_id   # in the authorizer
    'ana'

A token is `sbv1.<key id>.<claims>.<signature>`: the claims are JSON in base64url (sub, tenant, aud, iat, nbf,
exp, and jobs if narrowed), the signature is HMAC-SHA256 over everything before it. Keys are the strings of
the secret's current and previous version, so that a rotation in Secrets Manager breaks no token on its way; a
key's id is the beginning of its SHA-256.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from statusbeam.model.errors import InvalidStatusError, ViewTokenError
from statusbeam.model.limits import (
    CLOCK_SKEW_SECONDS,
    ID_LENGTH,
    VIEW_TOKEN_JOBS,
    VIEW_TOKEN_SECONDS,
    VIEW_TOKEN_SECONDS_MAX,
    VIEW_TOKEN_SECRET_LENGTH,
)
from statusbeam.model.settings import VIEW_TOKEN_PREFIX
from statusbeam.model.validation import identifier

_KEPT_SECONDS: Final = 300
"""How long keys are used before the secret is read again."""

_UNKNOWN_KEY_PAUSE_SECONDS: Final = 10
"""A token with an unknown key makes us read the secret at once, but no more often than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewClaims:
    """What a verified view token permits: one user's jobs, only `job_ids` when these are given."""

    user_id: str
    tenant_id: str
    job_ids: tuple[str, ...] | None
    issued_at: int  # epoch seconds
    not_before: int  # epoch seconds
    expires_at: int  # epoch seconds


class ViewTokenKeys:
    """The signing keys, kept for five minutes, read again at once for a token with a key not seen before.

    `fetch` gives the strings of the secret's versions, the current one first (SecretVersions).
    """

    def __init__(self, fetch: Callable[[], Sequence[str]]) -> None:
        self._fetch = fetch
        self._keys: dict[str, bytes] = {}
        self._read_at = float("-inf")

    def current(self, now: float) -> tuple[str, bytes]:
        """Id and key to sign with. Raises ViewTokenError."""
        self._read_if_older(_KEPT_SECONDS, now)
        return next(iter(self._keys.items()))

    def find(self, key_id: str, now: float) -> bytes | None:
        """The key with this id, None when no version of the secret has it. Raises ViewTokenError."""
        self._read_if_older(_KEPT_SECONDS, now)
        if key_id not in self._keys:
            self._read_if_older(_UNKNOWN_KEY_PAUSE_SECONDS, now)
        return self._keys.get(key_id)

    def _read_if_older(self, seconds: float, now: float) -> None:
        if now - self._read_at < seconds:
            return
        secrets = self._fetch()
        if not secrets or any(len(secret) < VIEW_TOKEN_SECRET_LENGTH for secret in secrets):
            problem = f"the secret must be at least {VIEW_TOKEN_SECRET_LENGTH} characters"
            raise ViewTokenError(problem, code="weak_secret")
        self._keys = {hashlib.sha256(secret.encode()).hexdigest()[:8]: secret.encode() for secret in secrets}
        self._read_at = now


def mint_view_token(
    user_id: str,
    tenant_id: str,
    job_ids: Sequence[str] | None = None,
    ttl: int = VIEW_TOKEN_SECONDS,
    *,
    keys: ViewTokenKeys | None = None,
    audience: str | None = None,
    not_before: float | None = None,
    now: Callable[[], float] = time.time,
) -> str:
    """A token for `ttl` seconds from now, usable from `not_before` (epoch seconds).

    `job_ids` narrows it to at most VIEW_TOKEN_JOBS jobs. Keys and audience that are not given come from the
    secret and the audience that VIEW_TOKEN_SECRET and VIEW_TOKEN_AUDIENCE name, with the AWS credentials of
    the environment. Raises ViewTokenError for what it can't promise, SettingError when one is not set.
    """
    if not 1 <= ttl <= VIEW_TOKEN_SECONDS_MAX:
        raise ViewTokenError(f"ttl must be from 1 to {VIEW_TOKEN_SECONDS_MAX} seconds", code="bad_ttl")
    if keys is None or audience is None:
        from .view_token_signer import default_signer  # noqa: PLC0415 - only who needs it waits for the SDK

        signer = default_signer()
        keys, audience = keys or signer.keys, audience or signer.audience
    moment = int(now())
    claims: dict[str, Any] = {
        "sub": user_id,
        "tenant": tenant_id,
        "aud": audience,
        "iat": moment,
        "nbf": moment if not_before is None else int(not_before),
        "exp": moment + int(ttl),
    }
    if job_ids is not None:
        claims["jobs"] = job_ids if isinstance(job_ids, str) else list(job_ids)
    _permission(claims)
    key_id, key = keys.current(moment)
    signed = f"{VIEW_TOKEN_PREFIX}{key_id}.{_encode(json.dumps(claims, separators=(',', ':')).encode())}"
    return f"{signed}.{_encode(_signature(key, signed))}"


def verify_view_token(
    token: str, *, keys: ViewTokenKeys, audience: str, now: Callable[[], float] = time.time
) -> ViewClaims:
    """What `token` permits now. Raises ViewTokenError, whose code is for the log, not for the bearer."""
    moment = now()
    if not token.startswith(VIEW_TOKEN_PREFIX) or not token.isascii() or token.count(".") != 3:
        raise ViewTokenError("not a view token", code="malformed")
    signed, _, signature = token.rpartition(".")
    _, key_id, body = signed.split(".")
    key = keys.find(key_id, moment)
    if key is None:
        raise ViewTokenError("no version of the secret has this key", code="unknown_key")
    # As texts: one signature would have several in base64, and each token is one text only.
    if not hmac.compare_digest(_encode(_signature(key, signed)), signature):
        raise ViewTokenError("the signature is not ours", code="bad_signature")
    claims = _claims(body)
    permission = _permission(claims)
    if claims.get("aud") != audience:
        raise ViewTokenError("for another audience", code="wrong_audience")
    if permission.expires_at - permission.issued_at > VIEW_TOKEN_SECONDS_MAX:
        raise ViewTokenError("made for longer than a token may live", code="bad_claims")
    if moment >= permission.expires_at:
        raise ViewTokenError("its time is over", code="expired")
    if moment + CLOCK_SKEW_SECONDS < max(permission.not_before, permission.issued_at):
        raise ViewTokenError("its time has not come", code="not_yet_valid")
    return permission


def _claims(body: str) -> dict[str, Any]:
    try:
        claims = json.loads(_decode(body))
    except ValueError as error:
        raise ViewTokenError("the claims are no JSON", code="malformed") from error
    if not isinstance(claims, dict):
        raise ViewTokenError("the claims are no JSON object", code="malformed")
    return claims


def _permission(claims: dict[str, Any]) -> ViewClaims:
    jobs = claims.get("jobs")
    # Not empty: that would read as "all jobs" where the list is passed on as text.
    if jobs is not None and not (isinstance(jobs, list) and 1 <= len(jobs) <= VIEW_TOKEN_JOBS):
        raise ViewTokenError(f"jobs must be a list of 1 to {VIEW_TOKEN_JOBS}, or absent", code="bad_claims")
    expires_at = _seconds("exp", claims.get("exp"))
    try:
        return ViewClaims(
            user_id=_OWNER("sub", claims.get("sub")),
            tenant_id=_OWNER("tenant", claims.get("tenant")),
            job_ids=None if jobs is None else tuple(_JOB("jobs", job) for job in jobs),
            # A maker that doesn't say when: as long ago as it can be.
            issued_at=_seconds("iat", claims.get("iat", expires_at - VIEW_TOKEN_SECONDS_MAX)),
            not_before=_seconds("nbf", claims.get("nbf")),
            expires_at=expires_at,
        )
    except InvalidStatusError as error:
        raise ViewTokenError(error.message, code="bad_claims") from error


def _seconds(name: str, value: object) -> int:
    if not isinstance(value, int):
        raise ViewTokenError(f"{name} must be whole epoch seconds", code="bad_claims")
    return value


def _signature(key: bytes, signed: str) -> bytes:
    return hmac.digest(key, signed.encode(), "sha256")


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        raise ViewTokenError("not base64url", code="malformed") from error


_OWNER = identifier(ID_LENGTH, forbidden="#")
_JOB = identifier(ID_LENGTH, forbidden=",")  # the resolvers get the jobs in one text, parted by commas
