"""An API whose users come from an OpenID Connect provider: found by discovery, over HTTP and WebSocket."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from statusbeam.localcloud.api_auth import oidc_verifier
from statusbeam.localcloud.appsync.auth.authenticator import ApiAuthenticator, AuthModes
from statusbeam.localcloud.appsync.contract import (
    AuthenticationError,
    AuthMode,
    Identity,
    SignedRequest,
)
from statusbeam.localcloud.appsync.control_plane.definition import (
    ApiDefinition,
    AuthProvider,
    DataSourceDefinition,
    ResolverDefinition,
)
from statusbeam.localcloud.appsync.graphql.engine import AppSyncApi
from statusbeam.localcloud.appsync.server import DataPlane
from tests.unit.statusbeam.localcloud.appsync.oidc_provider import OidcProvider, oidc_provider

SDL = """
type Query { me: ID @aws_oidc  keyed: ID @aws_api_key }
type Mutation { tell: ID @aws_api_key }
type Subscription { told: ID @aws_oidc @aws_subscribe(mutations: ["tell"]) }
"""
ME = """
export function request(ctx) { return { payload: `${ctx.identity.sub} of ${ctx.identity.claims.tenant}` }; }
export function response(ctx) { return ctx.result; }
"""
ME_QUERY = json.dumps({"query": "query { me }"})
HOUR = 3600


@pytest.fixture(scope="module")
def provider() -> Iterator[OidcProvider]:
    with oidc_provider() as running:
        yield running


def authenticator(provider: OidcProvider, **config: Any) -> ApiAuthenticator:
    """Of an API that names the provider; `config` is the rest of AppSync's openIDConnectConfig."""
    verifier = oidc_verifier({"issuer": provider.issuer, **config})
    return ApiAuthenticator(AuthModes(region="us-east-1", oidc=(verifier,)), now=time.time)


async def identity(api: ApiAuthenticator, token: str) -> Identity:
    headers = {"host": "127.0.0.1", "authorization": token}
    return await api.authenticate(
        SignedRequest(method="POST", path="/graphql", headers=headers, body=ME_QUERY.encode())
    )


async def test_a_user_of_the_provider_is_known_by_its_claims(provider: OidcProvider) -> None:
    who = await identity(authenticator(provider), f"Bearer {provider.token(tenant='north')}")
    assert (who.mode, who.principal) == (AuthMode.OIDC, "ann")
    assert who.context is not None
    assert who.context["issuer"] == provider.issuer
    assert who.context["claims"]["tenant"] == "north"


async def test_the_providers_keys_are_read_once_and_again_after_a_rotation() -> None:
    with oidc_provider() as own:
        api = authenticator(own)
        for _ in range(3):
            await identity(api, own.token())
        assert own.asked == ["/.well-known/openid-configuration", "/keys"]
        before = own.token()
        own.rotate("k2")
        fresh = authenticator(own)  # the first one asks again ten seconds later at the earliest
        await identity(fresh, own.token())
        with pytest.raises(AuthenticationError, match="signing key is unknown"):
            await identity(fresh, before)


@pytest.mark.parametrize(("configured", "said"), [("", "/"), ("/", "/"), ("", "")])
async def test_the_issuer_is_that_of_the_discovery_document(configured: str, said: str) -> None:
    with oidc_provider() as own:
        own.slash = said
        api = ApiAuthenticator(
            AuthModes(region="us-east-1", oidc=(oidc_verifier({"issuer": own.url + configured}),)),
            now=time.time,
        )
        await identity(api, own.token())
        with pytest.raises(AuthenticationError):
            await identity(api, own.token(iss=own.url + ("" if said else "/")))


async def test_a_provider_whose_document_names_another_issuer_is_refused() -> None:
    with oidc_provider() as own:
        own.slash = "/realm"
        api = ApiAuthenticator(
            AuthModes(region="us-east-1", oidc=(oidc_verifier({"issuer": own.url}),)), now=time.time
        )
        with pytest.raises(AuthenticationError, match="another issuer"):
            await identity(api, own.token(iss=own.url))


async def test_a_token_is_refused_while_its_provider_is_out_of_reach() -> None:
    with oidc_provider() as own:
        token, api = own.token(), authenticator(own)
    with pytest.raises(AuthenticationError, match="not available"):
        await identity(api, token)


