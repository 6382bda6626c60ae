"""The authorization mode of each request, and the resolvers' `ctx.identity`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import jwt as pyjwt
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import RSAAlgorithm

from status_utils.tokens.issuer_tokens import CognitoVerifier, IssuerKeys, OidcVerifier
from statusbeam.localcloud.appsync.auth.authenticator import (
    ApiAuthenticator,
    AuthModes,
    CognitoMode,
    IamCredential,
)
from statusbeam.localcloud.appsync.auth.lambda_auth import (
    MAX_CACHED_TOKENS,
    MAX_TTL_SECONDS,
    AuthorizerError,
    AuthorizerSettings,
    LambdaAuthorizer,
)
from statusbeam.localcloud.appsync.contract import (
    AuthenticationError,
    AuthMode,
    Identity,
    SignedRequest,
)

POOL = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_pool"
PROVIDER = "https://login.example.com"
POOL_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
API_KEY = "da2-abcdefghijklmnopqrstuvwxyz"
OLD_KEY = "da2-expiredexpiredexpiredexpir"
ACCESS_KEY, SECRET, SESSION = "ASIASESSION000000001", "a-secret", "a-session-token"
ROLE_ARN = "arn:aws:sts::000000000000:assumed-role/Publisher/fn"
QUERY = (
    b'{"query":"query Q($j: ID!) { getJob(jobId: $j) { jobId } }","operationName":"Q","variables":{"j":"1"}}'
)


class Clock:
    def __init__(self) -> None:
        self.time = 1_800_000_000.0

    def __call__(self) -> float:
        return self.time


class Authorizer:
    """A fake of the deployed function: it returns the test's answers and records its events."""

    def __init__(self, answer: Mapping[str, Any] | None = None) -> None:
        self.answer = {"isAuthorized": True} if answer is None else answer
        self.events: list[Mapping[str, Any]] = []

    async def __call__(self, event: Mapping[str, Any]) -> Mapping[str, Any]:
        self.events.append(event)
        if "raise" in self.answer:
            raise AuthorizerError(self.answer["raise"])
        return self.answer


def resolve(access_key_id: str, session_token: str | None) -> IamCredential | None:
    if (access_key_id, session_token) != (ACCESS_KEY, SESSION):
        return None
    return IamCredential(
        secret_key=SECRET, account_id="000000000000", principal_arn=ROLE_ARN, principal_id="Publisher:fn"
    )


async def fetch(url: str) -> Mapping[str, Any]:
    jwk = {
        **json.loads(RSAAlgorithm.to_jwk(POOL_KEY.public_key())),
        "kid": "k1",
        "alg": "RS256",
        "use": "sig",
    }
    return {"keys": [jwk]}


def authorizer(
    invoke: Authorizer, clock: Clock, *, ttl: float = 0, pattern: str | None = None
) -> LambdaAuthorizer:
    settings = AuthorizerSettings(
        api_id="api0",
        account_id="000000000000",
        result_ttl=ttl,
        token_pattern=re.compile(pattern) if pattern else None,
    )
    return LambdaAuthorizer(settings, invoke, now=clock, new_request_id=lambda: "request-1")


def api(
    *modes: str, clock: Clock | None = None, invoke: Authorizer | None = None, **lambda_rules: Any
) -> ApiAuthenticator:
    """An authenticator of an API that has the named modes, all of them when none is named."""
    clock = clock or Clock()

    def has(mode: str) -> bool:
        return not modes or mode in modes

    def keys() -> IssuerKeys:
        return IssuerKeys(fetch, keys_url="keys", now=clock)

    pool = CognitoMode(verifier=CognitoVerifier(issuer=POOL, keys=keys(), now=clock))
    provider = OidcVerifier(issuer=PROVIDER, keys=keys(), now=clock)
    return ApiAuthenticator(
        AuthModes(
            region="us-east-1",
            api_keys={API_KEY: clock.time + 60, OLD_KEY: clock.time} if has(AuthMode.API_KEY) else {},
            iam=resolve if has(AuthMode.IAM) else None,
            user_pools=(pool,) if has(AuthMode.COGNITO) else (),
            oidc=(provider,) if has(AuthMode.OIDC) else (),
            authorizer=authorizer(invoke or Authorizer(), clock, **lambda_rules)
            if has(AuthMode.LAMBDA)
            else None,
        ),
        now=clock,
    )


