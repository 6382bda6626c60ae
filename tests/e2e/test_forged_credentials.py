"""A forged, expired or wrong-audience token, a wrong key and a bad signature are refused everywhere."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from status_utils.tokens import ViewTokenKeys
from statusbeam.model.settings import VIEW_TOKEN_PREFIX
from tests.e2e.appsync_socket import AppSyncSocket, connected
from tests.e2e.callers import Caller, IamCaller, KeyCaller, TokenCaller
from tests.e2e.cloud import Cloud, HttpRefusalError, Tokens, fresh_id

SUBSCRIPTION = "subscription($userId: ID!) { onStatusUpdate(userId: $userId) { jobId } }"
QUERY = 'query { getJob(jobId: "job-1") { jobId } }'
HOUR = 3600


@dataclass(frozen=True, kw_only=True)
class Genuine:
    """Credentials that are accepted, and the private key of the user pool, to forge with."""

    cloud: Cloud
    access_token: str
    user_id: str
    iam: IamCaller
    pool_key: rsa.RSAPrivateKey
    other_pool_token: str
    other_client: Tokens
    """The same user's tokens, issued to another app client of the same pool."""

    @property
    def claims(self) -> dict[str, Any]:
        """The claims of the genuine access token."""
        decoded: dict[str, Any] = jwt.decode(self.access_token, options={"verify_signature": False})
        return decoded

    @property
    def header(self) -> dict[str, Any]:
        """The genuine access token's header: which key signed it."""
        return jwt.get_unverified_header(self.access_token)

    def signed(self, *, key: Any = None, algorithm: str = "RS256", **changes: Any) -> TokenCaller:
        """The access token with other claims, by default signed with the pool's own key."""
        claims = {**self.claims, **changes}
        token = jwt.encode(
            {name: value for name, value in claims.items() if value is not None},
            self.pool_key if key is None else key,
            algorithm=algorithm,
            headers={"kid": self.header["kid"]},
        )
        return TokenCaller(token)

    def view_token(self, **changes: Any) -> TokenCaller:
        """A view token of the same user."""
        return TokenCaller(self.cloud.view_token(self.user_id, "tenant-1", **changes))

    def view_token_of(
        self, *, key: bytes | str | None = None, algorithm: str = "HS256", **headers: Any
    ) -> TokenCaller:
        """A view token's claims under other headers, by default signed with the stack's secret."""
        claims = jwt.decode(
            self.view_token().token.removeprefix(VIEW_TOKEN_PREFIX), options={"verify_signature": False}
        )
        key_id, secret = self.cloud.view_token_keys.current(time.time())
        signed = jwt.encode(
            claims, secret if key is None else key, algorithm=algorithm, headers={"kid": key_id, **headers}
        )
        return TokenCaller(VIEW_TOKEN_PREFIX + signed)


@pytest.fixture(scope="module")
def genuine(cloud: Cloud, iam_reader: IamCaller) -> Genuine:
    """The first viewer's credentials; the pool's key is read from where the emulator keeps it."""
    user = cloud.user(tenant=0)
    access_token = cloud.sign_in(user).access  # the emulator makes the pool's key for its first token
    key_file = cloud.state.emulator_state / "cognito-pool-keys" / f"{cloud.outputs.user_pool_id}-access.pem"
    key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return Genuine(
        cloud=cloud,
        access_token=access_token,
        user_id=user.user_id,
        iam=iam_reader,
        pool_key=key,
        other_pool_token=_user_of_another_pool(cloud),
        other_client=cloud.sign_in(user, client_id=cloud.new_app_client()),
    )


def _user_of_another_pool(cloud: Cloud) -> str:
    """A token that is genuine in a pool this API knows nothing of."""
    cognito, password = cloud.aws("cognito-idp"), "An-0ther-pool!"
    pool_id = cognito.create_user_pool(PoolName=fresh_id("pool"))["UserPool"]["Id"]
    client = cognito.create_user_pool_client(
        UserPoolId=pool_id, ClientName="client", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]["ClientId"]
    cognito.admin_create_user(UserPoolId=pool_id, Username="stranger", MessageAction="SUPPRESS")
    cognito.admin_set_user_password(
        UserPoolId=pool_id, Username="stranger", Password=password, Permanent=True
    )
    return cloud.sign_in_as("stranger", password, client_id=client).access


def _swapped_subject(genuine: Genuine) -> Caller:
    head, _, signature = genuine.access_token.split(".")
    body = json.dumps({**genuine.claims, "sub": "somebody-else"}).encode()
    return TokenCaller(f"{head}.{_base64url(body)}.{signature}")


