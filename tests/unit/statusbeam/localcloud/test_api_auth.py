"""From a deployed API's configuration to its authenticator, and the call of the authorizer function."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

import boto3
import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber

from statusbeam.localcloud.api_auth import api_authenticator, authorizer_function
from statusbeam.localcloud.appsync.auth.lambda_auth import AuthorizerError
from statusbeam.localcloud.appsync.contract import AuthenticationError, AuthMode, SignedRequest
from statusbeam.localcloud.appsync.control_plane.definition import (
    ApiDefinition,
    ApiKey,
    AuthProvider,
    DefinitionError,
)
from statusbeam.localcloud.emulator.internals import EmulatorIam

ARN = "arn:aws:lambda:us-east-1:000000000000:function:Authorizer"
KEY = "da2-key"


def policy(principal: object = None, effect: str = "Allow") -> str:
    statement = {
        "Effect": effect,
        "Principal": principal or {"Service": "appsync.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": ARN,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def functions() -> Iterator[tuple[Any, Stubber]]:
    client = boto3.client("lambda", region_name="us-east-1")
    with Stubber(client) as stubber:
        yield client, stubber


def answer(stubber: Stubber, payload: bytes, **more: Any) -> None:
    stubber.add_response("get_policy", {"Policy": policy()}, {"FunctionName": ARN})
    body = StreamingBody(io.BytesIO(payload), len(payload))
    stubber.add_response(
        "invoke", {"StatusCode": 200, "Payload": body, **more}, {"FunctionName": ARN, "Payload": b'{"a": 1}'}
    )


async def test_the_authorizer_gets_the_event_and_its_answer_is_returned(
    functions: tuple[Any, Stubber],
) -> None:
    client, stubber = functions
    answer(stubber, b'{"isAuthorized": true}')
    assert await authorizer_function(client, ARN)({"a": 1}) == {"isAuthorized": True}


@pytest.mark.parametrize(
    ("payload", "more"),
    [
        (b'{"errorMessage": "boom"}', {"FunctionError": "Unhandled"}),
        (b"null", {}),
        (b"not json", {}),
    ],
    ids=["it raised", "no object", "no JSON"],
)
async def test_an_authorizer_without_a_usable_answer_is_an_error(
    functions: tuple[Any, Stubber], payload: bytes, more: Mapping[str, Any]
) -> None:
    client, stubber = functions
    answer(stubber, payload, **more)
    with pytest.raises(AuthorizerError):
        await authorizer_function(client, ARN)({"a": 1})


@pytest.mark.parametrize(
    "refusing",
    [policy({"Service": "apigateway.amazonaws.com"}), policy("*"), policy(effect="Deny"), "{}"],
    ids=["another service", "no service", "a denial", "empty"],
)
async def test_a_function_that_does_not_let_appsync_in_is_not_invoked(
    functions: tuple[Any, Stubber], refusing: str
) -> None:
    client, stubber = functions
    stubber.add_response("get_policy", {"Policy": refusing}, {"FunctionName": ARN})
    with pytest.raises(AuthorizerError, match=r"does not allow appsync\.amazonaws\.com to invoke it"):
        await authorizer_function(client, ARN)({"a": 1})


async def test_a_function_without_any_policy_is_not_invoked(functions: tuple[Any, Stubber]) -> None:
    client, stubber = functions
    stubber.add_client_error("get_policy", "ResourceNotFoundException")
    with pytest.raises(AuthorizerError):
        await authorizer_function(client, ARN)({"a": 1})


def definition(*providers: AuthProvider) -> ApiDefinition:
    return ApiDefinition(
        api_id="api0",
        name="api",
        sdl="type Query { a: ID }",
        default_auth=providers[0],
        additional_auth=providers[1:],
        api_keys=(ApiKey(key=KEY, expires_at=4e9),),
    )


def authenticator(client: Any, *providers: AuthProvider) -> Any:
    return api_authenticator(
        definition(*providers),
        endpoint_url="http://127.0.0.1:1",
        account_id="000000000000",
        region="us-east-1",
        iam=EmulatorIam(account_id="000000000000", region="us-east-1"),
        functions=client,
    )


def with_key() -> SignedRequest:
    return SignedRequest(method="POST", path="/graphql", headers={"x-api-key": KEY}, body=b"{}")


async def test_an_api_key_counts_only_where_the_mode_is_on(functions: tuple[Any, Stubber]) -> None:
    client, _ = functions
    keys_on = authenticator(client, AuthProvider(mode=AuthMode.IAM), AuthProvider(mode=AuthMode.API_KEY))
    assert (await keys_on.authenticate(with_key())).mode == AuthMode.API_KEY
    keys_off = authenticator(client, AuthProvider(mode=AuthMode.IAM))
    with pytest.raises(AuthenticationError):
        await keys_off.authenticate(with_key())


async def test_the_lambda_mode_uses_the_deployed_function_and_pattern(functions: tuple[Any, Stubber]) -> None:
    client, stubber = functions
    config = {"authorizerUri": ARN, "identityValidationExpression": "^statusbeam .+"}
    api = authenticator(client, AuthProvider(mode=AuthMode.LAMBDA, config=config))
    stubber.add_response("get_policy", {"Policy": policy("nobody")}, {"FunctionName": ARN})
    for token in ("other token", "statusbeam token"):
        request = SignedRequest(method="POST", path="/graphql", headers={"authorization": token}, body=b"{}")
        with pytest.raises(AuthenticationError):
            await api.authenticate(request)
    stubber.assert_no_pending_responses()  # the second token got as far as the function


async def test_a_user_pool_whose_keys_are_out_of_reach_refuses(functions: tuple[Any, Stubber]) -> None:
    client, _ = functions
    config = {"userPoolId": "us-east-1_pool", "awsRegion": "us-east-1", "defaultAction": "ALLOW"}
    api = authenticator(client, AuthProvider(mode=AuthMode.COGNITO, config=config))
    token = (
        "eyJhbGciOiJSUzI1NiIsImtpZCI6ImsifQ."
        "eyJpc3MiOiJodHRwczovL2NvZ25pdG8taWRwLnVzLWVhc3QtMS5hbWF6b25hd3MuY29tL3VzLWVhc3QtMV9wb29sIn0.c2ln"
    )
    request = SignedRequest(method="POST", path="/graphql", headers={"authorization": token}, body=b"{}")
    with pytest.raises(AuthenticationError, match="keys are not available"):
        await api.authenticate(request)


def test_a_broken_pattern_is_named(functions: tuple[Any, Stubber]) -> None:
    client, _ = functions
    config = {"authorizerUri": ARN, "identityValidationExpression": "("}
    with pytest.raises(DefinitionError, match="is not a regular expression"):
        authenticator(client, AuthProvider(mode=AuthMode.LAMBDA, config=config))
