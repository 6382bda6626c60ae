"""View tokens as JWTs (RFC 7519), by PyJWT: `sbv1.` before a JWT signed with HMAC-SHA256.

The header is `{"alg": "HS256", "kid": <key id>, "typ": "JWT"}` and nothing else. The algorithm is fixed here,
not read from the token. The prefix keeps AppSync from taking the token for the JWT of another mode.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import jwt

from statusbeam.model.errors import ViewTokenError
from statusbeam.model.settings import VIEW_TOKEN_PREFIX

_ALGORITHM: Final = "HS256"
_REQUIRED_HEADERS: Final = {"alg", "kid"}
_ALLOWED_HEADERS: Final = _REQUIRED_HEADERS | {"typ"}
_TOKEN: Final = re.compile(re.escape(VIEW_TOKEN_PREFIX) + r"(?P<jwt>[\w-]+\.[\w-]+\.[\w-]+)", re.ASCII)
"""Without `=`: PyJWT accepts padding, so that one token would have several texts."""

_OPTIONS: Final[Any] = {
    # ViewClaims checks these by the caller's clock, each with its own tolerance and error code.
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_sub": False,
    "verify_jti": False,
    "strict_aud": True,
}


def sign(claims: Mapping[str, Any], key_id: str, key: bytes) -> str:
    """The view token with these claims. Raises ViewTokenError."""
    try:
        signed = jwt.encode(dict(claims), key, algorithm=_ALGORITHM, headers={"kid": key_id})
    except jwt.InvalidKeyError as error:
        raise ViewTokenError(f"the secret can't sign: {error}", code="weak_secret") from error
    return VIEW_TOKEN_PREFIX + signed


def verified_claims(token: str, find_key: Callable[[str], bytes | None], audience: str) -> dict[str, Any]:
    """The claims of a token with a valid signature for this audience; the caller checks its times.

    Raises ViewTokenError.
    """
    found = _TOKEN.fullmatch(token)
    if found is None:
        raise ViewTokenError("not a view token", code="malformed")
    signed = found["jwt"]
    try:
        key = find_key(_key_id(jwt.get_unverified_header(signed)))
        if key is None:
            raise ViewTokenError("no version of the secret has this key id", code="unknown_key")
        claims: dict[str, Any] = jwt.decode(
            signed, key, algorithms=[_ALGORITHM], audience=audience, options=_OPTIONS
        )
    except jwt.InvalidSignatureError as error:
        raise ViewTokenError("the signature is wrong", code="bad_signature") from error
    except (jwt.InvalidAudienceError, jwt.MissingRequiredClaimError) as error:
        raise ViewTokenError("the token is for another audience", code="wrong_audience") from error
    except jwt.InvalidKeyError as error:
        raise ViewTokenError(f"the secret can't verify: {error}", code="weak_secret") from error
    except jwt.PyJWTError as error:
        raise ViewTokenError("not a JWT", code="malformed") from error
    return claims


def _key_id(header: Mapping[str, Any]) -> str:
    """The key id of a header that is exactly ours: no other algorithm, and no header that we don't read."""
    if not (set(header) >= _REQUIRED_HEADERS and set(header) <= _ALLOWED_HEADERS):
        raise ViewTokenError("the header must have alg, kid and typ only", code="malformed")
    if header["alg"] != _ALGORITHM:
        raise ViewTokenError(f"the algorithm must be {_ALGORITHM}", code="wrong_algorithm")
    if header.get("typ", "JWT") != "JWT":
        raise ViewTokenError("the type must be JWT", code="malformed")
    key_id: str = header["kid"]  # PyJWT checks that it is text
    return key_id
