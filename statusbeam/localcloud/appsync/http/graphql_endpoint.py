"""POST /graphql: authorizes a request, executes its operation and publishes the results to subscribers."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import Final

from ..contract import AppSyncError, Authenticator, GraphQLApi, GraphQLRequest, SignedRequest
from ..operations import error_entry, internal_failure, parse_operation, visible_headers
from ..realtime.hub import Hub
from .cors import CORS, with_cors
from .messages import HttpRequest, HttpResponse

log = logging.getLogger(__name__)

GRAPHQL_PATH: Final = "/graphql"
REALTIME_PATHS: Final = frozenset({"/graphql", "/graphql/realtime"})


class GraphQLEndpoint:
    """One GraphQL API behind one authenticator."""

    def __init__(self, authenticator: Authenticator, api: GraphQLApi, hub: Hub) -> None:
        self._authenticator = authenticator
        self._api = api
        self._hub = hub

    async def post(self, request: HttpRequest) -> HttpResponse:
        """Answer POST /graphql. Never raises: a failure is a response."""
        signed = SignedRequest(
            method=request.method, path=GRAPHQL_PATH, headers=request.headers, body=request.body
        )
        try:
            identity = await self._authenticator.authenticate(signed)
            operation = _operation(request)
            result = await self._api.execute(operation, identity)
        except AppSyncError as error:
            return with_cors(failure_response(error))
        except Exception:  # the API is replaceable; its defect affects one request
            log.exception("path=<%s> | request failed", request.path)
            return with_cors(failure_response(internal_failure()))
        for published in result.published:
            self._hub.publish(published)
        for invalidation in result.invalidations:
            self._hub.invalidate(invalidation)
        return HttpResponse(body=result.body, headers=_SUCCESS)


_SUCCESS: Final = {**CORS, "x-amzn-appsync-tokensconsumed": "1"}


def failure_response(error: AppSyncError) -> HttpResponse:
    """The response for a request that failed as a whole, with `errors` and the error's HTTP status.

    AppSync answers GraphQL-level failures with status 200 and adds `data: null`.
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

    Raises AppSyncError 400 with AppSync's message (graphql/graphql-over-http#81).
    """
    operation = parse_operation(request.body)
    if operation is None:
        message = "Unable to parse GraphQL query." if request.body else "Request body is empty."
        raise AppSyncError(message, "MalformedHttpRequestException", status=400)
    return replace(operation, headers=visible_headers(request.headers))