def request(
    headers: Mapping[str, str] | None = None, *, path: str = "/graphql", body: bytes = QUERY
) -> SignedRequest:
    return SignedRequest(
        method="POST", path=path, headers={"host": "127.0.0.1:4000", **(headers or {})}, body=body
    )


def token(issuer: str = POOL, /, **claims: Any) -> str:
    now = Clock().time
    base = {
        "sub": "user-1",
        "iss": issuer,
        "token_use": "access",
        "client_id": "client-1",
        "username": "ada",
        "iat": now,
        "exp": now + 60,
    }
    return pyjwt.encode({**base, **claims}, POOL_KEY, algorithm="RS256", headers={"kid": "k1"})


def signed(
    access_key: str = ACCESS_KEY, secret: str = SECRET, session: str | None = SESSION
) -> tuple[SignedRequest, Clock]:
    """A request signed by botocore, and a clock that stands at the time of signing."""
    aws = AWSRequest("POST", "http://127.0.0.1:4000/graphql", data=QUERY, headers={"Host": "127.0.0.1:4000"})
    SigV4Auth(Credentials(access_key, secret, session), "appsync", "us-east-1").add_auth(aws)
    clock = Clock()
    date = str(aws.headers["X-Amz-Date"])
    clock.time = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    headers = {name.lower(): value for name, value in aws.headers.items()}
    return SignedRequest(method="POST", path="/graphql", headers=headers, body=QUERY), clock


async def test_an_api_key_identifies_no_user() -> None:
    identity = await api().authenticate(request({"x-api-key": API_KEY}))
    assert identity.mode == AuthMode.API_KEY
    assert identity.context is None
    assert API_KEY not in identity.principal


async def test_a_signature_identifies_the_role_behind_the_key() -> None:
    sent, clock = signed()
    identity = await api(clock=clock).authenticate(sent)
    assert identity == Identity(
        mode=AuthMode.IAM,
        principal=ROLE_ARN,
        access_key_id=ACCESS_KEY,
        context={
            "accountId": "000000000000",
            "userArn": ROLE_ARN,
            "username": "Publisher:fn",
            "sourceIp": ["127.0.0.1"],
            "cognitoIdentityPoolId": None,
            "cognitoIdentityId": None,
            "cognitoIdentityAuthType": None,
            "cognitoIdentityAuthProvider": None,
        },
    )


async def test_a_user_pool_token_identifies_the_user_with_claims_and_groups() -> None:
    more: dict[str, Any] = {"cognito:groups": ["operator"], "tenantId": "north"}
    encoded = token(POOL, **more)
    identity = await api().authenticate(request({"authorization": encoded}))
    assert identity.mode == AuthMode.COGNITO
    assert identity.principal == "user-1"
    assert identity.expires_at == Clock().time + 60
    assert identity.context is not None
    claims = identity.context["claims"]
    assert claims["tenantId"] == "north"
    assert identity.context == {
        "sub": "user-1",
        "issuer": POOL,
        "username": "ada",
        "claims": claims,
        "sourceIp": ["127.0.0.1"],
        "defaultAuthStrategy": "ALLOW",
        "groups": ["operator"],
    }


async def test_an_id_token_names_the_user_by_its_cognito_username_and_no_groups_are_null() -> None:
    encoded = pyjwt.encode(
        {
            "sub": "u",
            "iss": POOL,
            "token_use": "id",
            "aud": "c",
            "cognito:username": "ada",
            "exp": Clock().time + 9,
        },
        POOL_KEY,
        algorithm="RS256",
        headers={"kid": "k1"},
    )
    identity = await api().authenticate(request({"authorization": f"Bearer {encoded}"}))
    assert identity.context is not None
    assert (identity.context["username"], identity.context["groups"]) == ("ada", None)


async def test_an_oidc_token_identifies_by_subject_issuer_and_claims() -> None:
    identity = await api().authenticate(request({"authorization": token(PROVIDER)}))
    assert identity.mode == AuthMode.OIDC
    assert identity.context is not None
    assert sorted(identity.context) == ["claims", "issuer", "sub"]


