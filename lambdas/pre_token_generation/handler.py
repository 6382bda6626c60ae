"""Cognito's pre-token-generation trigger (V2_0): puts the user's tenant into the ID and the access token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from statusbeam.model.settings import TENANT_ATTRIBUTE, TENANT_CLAIM

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Return the event with the claim added. The API refuses every query of a user without a tenant."""
    tenant_id = event["request"]["userAttributes"].get(TENANT_ATTRIBUTE)
    if tenant_id:
        claims = {"claimsToAddOrOverride": {TENANT_CLAIM: tenant_id}}
        event["response"]["claimsAndScopeOverrideDetails"] = {
            "idTokenGeneration": claims,
            "accessTokenGeneration": claims,
        }
    return event
