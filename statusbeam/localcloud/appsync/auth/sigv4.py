"""AWS Signature Version 4 in a request's headers, checked as AppSync checks it.

No I/O and no clock: the secret key and the current time come in. What is refused raises AuthenticationError
with a short reason; neither a key nor a signature is ever part of the message.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import quote, unquote

from ..contract import AuthenticationError, SignedRequest

ALGORITHM = "AWS4-HMAC-SHA256"
MAX_SKEW_SECONDS = 300.0

_FIELD = re.compile(r"\s*(Credential|SignedHeaders|Signature)=([^,\s]+)\s*")
_HEX_SIGNATURE = re.compile(r"[0-9a-f]{64}")
_AMZ_DATE = re.compile(r"\d{8}T\d{6}Z")
# Without these a signature could be moved to another host, another time or another session.
_ALWAYS_SIGNED = ("host", "x-amz-date")
_SIGNED_IF_SENT = ("x-amz-security-token",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """The parsed `Authorization` header: `date` is YYYYMMDD, `signed_headers` are lower-case, as sent."""

    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str


def is_sigv4(authorization: str) -> bool:
    """Whether an `Authorization` value claims to be a SigV4 signature."""
    return authorization.startswith(ALGORITHM)


def parse_authorization(authorization: str) -> Signature:
    """`AWS4-HMAC-SHA256 Credential=…/date/region/service/aws4_request, SignedHeaders=a;b, Signature=hex`.

    Raises AuthenticationError when a part is missing, repeated or malformed.
    """
    algorithm, _, rest = authorization.partition(" ")
    if algorithm != ALGORITHM:
        raise AuthenticationError("The signature's algorithm is not supported.")
    fields: dict[str, str] = {}
    for part in rest.split(","):
        match = _FIELD.fullmatch(part)
        if match is None or match[1] in fields:
            raise AuthenticationError("The authorization header is malformed.")
        fields[match[1]] = match[2]
    if len(fields) != 3:
        raise AuthenticationError("The authorization header is incomplete.")
    scope = fields["Credential"].split("/")
    if len(scope) != 5 or scope[4] != "aws4_request" or not all(scope):
        raise AuthenticationError("The credential scope is malformed.")
    if not _HEX_SIGNATURE.fullmatch(fields["Signature"]):
        raise AuthenticationError("The signature is malformed.")
    return Signature(
        access_key_id=scope[0],
        date=scope[1],
        region=scope[2],
        service=scope[3],
        signed_headers=tuple(fields["SignedHeaders"].lower().split(";")),
        signature=fields["Signature"],
    )


def verify(
    request: SignedRequest,
    signature: Signature,
    *,
    secret_key: str,
    region: str,
    service: str = "appsync",
    now: float,
) -> None:
    """Return when `secret_key` made `signature` over `request` within five minutes of `now` (epoch seconds).

    Raises AuthenticationError for another scope, a wrong clock, an unsigned header that must be signed, or a
    signature that does not match. Query parameters of `request.path` are part of what is signed.
    """
    headers = {name.lower(): value for name, value in request.headers.items()}
    _check_scope(signature, headers, region, service, now)
    for name in (*_ALWAYS_SIGNED, *(name for name in _SIGNED_IF_SENT if name in headers)):
        if name not in signature.signed_headers:
            raise AuthenticationError(f"The header {name} must be signed.")
    missing = next((name for name in signature.signed_headers if name not in headers), None)
    if missing is not None:
        raise AuthenticationError("A signed header was not sent.")
    expected = sign(request, signature, headers=headers, secret_key=secret_key)
    if not hmac.compare_digest(expected, signature.signature):
        raise AuthenticationError(
            "The request signature we calculated does not match the signature you provided."
        )


def _check_scope(
    signature: Signature, headers: Mapping[str, str], region: str, service: str, now: float
) -> None:
    if (signature.region, signature.service) != (region, service):
        raise AuthenticationError("The credential is scoped to another region or service.")
    amz_date = headers.get("x-amz-date", "")
    if not _AMZ_DATE.fullmatch(amz_date) or amz_date[:8] != signature.date:
        raise AuthenticationError("The header x-amz-date is missing or does not fit the credential.")
    try:
        signed_at = _seconds(amz_date)
    except ValueError as error:
        raise AuthenticationError("The header x-amz-date is not a date.") from error
    if abs(now - signed_at) > MAX_SKEW_SECONDS:
        raise AuthenticationError("The signature has expired or its clock is wrong.")


def sign(request: SignedRequest, scope: Signature, *, headers: Mapping[str, str], secret_key: str) -> str:
    """The hex signature of `request` in `scope`; `headers` has lower-case names and every signed one."""
    canonical = canonical_request(request, scope.signed_headers, headers)
    credential_scope = f"{scope.date}/{scope.region}/{scope.service}/aws4_request"
    to_sign = "\n".join(
        (ALGORITHM, headers["x-amz-date"], credential_scope, hashlib.sha256(_bytes(canonical)).hexdigest())
    )
    return hmac.digest(_signing_key(secret_key, credential_scope), _bytes(to_sign), "sha256").hex()


@lru_cache(maxsize=64)  # a key holds for a day; deriving it costs as much as the rest of a signature
def _signing_key(secret_key: str, credential_scope: str) -> bytes:
    key = f"AWS4{secret_key}".encode()
    for part in credential_scope.split("/"):
        key = hmac.digest(key, _bytes(part), "sha256")
    return key


@lru_cache(maxsize=16)  # requests of one second share their date
def _seconds(amz_date: str) -> float:
    return datetime.strptime(amz_date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()


def canonical_request(
    request: SignedRequest, signed_headers: tuple[str, ...], headers: Mapping[str, str]
) -> str:
    """The text both sides hash; the body counts with its own hash, not with one a header claims."""
    path, _, query = request.path.partition("?")
    return "\n".join(
        (
            request.method.upper(),
            quote(path or "/", safe="/-_.~", errors="replace"),
            _canonical_query(query),
            *(f"{name}:{' '.join(headers[name].split())}" for name in signed_headers),
            "",
            ";".join(signed_headers),
            hashlib.sha256(request.body).hexdigest(),
        )
    )


def _canonical_query(query: str) -> str:
    pairs = []
    for item in filter(None, query.split("&")):
        name, _, value = item.partition("=")
        pairs.append((_encoded(name), _encoded(value)))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _encoded(text: str) -> str:
    return quote(unquote(text), safe="-_.~", errors="replace")


def _bytes(text: str) -> bytes:
    # JSON from a socket may hold a lone surrogate; it can only make the signature wrong, it must not raise.
    return text.encode("utf-8", "surrogatepass")
