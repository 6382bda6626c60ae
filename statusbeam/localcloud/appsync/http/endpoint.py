"""Where the wire meets GraphQL.

Each request is checked for who it is from, run, and its results are published.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from ..contract import (
    AppSyncError,
    Authenticator,
    GraphQLApi,
    GraphQLRequest,
    SignedRequest,
    Subscription,
)
from ..realtime.hub import Hub
from ..realtime.protocol import Start, error_entry, parse_operation
from .cors import CORS, with_cors
from .messages import HttpRequest, HttpResponse

log = logging.getLogger(__name__)

GRAPHQL_PATH: Final = "/graphql"
REALTIME_PATHS: Final = frozenset({"/graphql", "/graphql/realtime"})

# Never shown to resolvers: `ctx.request.headers` ends up in logs.
_CREDENTIALS: Final = frozenset(
    {"authorization", "x-api-key", "x-amz-security-token", "cookie", "sec-websocket-protocol"}
)


class Endpoint:
    """One GraphQL API behind one authenticator. Its coroutines do not raise: failures are results."""

    def __init__(self, authenticator: Authenticator, api: GraphQLApi, hub: Hub) -> None:
        self._authenticator = authenticator
        self._api = api
        self._hub = hub

    async def post(self, request: HttpRequest) -> HttpResponse:
        """Answer POST /graphql."""
        signed = SignedRequest(
            method=request.method, path=GRAPHQL_PATH, headers=request.headers, body=request.body
        )
        try:
            identity = await self._authenticator.authenticate(signed)
            operation = _operation(request)
            result = await self._api.execute(operation, identity)
        except AppSyncError as error:
            return with_cors(failure_response(error))
        except Exception:  # the API is somebody else's code; its failure is one request's
            log.exception("path=<%s> | request failed", request.path)
            return with_cors(failure_response(internal_failure()))
        for published in result.published:
            self._hub.publish(published)
        for invalidation in result.invalidations:
            self._hub.invalidate(invalidation)
        return HttpResponse(body=result.body, headers=_SUCCESS)

    async def connect(self, signed: SignedRequest) -> AppSyncError | None:
        """Why a handshake is refused; None when it is not."""
        try:
            await self._authenticator.authenticate(signed)
        except AppSyncError as error:
            return error
        except Exception:  # as above: one connection's failure
            log.exception("path=<%s> | authorization of a handshake failed", signed.path)
            return internal_failure()
        return None

    async def start(self, start: Start) -> Subscription | AppSyncError:
        """The subscription a `start` asks for, or why it may not have it."""
        request = replace(start.request, headers=visible_headers(start.signed.headers))
        try:
            identity = await self._authenticator.authenticate(start.signed)
            return await self._api.subscribe(request, identity)
        except AppSyncError as error:
            return error
        except Exception:  # as above: one subscription's failure
            log.exception("subscription=<%r> | start failed", start.id)
            return internal_failure()


_SUCCESS: Final = {**CORS, "x-amzn-appsync-tokensconsumed": "1"}


def visible_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers a resolver may see."""
    return {name: value for name, value in headers.items() if name not in _CREDENTIALS}


def internal_failure() -> AppSyncError:
    """What a client is told of a failure that is none of its business."""
    return AppSyncError(
        "An internal failure occurred while resolving this request.", "InternalFailure", status=500
    )


def execution_timeout() -> AppSyncError:
    """What a client is told of an operation that took too long."""
    return AppSyncError("Execution timed out.", "ExecutionTimeout")


def failure_response(error: AppSyncError) -> HttpResponse:
    """A request that failed as a whole.

    `errors` with the error's status, beside `data: null` when that is 200.
    """
    body = {"errors": [error_entry(error)]}
    if error.status == 200:
        return HttpResponse(body=json.dumps({"data": None} | body).encode())
    return HttpResponse(
        status=error.status,
        body=json.dumps(body).encode(),
        headers={"x-amzn-errortype": error.error_type},
    )


def _operation(request: HttpRequest) -> GraphQLRequest:
    """The operation in the body.

    Raises AppSyncError 400 in AppSync's words (graphql/graphql-over-http#81).
    """
    operation = parse_operation(request.body)
    if operation is None:
        message = "Unable to parse GraphQL query." if request.body else "Request body is empty."
        raise AppSyncError(message, "MalformedHttpRequestException", status=400)
    return replace(operation, headers=visible_headers(request.headers))
