"""View tokens, for apps with their own login: a signed, short-lived permission to read one user's jobs.

    >>> token = mint_view_token("ana", "city", ["job-1"], ttl=900)                # in the app's back end
    >>> verify_view_token(token, keys=keys, audience="statusbeam-prod").user_id   # in the authorizer
    'ana'

A view token is `sbv1.` and a JWT (HS256). Its `kid` names the version of the secret that signed it. The
current and the previous version of the secret verify tokens, so tokens stay valid when the secret rotates.

Both functions need PyJWT: `pip install statusbeam[tokens]`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from statusbeam.model.errors import ViewTokenError
from statusbeam.model.limits import VIEW_TOKEN_SECONDS, VIEW_TOKEN_SECONDS_MAX

from .claims import ViewClaims, read_claims

if TYPE_CHECKING:
    from .keys import ViewTokenKeys


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
    """A token for `ttl` seconds from now, valid from `not_before` (epoch seconds).

    `job_ids` limits it to at most VIEW_TOKEN_JOBS jobs. Without `keys` or `audience`, VIEW_TOKEN_SECRET and
    VIEW_TOKEN_AUDIENCE name them; the secret is read with the AWS credentials of the environment. Raises
    ViewTokenError for invalid arguments, SettingError if a variable is missing.
    """
    if not 1 <= ttl <= VIEW_TOKEN_SECONDS_MAX:
        raise ViewTokenError(f"ttl must be from 1 to {VIEW_TOKEN_SECONDS_MAX} seconds", code="bad_ttl")
    if keys is None or audience is None:
        from .signer import default_signer  # noqa: PLC0415 - callers with keys of their own need no SDK

        signer = default_signer()
        keys, audience = keys or signer.keys, audience or signer.audience
    issued_at = int(now())
    claims: dict[str, Any] = {
        "sub": user_id,
        "tenant": tenant_id,
        "aud": audience,
        "iat": issued_at,
        "nbf": issued_at if not_before is None else int(not_before),
        "exp": issued_at + int(ttl),
    }
    if job_ids is not None:
        claims["jobs"] = job_ids if isinstance(job_ids, str) else list(job_ids)
    read_claims(claims)
    with _requiring_pyjwt():
        from .signed_jwt import sign  # noqa: PLC0415 - the library is importable without PyJWT

    return sign(claims, *keys.current(issued_at))


def verify_view_token(
    token: str, *, keys: ViewTokenKeys, audience: str, now: Callable[[], float] = time.time
) -> ViewClaims:
    """The permission of `token` now. Raises ViewTokenError: log its code, don't send it to the bearer."""
    with _requiring_pyjwt():
        from .signed_jwt import verified_claims  # noqa: PLC0415 - as above

    moment = now()
    claims = read_claims(verified_claims(token, lambda key_id: keys.find(key_id, moment), audience))
    claims.require_valid_at(moment)
    return claims


@contextmanager
def _requiring_pyjwt() -> Iterator[None]:
    """Around the late import of the one module that needs PyJWT."""
    try:
        yield
    except ImportError as error:
        problem = "PyJWT is not installed: pip install statusbeam[tokens]"
        raise ViewTokenError(problem, code="not_installed") from error