async def test_any_other_token_goes_to_the_lambda_authorizer() -> None:
    invoke = Authorizer({"isAuthorized": True, "resolverContext": {"userId": "u1", "tenantId": "north"}})
    identity = await api(invoke=invoke).authenticate(request({"authorization": "view.abc", "x-app": "page"}))
    assert identity.mode == AuthMode.LAMBDA
    assert identity.context == {"resolverContext": {"userId": "u1", "tenantId": "north"}}
    assert invoke.events == [
        {
            "authorizationToken": "view.abc",
            "requestContext": {
                "apiId": "api0",
                "accountId": "000000000000",
                "requestId": "request-1",
                "queryString": "query Q($j: ID!) { getJob(jobId: $j) { jobId } }",
                "operationName": "Q",
                "variables": {"j": "1"},
            },
            "requestHeaders": {"host": "127.0.0.1:4000", "x-app": "page"},
        }
    ]


async def test_a_handshake_reaches_the_authorizer_as_appsync_sends_it() -> None:
    invoke = Authorizer()
    await api(invoke=invoke).authenticate(
        request({"authorization": "view.abc"}, path="/graphql/connect", body=b"{}")
    )
    context = invoke.events[0]["requestContext"]
    assert (context["operationName"], context["queryString"], context["variables"]) == (
        "DeepDish:Connect",
        "",
        {},
    )


async def test_a_jwt_goes_to_the_authorizer_only_where_no_mode_takes_jwts() -> None:
    invoke = Authorizer()
    identity = await api(AuthMode.LAMBDA, invoke=invoke).authenticate(request({"authorization": token()}))
    assert identity.mode == AuthMode.LAMBDA
    with pytest.raises(AuthenticationError):
        both = api(AuthMode.LAMBDA, AuthMode.COGNITO, invoke=invoke)
        await both.authenticate(request({"authorization": token("https://elsewhere")}))
    assert len(invoke.events) == 1


@pytest.mark.parametrize(
    ("without", "headers"),
    [
        (AuthMode.API_KEY, {"x-api-key": API_KEY}),
        (AuthMode.COGNITO, {"authorization": token()}),
        (AuthMode.OIDC, {"authorization": token(PROVIDER)}),
        (AuthMode.LAMBDA, {"authorization": "view.abc"}),
    ],
)
async def test_a_mode_the_api_does_not_have_is_refused(without: str, headers: dict[str, str]) -> None:
    every = [AuthMode.API_KEY, AuthMode.IAM, AuthMode.COGNITO, AuthMode.OIDC, AuthMode.LAMBDA]
    await api(*every).authenticate(request(headers))
    with pytest.raises(AuthenticationError):
        await api(*(mode for mode in every if mode != without)).authenticate(request(headers))


async def test_a_signature_is_refused_where_iam_is_off_and_never_reaches_the_authorizer() -> None:
    sent, clock = signed()
    invoke = Authorizer()
    with pytest.raises(AuthenticationError):
        await api(AuthMode.LAMBDA, clock=clock, invoke=invoke).authenticate(sent)
    assert invoke.events == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "  "},
        {"x-api-key": ""},
        {"x-api-key": API_KEY[:-1]},
        {"x-api-key": OLD_KEY},
        {"x-api-key": "ünïcode \ud800"},
        {"authorization": token(exp=Clock().time - 1)},
        {"authorization": token("https://elsewhere")},
    ],
    ids=(
        "nothing",
        "blank",
        "empty key",
        "part of the key",
        "old key",
        "key beyond ASCII",
        "expired token",
        "token of another issuer",
    ),
)
async def test_a_request_without_a_valid_credential_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(AuthenticationError) as refused:
        await api().authenticate(request(headers))
    assert (refused.value.error_type, refused.value.status) == ("UnauthorizedException", 401)


async def test_half_a_signature_is_refused_in_the_words_of_aws() -> None:
    with pytest.raises(AuthenticationError) as refused:
        await api().authenticate(request({"authorization": "AWS4-HMAC-SHA256 Credential=x"}))
    assert (refused.value.error_type, refused.value.status) == ("IncompleteSignatureException", 403)


@pytest.mark.parametrize(
    ("credential", "error_type"),
    [
        ({"secret": "another-secret"}, "InvalidSignatureException"),
        ({"session": None}, "UnrecognizedClientException"),
        ({"session": "another-session"}, "UnrecognizedClientException"),
        ({"access_key": "ASIAUNKNOWN000000001"}, "UnrecognizedClientException"),
    ],
    ids=str,
)
async def test_a_signature_with_a_wrong_credential_is_refused(
    credential: dict[str, Any], error_type: str
) -> None:
    sent, clock = signed(**credential)
    with pytest.raises(AuthenticationError) as refused:
        await api(clock=clock).authenticate(sent)
    assert (refused.value.error_type, refused.value.status) == (error_type, 403)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"isAuthorized": False},
        {"isAuthorized": "true"},
        {"isAuthorized": True, "resolverContext": {"nested": {}}},
        {"isAuthorized": True, "resolverContext": "text"},
        {"isAuthorized": True, "deniedFields": "Mutation.x"},
        {"raise": "timed out"},
    ],
    ids=str,
)
async def test_an_authorizer_that_does_not_clearly_allow_refuses(answer: dict[str, Any]) -> None:
    with pytest.raises(AuthenticationError):
        await api(invoke=Authorizer(answer)).authenticate(request({"authorization": "view.abc"}))