def _unsigned(genuine: Genuine) -> Caller:
    return TokenCaller(jwt.encode(genuine.claims, "", algorithm="none"))


def _signed_with_the_public_key_as_a_secret(genuine: Genuine) -> Caller:
    public = genuine.pool_key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    header = {"alg": "HS256", "typ": "JWT", "kid": genuine.header["kid"]}
    signed = ".".join(_base64url(json.dumps(part).encode()) for part in (header, genuine.claims))
    return TokenCaller(f"{signed}.{_base64url(hmac.digest(public, signed.encode(), hashlib.sha256))}")


def _view_token_of_another_user(genuine: Genuine) -> Caller:
    head, body, signature = genuine.view_token().token.rsplit(".", 2)
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    changed = _base64url(json.dumps({**claims, "sub": "somebody-else"}).encode())
    return TokenCaller(f"{head}.{changed}.{signature}")


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


class ReplayingCaller:
    """Signs one request and shows that signature for every other."""

    def __init__(self, caller: IamCaller, path: str, body: str) -> None:
        self._caller, self._path, self._body = caller, path, body

    def authorization(self, host: str, path: str, body: str) -> dict[str, str]:
        """The signature of one request, for any request."""
        return self._caller.authorization(host, self._path, self._body)


class SilentCaller:
    """Names the host and nothing else."""

    def authorization(self, host: str, path: str, body: str) -> dict[str, str]:
        """No credentials."""
        return {"host": host}


# AWS's error types over HTTP and on a WebSocket; all other forgeries are an UnauthorizedException.
SIGNATURE = ("InvalidSignatureException", "BadRequestException")
ERROR_TYPES = {
    "a signature with a wrong secret": SIGNATURE,
    "a signature of an unknown key": ("UnrecognizedClientException", "UnrecognizedClientException"),
    "a signature for another region": SIGNATURE,
    "the signature of another request": SIGNATURE,
}
UNAUTHORIZED = ("UnauthorizedException", "UnauthorizedException")


