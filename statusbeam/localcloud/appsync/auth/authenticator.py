"""Authenticates callers by AppSync's five authorization modes.

The caller injects what a mode needs: the emulator's secret keys, an issuer's public keys, the authorizer
function, the clock. The result is an Identity whose `context` has the form of AppSync's `ctx.identity`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from status_utils.tokens import issuer_tokens
from statusbeam.model.errors import IssuerTokenError

from ..contract import AuthenticationError, AuthMode, Identity, SignedRequest, UnknownKeyError
from . import sigv4
from .lambda_auth import LambdaAuthorizer

# AppSync puts the caller's addresses here. All callers of localcloud use the loopback interface.
SOURCE_IP = ("127.0.0.1",)


@dataclass(frozen=True, slots=True, kw_only=True)
class IamCredential:
    """The secret of an access key, and the principal that the key belongs to."""

    secret_key: str = field(repr=False)
    account_id: str
    principal_arn: str
    principal_id: str


ResolveCredential = Callable[[str, str | None], IamCredential | None]
"""(access key id, session token or None) -> the credential, or None when the pair isn't valid now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CognitoMode:
    """One user pool of the API; `default_action` is ALLOW or DENY, AppSync's default auth strategy."""

    verifier: issuer_tokens.CognitoVerifier
    default_action: str = "ALLOW"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthModes:
    """The modes of an API. An empty or None entry is a mode that the API does not have.

    `api_keys` maps each key to its expiry in epoch seconds.
    """

    region: str
    api_keys: Mapping[str, float] = field(default_factory=dict, repr=False)
    iam: ResolveCredential | None = None
    user_pools: tuple[CognitoMode, ...] = ()
    oidc: tuple[issuer_tokens.OidcVerifier, ...] = ()
    authorizer: LambdaAuthorizer | None = None


class ApiAuthenticator:
    """Implements contract.Authenticator for the modes of one API."""

    def __init__(self, modes: AuthModes, *, now: issuer_tokens.Clock) -> None:
        """`now` gives epoch seconds."""
        self._modes = modes
        self._now = now
        self._user_pools = {mode.verifier.issuer: mode for mode in modes.user_pools}
        self._oidc = {verifier.issuer.rstrip("/"): verifier for verifier in modes.oidc}

    async def authenticate(self, request: SignedRequest) -> Identity:
        """The verified caller. Raises AuthenticationError, also for a mode that the API does not have."""
        key = request.headers.get("x-api-key")
        if key is not None:
            return self._by_api_key(key)
        authorization = request.headers.get("authorization", "").strip()
        if not authorization:
            raise AuthenticationError("Valid authorization header not provided.")
        if sigv4.is_sigv4(authorization) and self._modes.iam is not None:
            return self._by_signature(request, authorization, self._modes.iam)
        token = issuer_tokens.read_unverified(authorization) if self._user_pools or self._oidc else None
        if token is not None:
            return await self._by_token(token)
        if self._modes.authorizer is not None and not sigv4.is_sigv4(authorization):
            return await self._modes.authorizer.authorize(authorization, request)
        raise AuthenticationError

    def _by_api_key(self, key: str) -> Identity:
        offered = _bytes(key)
        for known, expires_at in self._modes.api_keys.items():
            if hmac.compare_digest(offered, _bytes(known)):
                if self._now() >= expires_at:
                    break
                principal = f"api-key:{hashlib.sha256(offered).hexdigest()[:12]}"
                return Identity(mode=AuthMode.API_KEY, principal=principal, expires_at=expires_at)
        raise AuthenticationError

    def _by_signature(
        self, request: SignedRequest, authorization: str, resolve: ResolveCredential
    ) -> Identity:
        signature = sigv4.parse_authorization(authorization)
        credential = resolve(signature.access_key_id, request.headers.get("x-amz-security-token"))
        if credential is None:
            raise UnknownKeyError
        sigv4.verify(
            request,
            signature,
            secret_key=credential.secret_key,
            region=self._modes.region,
            now=self._now(),
        )
        return Identity(
            mode=AuthMode.IAM,
            principal=credential.principal_arn,
            access_key_id=signature.access_key_id,
            context={
                "accountId": credential.account_id,
                "userArn": credential.principal_arn,
                "username": credential.principal_id,
                "sourceIp": list(SOURCE_IP),
                "cognitoIdentityPoolId": None,
                "cognitoIdentityId": None,
                "cognitoIdentityAuthType": None,
                "cognitoIdentityAuthProvider": None,
            },
        )

    async def _by_token(self, token: issuer_tokens.UnverifiedToken) -> Identity:
        try:
            return await self._verified(token)
        except IssuerTokenError as error:
            raise AuthenticationError(error.message) from error

    async def _verified(self, token: issuer_tokens.UnverifiedToken) -> Identity:
        pool = self._user_pools.get(token.issuer)
        if pool is not None:
            return _cognito_identity(await pool.verifier.verify(token), pool)
        provider = self._oidc.get(token.issuer.rstrip("/"))
        if provider is not None:
            return _oidc_identity(await provider.verify(token))
        raise AuthenticationError("The token is from an issuer this API doesn't trust.")


def _cognito_identity(claims: issuer_tokens.Claims, pool: CognitoMode) -> Identity:
    return Identity(
        mode=AuthMode.COGNITO,
        principal=str(claims["sub"]),
        expires_at=float(claims["exp"]),
        context={
            "sub": claims["sub"],
            "issuer": claims["iss"],
            "username": claims.get("username", claims.get("cognito:username")),
            "claims": dict(claims),
            "sourceIp": list(SOURCE_IP),
            "defaultAuthStrategy": pool.default_action,
            "groups": _groups(claims.get("cognito:groups")),
        },
    )


def _groups(claim: Any) -> list[str] | None:
    return [str(group) for group in claim] if isinstance(claim, list) else None


def _oidc_identity(claims: issuer_tokens.Claims) -> Identity:
    return Identity(
        mode=AuthMode.OIDC,
        principal=str(claims["sub"]),
        expires_at=float(claims["exp"]),
        context={"sub": claims["sub"], "issuer": claims["iss"], "claims": dict(claims)},
    )


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