async def test_denied_fields_are_type_and_field_however_they_are_given() -> None:
    arn = "arn:aws:appsync:us-east-1:000000000000:apis/api0/types/Mutation/fields/syncSession"
    invoke = Authorizer({"isAuthorized": True, "deniedFields": [arn, "Query.listJobs"]})
    identity = await api(invoke=invoke).authenticate(request({"authorization": "view.abc"}))
    assert identity.denied_fields == {"Mutation.syncSession", "Query.listJobs"}


async def test_a_token_outside_the_validation_expression_never_reaches_the_authorizer() -> None:
    invoke = Authorizer()
    guarded = api(invoke=invoke, pattern=r"view\..+")
    with pytest.raises(AuthenticationError):
        await guarded.authenticate(request({"authorization": "other.abc"}))
    await guarded.authenticate(request({"authorization": "view.abc"}))
    assert [event["authorizationToken"] for event in invoke.events] == ["view.abc"]


@pytest.mark.parametrize(
    ("ttl", "override", "kept_for"),
    [
        (0, None, 0),
        (30, None, 30),
        (30, 0, 0),
        (0, 60, 60),
        (30, 60, 60),
        (30, 1e9, MAX_TTL_SECONDS),
        (1e9, None, MAX_TTL_SECONDS),
        (30, -5, 0),
        (30, True, 30),
    ],
)
async def test_an_allow_is_kept_for_the_ttl_the_answer_may_override_and_never_longer_than_an_hour(
    ttl: float, override: Any, kept_for: float
) -> None:
    clock = Clock()
    answer = {"isAuthorized": True} if override is None else {"isAuthorized": True, "ttlOverride": override}
    invoke = Authorizer(answer)
    cached = api(clock=clock, invoke=invoke, ttl=ttl)
    await cached.authenticate(request({"authorization": "view.abc"}))
    clock.time += max(kept_for - 1, 0)
    await cached.authenticate(request({"authorization": "view.abc"}))
    assert len(invoke.events) == (1 if kept_for else 2)
    clock.time += 1
    await cached.authenticate(request({"authorization": "view.abc"}))
    assert len(invoke.events) == (2 if kept_for else 3)


async def test_a_kept_allow_serves_its_own_token_only() -> None:
    invoke = Authorizer()
    cached = api(invoke=invoke, ttl=60)
    await cached.authenticate(request({"authorization": "view.abc"}))
    await cached.authenticate(request({"authorization": "view.xyz"}))
    assert len(invoke.events) == 2


async def test_a_refusal_is_not_kept() -> None:
    invoke = Authorizer({"isAuthorized": False, "ttlOverride": 60})
    cached = api(invoke=invoke, ttl=60)
    for _ in range(2):
        with pytest.raises(AuthenticationError):
            await cached.authenticate(request({"authorization": "view.abc"}))
    assert len(invoke.events) == 2


async def test_the_number_of_kept_tokens_is_bounded() -> None:
    invoke = Authorizer()
    cached = authorizer(invoke, Clock(), ttl=60)
    for n in range(MAX_CACHED_TOKENS + 1):
        await cached.authorize(f"view.{n}", request())
    await cached.authorize(f"view.{MAX_CACHED_TOKENS}", request())
    assert len(invoke.events) == MAX_CACHED_TOKENS + 1
    await cached.authorize("view.0", request())
    assert len(invoke.events) == MAX_CACHED_TOKENS + 2


@given(headers=st.dictionaries(st.sampled_from(["x-api-key", "authorization", "host"]), st.text(max_size=80)))
async def test_no_header_text_is_let_in_or_breaks_the_check(headers: dict[str, str]) -> None:
    closed = api(invoke=Authorizer({"isAuthorized": False}))
    with pytest.raises(AuthenticationError):
        await closed.authenticate(
            SignedRequest(method="POST", path="/graphql", headers=headers, body=b"\xff")
        )
