"""Who signs readers in: the stage's own user pool, one that is there already, or another provider."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aws_cdk import Stack
from aws_cdk import aws_appsync as appsync
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from ..stage import ExistingUserPool, OidcProvider, StageConfig
from .identity import Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers:
    """`mode` is the API's default mode, `claims` what the resolvers read (empty: Cognito's), `outputs` what
    clients need to sign in, `origin` where their pages do."""

    mode: appsync.AuthorizationMode
    outputs: Mapping[str, str]
    origin: str
    claims: Mapping[str, str] = field(default_factory=dict)
    oidc: bool = False


def readers(scope: Construct, *, stage: StageConfig, library: lambda_.ILayerVersion) -> Readers:
    """As the stage says; its own user pool is made here."""
    match stage.readers:
        case OidcProvider() as provider:
            return _of_provider(provider)
        case ExistingUserPool() as existing:
            pool = cognito.UserPool.from_user_pool_id(scope, "Users", existing.user_pool_id)
            return _of_pool(scope, pool, existing.client_id)
        case None:
            identity = Identity(scope, "Identity", stage=stage, library=library)
            return _of_pool(scope, identity.user_pool, identity.client.user_pool_client_id)


def _of_pool(scope: Construct, pool: cognito.IUserPool, client_id: str) -> Readers:
    return Readers(
        mode=appsync.AuthorizationMode(
            authorization_type=appsync.AuthorizationType.USER_POOL,
            user_pool_config=appsync.UserPoolConfig(user_pool=pool),
        ),
        outputs={"UserPoolId": pool.user_pool_id, "UserPoolClientId": client_id},
        origin=f"https://cognito-idp.{Stack.of(scope).region}.amazonaws.com",
    )


def _of_provider(provider: OidcProvider) -> Readers:
    return Readers(
        mode=appsync.AuthorizationMode(
            authorization_type=appsync.AuthorizationType.OIDC,
            open_id_connect_config=appsync.OpenIdConnectConfig(
                oidc_provider=provider.issuer, client_id=provider.client_id
            ),
        ),
        outputs={"OidcIssuer": provider.issuer, "OidcClientId": provider.client_id},
        origin="/".join(provider.issuer.split("/")[:3]),
        claims={"TENANT_CLAIM": provider.tenant_claim, "ROLES_CLAIM": provider.roles_claim},
        oidc=True,
    )
