"""The interface between the protocol side (http, realtime) and the GraphQL side (graphql, resolvers, auth).

Neither side imports the other: both import this module, and their caller puts them together.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

JsonObject = Mapping[str, Any]


class AuthMode:
    """AppSync's names of the authorization modes, as in `authenticationType`."""

    API_KEY = "API_KEY"
    IAM = "AWS_IAM"
    COGNITO = "AMAZON_COGNITO_USER_POOLS"
    OIDC = "OPENID_CONNECT"
    LAMBDA = "AWS_LAMBDA"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRequest:
    """The request that a client signed or sent, with all that the authorization modes check.

    `headers` has lower-case names. For a WebSocket handshake or `start` frame these are the entries of the
    authorization object, `path` is `/graphql/connect` or `/graphql`, and `body` is `{}` or the `payload.data`
    text.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A verified caller. `context` is what resolvers see as `ctx.identity` (None for an API key)."""

    mode: str
    principal: str
    context: Mapping[str, Any] | None = None
    access_key_id: str | None = None
    denied_fields: frozenset[str] = frozenset()
    expires_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphQLRequest:
    """One GraphQL operation as sent; `headers` are those a resolver may see (no credentials)."""

    query: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    operation_name: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A mutation field that was resolved without an error.

    `value` is its result, projected by the mutation's selection.
    """

    mutation_field: str
    value: JsonObject | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invalidation:
    """`extensions.invalidateSubscriptions`.

    Close the subscriptions of `subscription_field` whose invalidation filter matches.
    """

    subscription_field: str
    payload: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionResult:
    """`body` is the JSON text of the HTTP answer; the rest is for the hub."""

    body: bytes
    published: tuple[Published, ...] = ()
    invalidations: tuple[Invalidation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """An accepted `start`: the mutations that trigger it, its filter, and the form of its pushes.

    Subscriptions with an equal `group_key` have equal filters and selections, so `matches` and `encode` run
    once a group. `encode` gives the JSON text of the `payload` of a `data` message:
    `{"data":{"onStatusUpdate":{...}}}`. `index` names a top-level field and the value that every matching
    result has in it, or None. The hub uses it to skip groups.
    """

    field: str
    mutations: tuple[str, ...]
    group_key: Hashable
    matches: Callable[[JsonObject], bool]
    encode: Callable[[JsonObject], bytes]
    index: tuple[str, Any] | None = None
    invalidated_by: Callable[[JsonObject], bool] | None = None


class AppSyncError(Exception):
    """A failure with AppSync's error type and message.

    `status` is the HTTP status, or `errorCode` in `connection_error`. An empty type is left out.
    """

    def __init__(
        self,
        message: str,
        error_type: str,
        *,
        status: int = 200,
        data: Any = None,
        info: Any = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.error_type = error_type
        self.status = status
        self.data = data
        self.info = info


class AuthenticationError(AppSyncError):
    """The caller could not be authenticated: HTTP 401, or `connection_error` or `error` on a WebSocket."""

    def __init__(
        self,
        message: str = "You are not authorized to make this call.",
        error_type: str = "UnauthorizedException",
        *,
        status: int = 401,
    ) -> None:
        super().__init__(message, error_type, status=status)


class UnknownKeyError(AuthenticationError):
    """The access key or the session token is unknown: HTTP 403."""

    def __init__(self) -> None:
        message = "The security token included in the request is invalid."
        super().__init__(message, "UnrecognizedClientException", status=403)


class SignatureError(AuthenticationError):
    """The signature of a request is not valid: HTTP 403. On a WebSocket it is a BadRequestException."""

    def __init__(self, message: str, error_type: str = "InvalidSignatureException") -> None:
        super().__init__(message, error_type, status=403)


class Authenticator(Protocol):
    """Authenticates the caller of a request.

    Its coroutines, like GraphQLApi's, may run without an asyncio task up to their first real wait. Before
    that wait they must not use `asyncio.timeout` or `asyncio.TaskGroup`.
    """

    async def authenticate(self, request: SignedRequest) -> Identity:
        """The verified caller. Raises AuthenticationError."""
        ...


class GraphQLApi(Protocol):
    """Runs operations of one API for a verified caller."""

    async def execute(self, request: GraphQLRequest, identity: Identity) -> ExecutionResult:
        """Run a query or mutation.

        The body contains GraphQL-level failures: AppSync responds to them with HTTP 200.
        """
        ...

    async def subscribe(self, request: GraphQLRequest, identity: Identity) -> Subscription:
        """Check and resolve a subscription once, at `start`. Raises AppSyncError."""
        ...
