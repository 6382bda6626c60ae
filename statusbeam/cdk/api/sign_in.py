"""How readers sign in: with a new user pool, an existing one, or another provider."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aws_cdk import Stack
from aws_cdk import aws_appsync as appsync
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from statusbeam.model.settings import ResolverVariables

from ..options import ExistingUserPool, NewUserPool, OidcProvider, ReaderOptions, ResourceOptions
from .identity import Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """`mode` is the API's default mode. `claims` are the names of the claims that the resolvers read; empty:
    Cognito's. Clients sign in with `outputs`, at `origin`; `app_clients` are all of a user pool's whose
    tokens are taken."""

    mode: appsync.AuthorizationMode
    outputs: Mapping[str, str]
    origin: str
    app_clients: tuple[str, ...] = ()
    claims: Mapping[str, str] = field(default_factory=dict)
    oidc: bool = False


def create_sign_in(
    scope: Construct,
    *,
    readers: ReaderOptions,
    resources: ResourceOptions,
    library: lambda_.ILayerVersion,
) -> SignIn:
    """Create the new user pool, or refer to what exists."""
    match readers:
        case OidcProvider() as provider:
            return _of_provider(provider)
        case ExistingUserPool() as existing:
            pool = cognito.UserPool.from_user_pool_id(scope, "Users", existing.user_pool_id)
            return _of_pool(scope, pool, existing.client_ids)
        case NewUserPool():
            identity = Identity(scope, "Identity", options=readers, resources=resources, library=library)
            return _of_pool(scope, identity.user_pool, [identity.client.user_pool_client_id])


def _of_pool(scope: Construct, pool: cognito.IUserPool, client_ids: Sequence[str]) -> SignIn:
    """Without the regular expression, AppSync takes the tokens of every app client of the pool."""
    return SignIn(
        mode=appsync.AuthorizationMode(
            authorization_type=appsync.AuthorizationType.USER_POOL,
            user_pool_config=appsync.UserPoolConfig(
                user_pool=pool, app_id_client_regex=f"^({'|'.join(client_ids)})$"
            ),
        ),
        outputs={"UserPoolId": pool.user_pool_id, "UserPoolClientId": client_ids[0]},
        origin=f"https://cognito-idp.{Stack.of(scope).region}.amazonaws.com",
        app_clients=tuple(client_ids),
    )


def _of_provider(provider: OidcProvider) -> SignIn:
    return SignIn(
        mode=appsync.AuthorizationMode(
            authorization_type=appsync.AuthorizationType.OIDC,
            open_id_connect_config=appsync.OpenIdConnectConfig(
                oidc_provider=provider.issuer, client_id=provider.client_id
            ),
        ),
        outputs={"OidcIssuer": provider.issuer, "OidcClientId": provider.client_id},
        origin="/".join(provider.issuer.split("/")[:3]),
        claims={
            ResolverVariables.TENANT_CLAIM: provider.tenant_claim,
            ResolverVariables.ROLES_CLAIM: provider.roles_claim,
        },
        oidc=True,
    )