FORGERIES: dict[str, Callable[[Genuine], Caller]] = {
    "no credentials": lambda genuine: SilentCaller(),
    "a wrong key": lambda genuine: KeyCaller("da2-aaaaaaaaaaaaaaaaaaaaaaaaaa"),
    "an empty key": lambda genuine: KeyCaller(""),
    "a key with more behind it": lambda genuine: KeyCaller(f"{genuine.cloud.outputs.api_key}x"),
    "a token with another subject": _swapped_subject,
    "a token that nobody signed": _unsigned,
    "a token signed with the public key as a secret": _signed_with_the_public_key_as_a_secret,
    "a token signed by another key": lambda genuine: genuine.signed(
        key=rsa.generate_private_key(public_exponent=65537, key_size=2048)
    ),
    "an expired token": lambda genuine: genuine.signed(exp=int(time.time()) - HOUR),
    "a token without an end": lambda genuine: genuine.signed(exp=None),
    "a token of another issuer": lambda genuine: genuine.signed(iss="https://issuer.example"),
    "a token for something else": lambda genuine: genuine.signed(token_use="refresh"),
    "a token of another user pool": lambda genuine: TokenCaller(genuine.other_pool_token),
    "an access token of another app client": lambda genuine: TokenCaller(genuine.other_client.access),
    "an ID token of another app client": lambda genuine: TokenCaller(genuine.other_client.id),
    "half a token": lambda genuine: TokenCaller(genuine.access_token[: len(genuine.access_token) // 2]),
    "a view token signed with another secret": lambda genuine: genuine.view_token(
        keys=ViewTokenKeys(lambda: ["x" * 64])
    ),
    "a view token signed with another secret in the name of the right one": lambda genuine: (
        genuine.view_token_of(key=b"x" * 64)
    ),
    "a view token that nobody signed": lambda genuine: genuine.view_token_of(key="", algorithm="none"),
    "a view token signed with another algorithm": lambda genuine: genuine.view_token_of(algorithm="HS512"),
    "a view token that brings its own key": lambda genuine: genuine.view_token_of(
        key=b"x" * 64, jwk={"kty": "oct", "k": _base64url(b"x" * 64)}
    ),
    "a view token whose key id is a path": lambda genuine: genuine.view_token_of(
        key=b"x" * 64, kid="../../../../dev/null"
    ),
    "a view token with a critical extension": lambda genuine: genuine.view_token_of(crit=["exp"]),
    "a view token with one more header": lambda genuine: genuine.view_token_of(cty="JWT"),
    "a view token with another text of its signature": lambda genuine: TokenCaller(
        f"{genuine.view_token().token}="
    ),
    "the user pool's token with the prefix of view tokens": lambda genuine: TokenCaller(
        VIEW_TOKEN_PREFIX + genuine.access_token
    ),
    "a view token of another audience": lambda genuine: genuine.view_token(audience="statusbeam-prod"),
    "an expired view token": lambda genuine: genuine.view_token(ttl=HOUR, now=lambda: time.time() - 2 * HOUR),
    "a view token before its time": lambda genuine: genuine.view_token(not_before=time.time() + HOUR / 2),
    "a view token without its prefix": lambda genuine: TokenCaller(
        genuine.view_token().token.removeprefix(VIEW_TOKEN_PREFIX)
    ),
    "a view token with another user": _view_token_of_another_user,
    "a signature with a wrong secret": lambda genuine: IamCaller(
        genuine.iam.access_key_id, "wrong" * 8, genuine.iam.region
    ),
    "a signature of an unknown key": lambda genuine: IamCaller("AKIAUNKNOWN", "x" * 40, genuine.iam.region),
    "a signature for another region": lambda genuine: IamCaller(
        genuine.iam.access_key_id, genuine.iam.secret_access_key, "eu-west-1"
    ),
    "the signature of another request": lambda genuine: ReplayingCaller(genuine.iam, "/other", "{}"),
}


ACCEPTED: dict[str, Callable[[Genuine], Caller]] = {
    "the key": lambda genuine: genuine.cloud.key_caller,
    "the token": lambda genuine: TokenCaller(genuine.access_token),
    "the token with Bearer before it": lambda genuine: TokenCaller(f"Bearer {genuine.access_token}"),
    "the same claims signed by the pool's key": lambda genuine: genuine.signed(),
    "a view token": lambda genuine: genuine.view_token(),
    "a view token of another JWT library": lambda genuine: genuine.view_token_of(typ=None),
    "a signature": lambda genuine: genuine.iam,
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_the_valid_originals_of_the_forgeries_are_accepted(cloud: Cloud, genuine: Genuine, name: str) -> None:
    caller = ACCEPTED[name](genuine)
    with connected(cloud.outputs.realtime_url, cloud.host, caller) as socket:
        assert socket.start(SUBSCRIPTION, {"userId": genuine.user_id})["type"] == "start_ack"
    assert cloud.graphql(caller, QUERY)["data"]["getJob"]["jobId"] == "job-1"


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_is_refused_at_connect(cloud: Cloud, genuine: Genuine, name: str) -> None:
    with AppSyncSocket(cloud.outputs.realtime_url, cloud.host, FORGERIES[name](genuine)) as socket:
        answer = socket.init()
    assert answer["type"] == "connection_error"
    assert answer["payload"]["errors"][0]["errorType"] == ERROR_TYPES.get(name, UNAUTHORIZED)[1]


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_is_refused_at_start_on_a_good_connection(
    cloud: Cloud, genuine: Genuine, name: str
) -> None:
    with connected(cloud.outputs.realtime_url, cloud.host, cloud.key_caller) as socket:
        answer = socket.start(SUBSCRIPTION, {"userId": genuine.user_id}, caller=FORGERIES[name](genuine))
    assert answer["type"] == "error"
    assert [error["errorType"] for error in answer["payload"]["errors"]] == [
        ERROR_TYPES.get(name, UNAUTHORIZED)[1]
    ]


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_is_refused_over_http(cloud: Cloud, genuine: Genuine, name: str) -> None:
    with pytest.raises(HttpRefusalError) as refusal:
        cloud.graphql(FORGERIES[name](genuine), QUERY)
    error_type = ERROR_TYPES.get(name, UNAUTHORIZED)[0]
    assert refusal.value.status == (401 if error_type == "UnauthorizedException" else 403)
    assert error_type in str(refusal.value)


def test_the_signature_of_the_handshake_does_not_start_a_subscription(cloud: Cloud, genuine: Genuine) -> None:
    replaying = ReplayingCaller(genuine.iam, "/graphql/connect", "{}")
    with connected(cloud.outputs.realtime_url, cloud.host, genuine.iam) as socket:
        answer = socket.start(SUBSCRIPTION, {"userId": genuine.user_id}, caller=replaying)
    assert answer["type"] == "error"


def test_an_iam_user_without_the_grant_may_connect_but_not_subscribe(cloud: Cloud, genuine: Genuine) -> None:
    stranger = cloud.iam_reader(fresh_id("stranger"), "Query/fields/getJob")
    with connected(cloud.outputs.realtime_url, cloud.host, stranger) as socket:
        answer = socket.start(SUBSCRIPTION, {"userId": genuine.user_id})
    assert answer["type"] == "error"
    assert "Unauthorized" in answer["payload"]["errors"][0]["errorType"]
