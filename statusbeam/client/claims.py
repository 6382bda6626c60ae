"""The user in a token's claims. The API verifies tokens; a client only shows its user."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from typing import Any

from statusbeam.model.settings import USER_CLAIM, VIEW_TOKEN_PREFIX

from .errors import TargetError


def claims_of(token: str) -> Mapping[str, Any]:
    """The claims of a view token or of a provider's JWT, not verified. Raises TargetError."""
    parts = token.removeprefix(VIEW_TOKEN_PREFIX).split(".")
    try:
        body = parts[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (IndexError, ValueError, binascii.Error):
        claims = None
    if not isinstance(claims, dict):
        raise TargetError("the token is neither a view token nor a JWT.")
    return claims


def user_and_tenant(token: str, *, user_claim: str, tenant_claims: Sequence[str]) -> tuple[str, str]:
    """The user's id and the tenant's that a token names. Raises TargetError.

    `user_claim` is the claim of a provider's ID tokens that holds the user's id, and one of `tenant_claims`
    holds the tenant.
    """
    claims = claims_of(token)
    if token.startswith(VIEW_TOKEN_PREFIX):
        user_claim, tenant_claims = USER_CLAIM, ("tenant", *tenant_claims)
    user = claims.get(user_claim)
    tenant = next((claims[name] for name in tenant_claims if claims.get(name)), None)
    if not user or tenant is None:
        raise TargetError("the token names no user, or no tenant.")
    return str(user), str(tenant)
