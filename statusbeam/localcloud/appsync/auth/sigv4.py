"""Verifies an AWS Signature Version 4 in a request's headers, as AppSync does.

botocore signs the received request again, and the two signatures must be equal. The module does no I/O and
reads no clock: the caller passes the secret key and the time. A refusal raises SignatureError with a
short reason, which contains neither a key nor a signature.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import ReadOnlyCredentials

from ..contract import SignatureError, SignedRequest

ALGORITHM = "AWS4-HMAC-SHA256"
INCOMPLETE = "IncompleteSignatureException"
MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
    "Access Key and signing method. Consult the service documentation for details."
)
MAX_SKEW_SECONDS = 300.0

_FIELD = re.compile(r"\s*(Credential|SignedHeaders|Signature)=([^,\s]+)\s*")
_HEX_SIGNATURE = re.compile(r"[0-9a-f]{64}")
_AMZ_DATE = re.compile(r"\d{8}T\d{6}Z")
# Without these a signature could be moved to another host, another time or another session.
_ALWAYS_SIGNED = ("host", "x-amz-date")
_SIGNED_IF_SENT = ("x-amz-security-token",)
_CONTENT_HASH = "x-amz-content-sha256"


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

    Raises SignatureError when a part is missing, repeated or malformed.
    """
    algorithm, _, rest = authorization.partition(" ")
    if algorithm != ALGORITHM:
        raise SignatureError("The signature's algorithm is not supported.", INCOMPLETE)
    fields: dict[str, str] = {}
    for part in rest.split(","):
        match = _FIELD.fullmatch(part)
        if match is None or match[1] in fields:
            raise SignatureError("The authorization header is malformed.", INCOMPLETE)
        fields[match[1]] = match[2]
    if len(fields) != 3:
        raise SignatureError("The authorization header is incomplete.", INCOMPLETE)
    scope = fields["Credential"].split("/")
    if len(scope) != 5 or scope[4] != "aws4_request" or not all(scope):
        raise SignatureError("The credential scope is malformed.", INCOMPLETE)
    if not _HEX_SIGNATURE.fullmatch(fields["Signature"]):
        raise SignatureError("The signature is malformed.", INCOMPLETE)
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
    """Check that `secret_key` signed `request` within five minutes of `now` (epoch seconds).

    Raises SignatureError for another scope, a wrong clock, an unsigned header that must be signed, or a
    signature that does not match. The signature covers the query parameters of `request.path`.
    """
    headers = {name.lower(): value for name, value in request.headers.items()}
    _check_scope(signature, headers, region, service, now)
    for name in (*_ALWAYS_SIGNED, *(name for name in _SIGNED_IF_SENT if name in headers)):
        if name not in signature.signed_headers:
            raise SignatureError(f"The header {name} must be signed.")
    missing = next((name for name in signature.signed_headers if name not in headers), None)
    if missing is not None:
        raise SignatureError("A signed header was not sent.")
    expected = _sign(request, signature, headers=headers, secret_key=secret_key)
    if expected is None or not hmac.compare_digest(expected, signature.signature):
        raise SignatureError(MISMATCH)


def _check_scope(
    signature: Signature, headers: Mapping[str, str], region: str, service: str, now: float
) -> None:
    if (signature.region, signature.service) != (region, service):
        raise SignatureError("The credential is scoped to another region or service.")
    amz_date = headers.get("x-amz-date", "")
    if not _AMZ_DATE.fullmatch(amz_date) or amz_date[:8] != signature.date:
        raise SignatureError("The header x-amz-date is missing or does not fit the credential.")
    try:
        signed_at = _seconds(amz_date)
    except ValueError as error:
        raise SignatureError("The header x-amz-date is not a date.") from error
    if abs(now - signed_at) > MAX_SKEW_SECONDS:
        raise SignatureError("The signature has expired or its clock is wrong.")


class _ReceivedRequestSigner(SigV4Auth):
    """botocore's signer, for a request that another signer has signed."""

    def headers_to_sign(self, request: AWSRequest) -> HTTPHeaders:
        """All headers of the request. botocore's own choice leaves some out that other signers sign."""
        return request.headers

    def payload(self, request: AWSRequest) -> str:
        """The hash of the body as received. botocore's own method prepares the request for sending first."""
        return hashlib.sha256(request.data or b"").hexdigest()


def _sign(
    request: SignedRequest, signature: Signature, *, headers: Mapping[str, str], secret_key: str
) -> str | None:
    """The hex signature that `secret_key` gives. None for text that no signer can have signed."""
    signed = {name: headers[name] for name in signature.signed_headers}
    if _CONTENT_HASH in signed and signed[_CONTENT_HASH] != hashlib.sha256(request.body).hexdigest():
        return None  # botocore signs this header instead of the body
    received = AWSRequest(
        method=request.method, url=f"http://localhost{request.path}", headers=signed, data=request.body
    )
    received.context["timestamp"] = headers["x-amz-date"]
    credentials = ReadOnlyCredentials(signature.access_key_id, secret_key, None)
    signer = _ReceivedRequestSigner(credentials, signature.service, signature.region)
    try:
        # JSON on a WebSocket may contain half a surrogate pair, which botocore's headers do not take.
        "".join(signed.values()).encode()
        to_sign = signer.string_to_sign(received, signer.canonical_request(received))
        return str(signer.signature(to_sign, received))
    except UnicodeEncodeError:
        return None


@lru_cache(maxsize=16)  # requests of one second share their date
def _seconds(amz_date: str) -> float:
    return datetime.strptime(amz_date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
