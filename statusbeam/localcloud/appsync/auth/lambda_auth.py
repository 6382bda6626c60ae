"""AppSync's AWS_LAMBDA mode: an authorizer function accepts or refuses a token. Its answer may be cached."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from statusbeam.model.bounded import Bounded

from ..contract import AuthenticationError, AuthMode, Identity, SignedRequest

InvokeAuthorizer = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]]
"""The authorizer's event -> its answer. Raises AuthorizerError when there is no answer."""

MAX_TTL_SECONDS = 3600.0  # AppSync's own bound on authorizerResultTtlInSeconds and ttlOverride
MAX_CACHED_TOKENS = 4096

# The operation name that AppSync sends for a WebSocket handshake, which has no query.
CONNECT_OPERATION = "DeepDish:Connect"


class AuthorizerError(Exception):
    """The function failed, timed out or returned an invalid answer. The request is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizerSettings:
    """An API's lambdaAuthorizerConfig. `result_ttl` is in seconds; 0 disables the cache."""

    api_id: str
    account_id: str
    result_ttl: float = 0.0
    token_pattern: re.Pattern[str] | None = None


class LambdaAuthorizer:
    """Invokes the authorizer function, and caches an accepted token for the API's or the answer's TTL."""

    def __init__(
        self,
        settings: AuthorizerSettings,
        invoke: InvokeAuthorizer,
        *,
        now: Callable[[], float],
        new_request_id: Callable[[], str],
    ) -> None:
        self._settings = settings
        self._invoke = invoke
        self._now = now
        self._new_request_id = new_request_id
        self._allowed: Bounded[bytes, tuple[float, Identity]] = Bounded(MAX_CACHED_TOKENS)

    async def authorize(self, token: str, request: SignedRequest) -> Identity:
        """The caller that the function accepts. Raises AuthenticationError."""
        pattern = self._settings.token_pattern
        if pattern is not None and not pattern.fullmatch(token):
            raise AuthenticationError
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        cached = self._allowed.get(digest)
        if cached is not None and self._now() < cached[0]:
            return cached[1]
        try:
            answer = await self._invoke(self._event(token, request))
        except AuthorizerError as error:
            raise AuthenticationError from error
        identity = _identity(answer, principal=f"lambda:{digest.hex()[:12]}")
        self._cache(digest, identity, answer.get("ttlOverride"))
        return identity

    def _event(self, token: str, request: SignedRequest) -> dict[str, Any]:
        connecting = request.path.endswith("/connect")
        operation = {} if connecting else _operation(request.body)
        return {
            "authorizationToken": token,
            "requestContext": {
                "apiId": self._settings.api_id,
                "accountId": self._settings.account_id,
                "requestId": self._new_request_id(),
                "queryString": operation.get("query") or "",
                "operationName": CONNECT_OPERATION if connecting else operation.get("operationName"),
                "variables": operation.get("variables") or {},
            },
            "requestHeaders": {
                name: value for name, value in request.headers.items() if name != "authorization"
            },
        }

    def _cache(self, digest: bytes, identity: Identity, override: Any) -> None:
        ttl = self._settings.result_ttl
        if isinstance(override, (int, float)) and not isinstance(override, bool):
            ttl = float(override)
        ttl = min(ttl, MAX_TTL_SECONDS)
        self._allowed.pop(digest, None)
        if ttl <= 0:
            return
        self._allowed[digest] = (self._now() + ttl, identity)


def _operation(body: bytes) -> Mapping[str, Any]:
    try:
        operation = json.loads(body)
    except ValueError:
        return {}
    return operation if isinstance(operation, dict) else {}


def _identity(answer: Mapping[str, Any], *, principal: str) -> Identity:
    if answer.get("isAuthorized") is not True:
        raise AuthenticationError
    context = answer.get("resolverContext") or {}
    if not isinstance(context, dict) or any(isinstance(value, (dict, list)) for value in context.values()):
        raise AuthenticationError  # AppSync passes keys and plain values only
    denied = answer.get("deniedFields") or []
    if not isinstance(denied, list):
        raise AuthenticationError
    return Identity(
        mode=AuthMode.LAMBDA,
        principal=principal,
        context={"resolverContext": context},
        denied_fields=frozenset(_field_name(field) for field in denied),
    )


def _field_name(denied: Any) -> str:
    """`Type.field` of a denied field, which may be given as `arn:…:apis/<id>/types/<Type>/fields/<field>`."""
    match = re.fullmatch(r"arn:.*/types/([^/]+)/fields/([^/]+)", str(denied))
    return f"{match[1]}.{match[2]}" if match else str(denied)
