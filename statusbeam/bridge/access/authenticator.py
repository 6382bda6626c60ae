"""Verifies tokens and one-time tickets, and returns their viewer.

>>> await authenticator.viewer("sbv1.eyJ…")
Viewer(user_id='ana', tenant_id='city', …)
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from status_utils.tokens import ViewClaims
from status_utils.tokens.issuer_tokens import Claims, UnverifiedToken, read_unverified
from statusbeam.model.errors import IssuerTokenError, ViewTokenError
from statusbeam.model.settings import (
    ROLES_CLAIM,
    TENANT_ATTRIBUTE,
    TENANT_CLAIM,
    USER_CLAIM,
    VIEW_TOKEN_PREFIX,
)

from ..problems import Problem
from .ended_logins import EndedLogins
from .tickets import TICKET_PREFIX, Tickets
from .viewer import Viewer

_log = logging.getLogger(__name__)


class IssuerVerifier(Protocol):
    """Verifies the tokens of one user pool or provider."""

    async def verify(self, token: UnverifiedToken) -> Claims:
        """The token's claims. Raises IssuerTokenError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimNames:
    """The names of a provider's claims. If there are several names, the first claim in the token counts."""

    user: tuple[str, ...] = (USER_CLAIM,)
    tenant: tuple[str, ...] = (TENANT_CLAIM, TENANT_ATTRIBUTE)
    roles: str = ROLES_CLAIM


class Authenticator:
    """Accepts view tokens, tokens of `issuers`, and tickets, if they are configured."""

    def __init__(
        self,
        *,
        ended: EndedLogins,
        tickets: Tickets,
        view_tokens: Callable[[str], ViewClaims] | None = None,
        issuers: Mapping[str, IssuerVerifier] | None = None,
        claim_names: ClaimNames | None = None,
    ) -> None:
        """`view_tokens` raises ViewTokenError. `issuers` are verifiers by `iss`, without a last slash."""
        self._ended = ended
        self._tickets = tickets
        self._view_tokens = view_tokens
        self._issuers = dict(issuers or {})
        self._names = claim_names or ClaimNames()

    async def viewer(self, token: str) -> Viewer:
        """The viewer of a token or ticket. Raises Problem (401, 403) and SessionStoreError."""
        viewer = await self._viewer(token)
        ended = await self._ended.ended_at([viewer.key])
        if viewer.is_ended_by(ended.get(viewer.key)):
            raise Problem.unauthenticated("This login was ended. Sign in again.")
        return viewer

    async def _viewer(self, token: str) -> Viewer:
        if token.startswith(TICKET_PREFIX):
            viewer = await self._tickets.redeem(token)
            if viewer is None:
                raise Problem.unauthenticated("The ticket was used or has expired.")
            return viewer
        if token.startswith(VIEW_TOKEN_PREFIX) and self._view_tokens is not None:
            return await self._by_view_token(token, self._view_tokens)
        unverified = read_unverified(token) if self._issuers else None
        verifier = self._issuers.get(unverified.issuer.rstrip("/")) if unverified else None
        if unverified is None or verifier is None:
            raise Problem.unauthenticated()
        try:
            claims = await verifier.verify(unverified)
        except IssuerTokenError as error:
            raise Problem.unauthenticated(error.message) from error
        return self._by_claims(claims)

    @staticmethod
    async def _by_view_token(token: str, verify: Callable[[str], ViewClaims]) -> Viewer:
        try:
            claims = await asyncio.to_thread(verify, token)  # the check may read the secret
        except ViewTokenError as error:
            _log.warning("code=<%s> | view token refused: %s", error.code, error.message)
            raise Problem.unauthenticated() from error  # the caller gets no reason
        return Viewer(
            user_id=claims.user_id,
            tenant_id=claims.tenant_id,
            job_ids=claims.job_ids,
            signed_in_at=claims.issued_at,
            read_only=True,
        )

    def _by_claims(self, claims: Mapping[str, Any]) -> Viewer:
        user_id, tenant_id = _first(claims, self._names.user), _first(claims, self._names.tenant)
        if not _is_owner(user_id) or not isinstance(tenant_id, str) or not tenant_id:
            raise Problem.forbidden("The login has no valid user and tenant.")
        return Viewer(
            user_id=str(user_id),
            tenant_id=tenant_id,
            roles=_roles(claims.get(self._names.roles)),
            signed_in_at=claims.get("auth_time", claims.get("iat")),
        )


def _first(claims: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((claims[name] for name in names if claims.get(name) is not None), None)


def _is_owner(user_id: object) -> bool:
    return isinstance(user_id, str) and bool(user_id) and "#" not in user_id


def _roles(claim: object) -> tuple[str, ...]:
    """The values in a list, or in a text with spaces between. A substring test would find "operator" in
    "cooperator"."""
    if isinstance(claim, str):
        return tuple(claim.split(" "))
    return tuple(str(role) for role in claim) if isinstance(claim, list) else ()
