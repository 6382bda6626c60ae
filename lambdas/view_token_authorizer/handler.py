"""AppSync's Lambda authorizer: admits view tokens, and passes their owner to the resolvers.

The caller with an invalid token gets no reason. The process's logs have the reason, and never the token.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, TypedDict

from lambdas.view_token_authorizer._wiring import verifier
from statusbeam.model.errors import ViewTokenError

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_log = logging.getLogger(__name__)

_CACHED_SECONDS = 300
"""How long AppSync may cache an answer. After that, it refuses tokens of an expired key."""


class Decision(TypedDict, total=False):
    """The fields of an authorizer's answer that AppSync reads."""

    isAuthorized: bool
    resolverContext: dict[str, str]
    ttlOverride: int


def handler(event: dict[str, Any], context: LambdaContext) -> Decision:  # noqa: ARG001 - Lambda's signature
    """Decide on one request or subscription: `event["authorizationToken"]` is the token."""
    try:
        claims = verifier()(str(event.get("authorizationToken", "")))
    except ViewTokenError as error:
        _log.warning("code=<%s> | view token refused: %s", error.code, error.message)
        return {"isAuthorized": False, "ttlOverride": 0}
    identity = {
        "userId": claims.user_id,
        "tenantId": claims.tenant_id,
        "issuedAt": str(claims.issued_at),  # the resolvers refuse a login that was ended in the meantime
    }
    if claims.job_ids is not None:
        identity["jobIds"] = ",".join(claims.job_ids)
    left = int(claims.expires_at - time.time())
    return {
        "isAuthorized": True,
        "resolverContext": identity,
        "ttlOverride": max(0, min(left, _CACHED_SECONDS)),
    }
