"""How readers sign in: with a new user pool, an existing one, or another provider."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from aws_cdk import Stack, Token
from aws_cdk import aws_appsync as appsync
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from statusbeam.model.settings import SIGN_IN_SCOPES, ResolverVariables

from ..options import ExistingUserPool, NewUserPool, OidcProvider, ReaderOptions, ResourceOptions
from .identity import Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """`mode` is the API's default mode. `user_claim` is the claim that is the user's id. `claims` are the
    names of the other claims that the resolvers read; empty: Cognito's. Clients sign in with `outputs`.
    The API accepts the tokens of `app_clients`. A page signs in as `page` describes, and connects to
    `origins`."""

    mode: appsync.AuthorizationMode
    outputs: Mapping[str, str]
    page: Mapping[str, object]
    origins: tuple[str, ...]
    app_clients: tuple[str, ...]
    user_claim: str
    claims: Mapping[str, str] = field(default_factory=dict)
    oidc: bool = False
    token_trigger: lambda_.IFunction | None = None
    """The function that puts the tenant into the tokens; None: the deployment has no such function."""


def create_sign_in(
    scope: Construct,
    *,
    readers: ReaderOptions,
    resources: ResourceOptions,
    library: lambda_.ILayerVersion,
) -> SignIn:
    """Create the new user pool, or refer to the existing pool or provider."""
    match readers:
        case OidcProvider() as provider:
            return _of_provider(provider)
        case ExistingUserPool() as existing:
            pool = cognito.UserPool.from_user_pool_id(scope, "Users", existing.user_pool_id)
            return _of_pool(
                scope,
                pool,
                existing.client_ids,
                domain=existing.login_domain,
                identity_provider=existing.identity_provider,
                user_claim=existing.user_claim,
            )
        case NewUserPool():
            identity = Identity(scope, "Identity", options=readers, resources=resources, library=library)
            sign_in = _of_pool(
                scope,
                identity.user_pool,
                [identity.client.user_pool_client_id],
                domain=identity.login_domain,
                user_claim=readers.user_claim,
            )
            return replace(sign_in, token_trigger=identity.token_trigger)


def _of_pool(
    scope: Construct,
    pool: cognito.IUserPool,
    client_ids: Sequence[str],
    *,
    domain: str | None,
    identity_provider: str | None = None,
    user_claim: str,
) -> SignIn:
    """A regular expression of the clients. Without it, AppSync accepts tokens of every app client of the
    pool."""
    region = Stack.of(scope).region
    service = f"https://cognito-idp.{region}.amazonaws.com"
    page: dict[str, object] = {
        "kind": "password",
        "region": region,
        "userPoolId": pool.user_pool_id,
        "clientId": client_ids[0],
    }
    if domain is not None:
        page = {
            "kind": "managedLogin",
            "issuer": f"{service}/{pool.user_pool_id}",
            "clientId": client_ids[0],
            "scopes": list(SIGN_IN_SCOPES),
            "domain": domain,
            **({} if identity_provider is None else {"identityProvider": identity_provider}),
        }
    return SignIn(
        mode=appsync.AuthorizationMode(
            authorization_type=appsync.AuthorizationType.USER_POOL,
            user_pool_config=appsync.UserPoolConfig(
                user_pool=pool, app_id_client_regex=f"^({'|'.join(client_ids)})$"
            ),
        ),
        outputs={
            "UserPoolId": pool.user_pool_id,
            "UserPoolClientId": client_ids[0],
            **({} if domain is None else {"LoginDomain": domain}),
            **({} if identity_provider is None else {"LoginProvider": identity_provider}),
        },
        page={**page, "userClaim": user_claim},
        # The discovery document is at the service, the token endpoint at the domain.
        origins=(service,) if domain is None else (service, f"https://{domain}"),
        app_clients=tuple(client_ids),
        user_claim=user_claim,
    )


def _of_provider(provider: OidcProvider) -> SignIn:
    clients = [each if Token.is_unresolved(each) else re.escape(each) for each in provider.client_ids]
    return SignIn(
        mode=appsync.AuthorizationMode(
            authorization_type=appsync.AuthorizationType.OIDC,
            open_id_connect_config=appsync.OpenIdConnectConfig(
                oidc_provider=provider.issuer, client_id=f"^({'|'.join(clients)})$"
            ),
        ),
        outputs={
            "OidcIssuer": provider.issuer,
            "OidcClientId": provider.client_ids[0],
            "OidcScopes": " ".join(provider.scopes),
            "TenantClaim": provider.tenant_claim,
            "RolesClaim": provider.roles_claim,
        },
        page={
            "kind": "oidc",
            "issuer": provider.issuer,
            "clientId": provider.client_ids[0],
            "scopes": list(provider.scopes),
            "userClaim": provider.user_claim,
            "tenantClaim": provider.tenant_claim,
            "rolesClaim": provider.roles_claim,
        },
        origins=("/".join(provider.issuer.split("/")[:3]), *provider.origins),
        app_clients=provider.client_ids,
        user_claim=provider.user_claim,
        claims={
            ResolverVariables.TENANT_CLAIM: provider.tenant_claim,
            ResolverVariables.ROLES_CLAIM: provider.roles_claim,
        },
        oidc=True,
    )