REFUSED: dict[str, dict[str, Any]] = {
    "expired": {"exp": int(time.time()) - 1},
    "without an end": {"exp": None},
    "without a beginning": {"iat": None},
    "before its time": {"nbf": int(time.time()) + HOUR},
    "of another issuer": {"iss": "http://127.0.0.1:9"},
    "without a user": {"sub": None},
    "of another client": {"aud": "web2"},
    "of another client, by its beginning": {"aud": "webshop"},
    "issued long ago": {"iat": int(time.time()) - 2 * HOUR},
    "of a login long ago": {"auth_time": int(time.time()) - 2 * HOUR},
    "of a login nobody knows when": {"auth_time": None},
}


@pytest.mark.parametrize("what", REFUSED)
async def test_a_token_is_refused(provider: OidcProvider, what: str) -> None:
    api = authenticator(provider, clientId="web|app", iatTTL=HOUR * 1000, authTTL=HOUR * 1000)
    await identity(api, provider.token(aud="app"))
    with pytest.raises(AuthenticationError):
        await identity(api, provider.token(**REFUSED[what]))


async def test_a_token_signed_by_somebody_else_is_refused(provider: OidcProvider) -> None:
    claims = jwt.decode(provider.token(), options={"verify_signature": False})
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    forged = jwt.encode(claims, stranger, algorithm="RS256", headers={"kid": "k1"})
    unsigned = jwt.encode(claims, "", algorithm="none", headers={"kid": "k1"})
    for token in (forged, unsigned):
        with pytest.raises(AuthenticationError):
            await identity(authenticator(provider), token)


# --- the whole data plane ---------------------------------------------------------------------------------


@pytest.fixture
async def plane(provider: OidcProvider) -> AsyncIterator[DataPlane]:
    definition = ApiDefinition(
        api_id="api0",
        name="api",
        sdl=SDL,
        default_auth=AuthProvider(mode=AuthMode.API_KEY),
        additional_auth=(AuthProvider(mode=AuthMode.OIDC, config={"issuer": provider.issuer}),),
        data_sources=(DataSourceDefinition(name="none", type="NONE"),),
        resolvers=tuple(
            ResolverDefinition(type_name=kind, field_name=name, code=ME, data_source="none")
            for kind, name in (("Query", "me"), ("Subscription", "told"))
        ),
    )

    def no_sources(source: DataSourceDefinition) -> Any:
        raise AssertionError(f"{source.name} is not asked for")

    def no_iam(*_: object) -> bool:
        return False

    api = AppSyncApi(definition, data_sources=no_sources, iam_allows=no_iam)
    running = await DataPlane.start("127.0.0.1", 0, api, authenticator(provider))
    yield running
    await running.close()


async def over_http(plane: DataPlane, token: str, query: str) -> tuple[int, dict[str, Any]]:
    """POST by hand; the status and the decoded body."""
    import asyncio  # noqa: PLC0415 - for this one connection

    body = json.dumps({"query": query}).encode()
    head = (
        f"POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: {token}\r\n"
        f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection(plane.host, plane.port)
    writer.write(head.encode() + body)
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    first, _, rest = answer.partition(b"\r\n")
    return int(first.split()[1]), json.loads(rest.partition(b"\r\n\r\n")[2])


async def test_a_field_is_open_to_the_providers_users_only_with_its_directive(
    plane: DataPlane, provider: OidcProvider
) -> None:
    token = provider.token(tenant="north")
    assert await over_http(plane, token, "query { me }") == (200, {"data": {"me": "ann of north"}})
    status, answer = await over_http(plane, token, "query { keyed }")
    assert (status, answer["errors"][0]["errorType"]) == (200, "Unauthorized")
    status, _ = await over_http(plane, provider.token(exp=1), "query { me }")
    assert status == 401


async def test_a_subscription_starts_with_a_providers_token_and_not_with_a_bad_one(
    plane: DataPlane, provider: OidcProvider
) -> None:
    def authorization(token: str) -> dict[str, str]:
        return {"host": "127.0.0.1", "Authorization": token}

    good, bad = authorization(provider.token()), authorization(provider.token(exp=1))
    encoded = base64.urlsafe_b64encode(json.dumps(good).encode()).decode().rstrip("=")
    protocols = [Subprotocol("graphql-ws"), Subprotocol(f"header-{encoded}")]
    async with connect(plane.realtime_url, subprotocols=protocols) as socket:
        for subscription_id, claims in (("1", bad), ("2", good)):
            data = json.dumps({"query": "subscription { told }"})
            payload = {"data": data, "extensions": {"authorization": claims}}
            await socket.send(json.dumps({"type": "start", "id": subscription_id, "payload": payload}))
        frames = [json.loads(await socket.recv()) for _ in range(2)]
    assert [(frame["type"], frame["id"]) for frame in frames] == [("error", "1"), ("start_ack", "2")]
