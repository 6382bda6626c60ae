"""The error types of a refused signature on a WebSocket."""

from __future__ import annotations

import pytest

from statusbeam.localcloud.appsync.contract import (
    AppSyncError,
    AuthenticationError,
    GraphQLRequest,
    Identity,
    SignatureError,
    SignedRequest,
    UnknownKeyError,
)
from statusbeam.localcloud.appsync.realtime.endpoint import RealtimeEndpoint
from statusbeam.localcloud.appsync.realtime.protocol import Start
from tests.unit.statusbeam.localcloud.appsync.tiny_api import TinyApi

SIGNED = SignedRequest(method="POST", path="/graphql", headers={}, body=b"{}")


class Refusing:
    """An authenticator that refuses everybody."""

    def __init__(self, refusal: AuthenticationError) -> None:
        self._refusal = refusal

    async def authenticate(self, request: SignedRequest) -> Identity:
        raise self._refusal


@pytest.mark.parametrize(
    ("refusal", "error"),
    [
        (SignatureError("It does not match."), ("BadRequestException", "It does not match.", 400)),
        (
            UnknownKeyError(),
            ("UnrecognizedClientException", "The security token included in the request is invalid.", 403),
        ),
        (AuthenticationError("No."), ("UnauthorizedException", "No.", 401)),
    ],
)
async def test_a_refused_caller_gets_awss_error_type_at_connect_and_at_start(
    refusal: AuthenticationError, error: tuple[str, str, int]
) -> None:
    endpoint = RealtimeEndpoint(Refusing(refusal), TinyApi())
    start = Start("1", SIGNED, GraphQLRequest(query="subscription"))
    for found in (await endpoint.connect(SIGNED), await endpoint.start(start)):
        assert isinstance(found, AppSyncError)
        assert (found.error_type, found.message, found.status) == error
