"""The SigV4 check against the two signers that real callers use."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st
from requests_aws4auth import AWS4Auth

from statusbeam.localcloud.appsync.auth import sigv4
from statusbeam.localcloud.appsync.contract import AuthenticationError, SignedRequest

ACCESS_KEY = "ASIAEXAMPLEEXAMPLE00"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
HOST = "127.0.0.1:4000"
BODY = b'{"query":"mutation { publishStatus }"}'

HEADER_VALUES = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0x7E, exclude_characters="\"'\\"), max_size=40
)
EXTRA_HEADERS = st.dictionaries(
    st.from_regex(r"[Xx]-[A-Za-z][A-Za-z0-9-]{0,12}", fullmatch=True).filter(
        lambda name: not name.lower().startswith("x-amz")
    ),
    HEADER_VALUES,
    max_size=4,
).filter(lambda headers: len({name.lower() for name in headers}) == len(headers))


def botocore_signed(
    *,
    path: str = "/graphql",
    body: bytes = BODY,
    token: str | None = None,
    headers: dict[str, str] | None = None,
) -> SignedRequest:
    request = AWSRequest("POST", f"http://{HOST}{path}", data=body, headers={"Host": HOST, **(headers or {})})
    SigV4Auth(Credentials(ACCESS_KEY, SECRET, token), "appsync", "us-east-1").add_auth(request)
    return SignedRequest(method="POST", path=path, headers=lower(dict(request.headers.items())), body=body)


def aws4auth_signed(
    *,
    path: str = "/graphql",
    body: bytes = BODY,
    token: str | None = None,
    headers: dict[str, str] | None = None,
) -> SignedRequest:
    auth = AWS4Auth(ACCESS_KEY, SECRET, "us-east-1", "appsync", session_token=token)
    request = requests.Request("POST", f"http://{HOST}{path}", data=body, headers=headers).prepare()
    request.headers["Host"] = HOST
    auth(request)
    return SignedRequest(method="POST", path=path, headers=lower(dict(request.headers)), body=body)


def lower(headers: dict[str, Any]) -> dict[str, str]:
    return {
        name.lower(): value.decode("ascii") if isinstance(value, bytes) else value
        for name, value in headers.items()
    }


def changed(
    request: SignedRequest, *, body: bytes | None = None, path: str | None = None, **headers: str
) -> SignedRequest:
    return SignedRequest(
        method=request.method,
        path=request.path if path is None else path,
        headers={**request.headers, **{name.replace("_", "-"): value for name, value in headers.items()}},
        body=request.body if body is None else body,
    )


def verify(
    request: SignedRequest, *, secret_key: str = SECRET, now: float | None = None, **scope: str
) -> None:
    signature = sigv4.parse_authorization(request.headers["authorization"])
    assert signature.access_key_id == ACCESS_KEY
    region = scope.get("region", "us-east-1")
    service = scope.get("service", "appsync")
    at = datetime.now(UTC).timestamp() if now is None else now
    sigv4.verify(request, signature, secret_key=secret_key, region=region, service=service, now=at)


def signed_at(request: SignedRequest) -> float:
    return datetime.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()


SIGNERS = pytest.mark.parametrize("signer", [botocore_signed, aws4auth_signed])


@SIGNERS
@pytest.mark.parametrize("token", [None, "IQoJb3JpZ2luX2VjE/+==" * 40])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/graphql", BODY),
        ("/graphql/connect", b"{}"),
        ("/graphql", "Straße wird überprüft ✅".encode()),
        ("/graphql?b=2&a=1", BODY),
        ("/graphql/a%20b", BODY),
    ],
)
def test_a_request_signed_by_a_real_client_is_accepted(
    signer: Any, token: str | None, path: str, body: bytes
) -> None:
    verify(signer(path=path, body=body, token=token))


def test_a_signed_header_that_botocore_itself_never_signs_is_accepted_and_protected() -> None:
    auth = AWS4Auth(ACCESS_KEY, SECRET, "us-east-1", "appsync", include_hdrs={"*", "user-agent"})
    request = requests.Request("POST", f"http://{HOST}/graphql", data=BODY).prepare()
    request.headers.update({"Host": HOST, "User-Agent": "geo/1"})
    auth(request)
    signed = SignedRequest(method="POST", path="/graphql", headers=lower(dict(request.headers)), body=BODY)
    assert "user-agent" in signed.headers["authorization"]
    verify(signed)
    with pytest.raises(AuthenticationError, match="does not match"):
        verify(changed(signed, user_agent="geo/2"))


@pytest.mark.parametrize("claimed", ["", "UNSIGNED-PAYLOAD", hashlib.sha256(b"{}").hexdigest()])
def test_a_signed_content_hash_does_not_replace_the_body(claimed: str) -> None:
    request = botocore_signed(headers={"X-Amz-Content-SHA256": claimed})
    with pytest.raises(AuthenticationError, match="does not match"):
        verify(request)


@given(headers=EXTRA_HEADERS)
def test_any_headers_botocore_signs_are_accepted(headers: dict[str, str]) -> None:
    verify(botocore_signed(headers=headers))


@given(spaces=st.integers(1, 9), tail=st.integers(0, 4))
def test_runs_of_spaces_in_a_signed_header_count_as_one(spaces: int, tail: int) -> None:
    verify(botocore_signed(headers={"X-Agent": f"  geo{' ' * spaces}agent{' ' * tail}"}))


@given(
    headers=st.dictionaries(st.text(max_size=20), st.text(max_size=60), max_size=6),
    authorization=st.text(max_size=200),
)
def test_odd_headers_are_refused_and_never_break_the_check(
    headers: dict[str, str], authorization: str
) -> None:
    request = SignedRequest(method="POST", path="/graphql", headers=headers, body=b"{}")
    with pytest.raises(AuthenticationError):
        signature = sigv4.parse_authorization(authorization)
        sigv4.verify(request, signature, secret_key=SECRET, region="us-east-1", now=0.0)


@given(value=st.text(min_size=1, max_size=30))
def test_any_text_in_a_signed_header_is_compared_without_raising_anything_else(value: str) -> None:
    request = botocore_signed(headers={"X-Agent": "geo"})
    with pytest.raises(AuthenticationError):
        verify(changed(request, x_agent=value + "\ud800"))


@SIGNERS
def test_header_names_are_compared_without_regard_to_case(signer: Any) -> None:
    request = signer()
    shouted = {name.upper(): value for name, value in request.headers.items()}
    signature = sigv4.parse_authorization(request.headers["authorization"])
    shouting = SignedRequest(method="POST", path="/graphql", headers=shouted, body=BODY)
    sigv4.verify(shouting, signature, secret_key=SECRET, region="us-east-1", now=signed_at(request))


@SIGNERS
@pytest.mark.parametrize(
    "change",
    [
        {"body": b"{}"},
        {"path": "/graphql/connect"},
        {"host": "127.0.0.1:4001"},
        {"x_amz_security_token": "another"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_anything_changed_after_signing_is_refused(signer: Any, change: dict[str, Any]) -> None:
    with pytest.raises(AuthenticationError):
        verify(changed(signer(token="a-token"), **change))


@SIGNERS
def test_a_signature_by_another_secret_is_refused(signer: Any) -> None:
    with pytest.raises(AuthenticationError, match="does not match"):
        verify(signer(), secret_key="another secret")


@SIGNERS
@pytest.mark.parametrize(("region", "service"), [("eu-central-1", "appsync"), ("us-east-1", "execute-api")])
def test_a_signature_for_another_scope_is_refused(signer: Any, region: str, service: str) -> None:
    with pytest.raises(AuthenticationError, match="scoped to another"):
        verify(signer(), region=region, service=service)


@pytest.mark.parametrize(
    ("seconds", "accepted"),
    [(-301, False), (-300, True), (0, True), (300, True), (301, False)],
)
def test_a_signature_is_good_for_five_minutes_either_way(seconds: int, accepted: bool) -> None:
    request = botocore_signed()
    if accepted:
        verify(request, now=signed_at(request) + seconds)
    else:
        with pytest.raises(AuthenticationError, match="clock"):
            verify(request, now=signed_at(request) + seconds)


def test_a_date_in_another_day_than_the_credential_is_refused() -> None:
    request = botocore_signed()
    with pytest.raises(AuthenticationError, match="x-amz-date"):
        verify(changed(request, x_amz_date="19990101T000000Z"))


@pytest.mark.parametrize("header", ["host", "x-amz-date", "x-amz-security-token"])
def test_a_header_that_ties_the_signature_down_must_be_signed(header: str) -> None:
    request = botocore_signed(token="a-token")
    signed = [name for name in ("host", "x-amz-date", "x-amz-security-token") if name != header]
    authorization = request.headers["authorization"]
    cut = authorization.replace("host;x-amz-date;x-amz-security-token", ";".join(signed))
    assert cut != authorization
    with pytest.raises(AuthenticationError, match="must be signed"):
        verify(changed(request, authorization=cut))


SCOPE = "20260101/us-east-1/appsync"
ZEROS = "0" * 64


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "AWS4-HMAC-SHA256",
        f"AWS4-HMAC-SHA512 Credential=a/{SCOPE}/aws4_request, SignedHeaders=host, Signature={ZEROS}",
        f"AWS4-HMAC-SHA256 Credential=a/{SCOPE}, SignedHeaders=host, Signature={ZEROS}",
        f"AWS4-HMAC-SHA256 Credential=/{SCOPE}/aws4_request, SignedHeaders=host, Signature={ZEROS}",
        f"AWS4-HMAC-SHA256 Credential=a/{SCOPE}/aws4_request, SignedHeaders=host, Signature=zz",
        f"AWS4-HMAC-SHA256 Credential=a/{SCOPE}/aws4_request, Signature={ZEROS}",
        f"AWS4-HMAC-SHA256 Signature={ZEROS}, Signature={ZEROS}, SignedHeaders=host",
    ],
)
def test_a_malformed_authorization_is_refused(authorization: str) -> None:
    with pytest.raises(AuthenticationError):
        sigv4.parse_authorization(authorization)


def test_a_refusal_names_neither_the_key_nor_the_signature() -> None:
    request = botocore_signed()
    with pytest.raises(AuthenticationError) as refused:
        verify(request, secret_key="another secret")
    text = str(refused.value)
    assert ACCESS_KEY not in text
    assert request.headers["authorization"].rsplit("=", 1)[1] not in text
