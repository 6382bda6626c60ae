"""Builds the authenticator of the deployed API from the emulator's keys, secrets and functions."""

from __future__ import annotations

import asyncio
import json
import re
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from status_utils.tokens.issuer_tokens import CognitoVerifier, IssuerKeys, OidcVerifier, fetch_json

from .appsync.auth.authenticator import ApiAuthenticator, AuthModes, CognitoMode
from .appsync.auth.lambda_auth import AuthorizerError, AuthorizerSettings, LambdaAuthorizer
from .appsync.contract import AuthMode
from .appsync.control_plane.definition import ApiDefinition, AuthProvider, DefinitionError
from .emulator.internals import EmulatorIam

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

APPSYNC_PRINCIPAL = "appsync.amazonaws.com"


def api_authenticator(
    definition: ApiDefinition,
    *,
    endpoint_url: str,
    account_id: str,
    region: str,
    iam: EmulatorIam,
    functions: LambdaClient,
) -> ApiAuthenticator:
    """The authenticator of a deployed API. Raises DefinitionError for an unusable configuration."""
    providers = definition.auth_providers
    by_mode: dict[str, list[AuthProvider]] = {}
    for provider in providers:
        by_mode.setdefault(provider.mode, []).append(provider)
    authorizers = [
        _lambda_authorizer(provider.config, definition.api_id, account_id, functions)
        for provider in by_mode.get(AuthMode.LAMBDA, [])
    ]
    modes = AuthModes(
        region=region,
        api_keys={key.key: key.expires_at for key in definition.api_keys}
        if AuthMode.API_KEY in by_mode
        else {},
        iam=iam.credential if AuthMode.IAM in by_mode else None,
        user_pools=tuple(
            _user_pool(p.config, endpoint_url, region) for p in by_mode.get(AuthMode.COGNITO, [])
        ),
        oidc=tuple(oidc_verifier(provider.config) for provider in by_mode.get(AuthMode.OIDC, [])),
        authorizer=authorizers[0] if authorizers else None,
    )
    return ApiAuthenticator(modes, now=time.time)


def _user_pool(config: Mapping[str, Any], endpoint_url: str, region: str) -> CognitoMode:
    pool_id = str(config["userPoolId"])
    pool_region = str(config.get("awsRegion") or region)
    # The issuer is an AWS URL, but the emulator serves the keys itself.
    keys_url = f"{endpoint_url}/{pool_id}/.well-known/jwks.json"
    verifier = CognitoVerifier(
        issuer=f"https://cognito-idp.{pool_region}.amazonaws.com/{pool_id}",
        keys=IssuerKeys(fetch_json, keys_url=keys_url, now=time.time),
        now=time.time,
        app_client_id=_pattern(config.get("appIdClientRegex")),
    )
    return CognitoMode(verifier=verifier, default_action=str(config.get("defaultAction") or "ALLOW"))


def oidc_verifier(config: Mapping[str, Any]) -> OidcVerifier:
    """The verifier for AppSync's openIDConnectConfig. Raises DefinitionError for an unusable one."""
    issuer = str(config["issuer"])
    discovery_url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    return OidcVerifier(
        issuer=issuer,
        keys=IssuerKeys(fetch_json, discovery_url=discovery_url, now=time.time),
        now=time.time,
        client_id=_pattern(config.get("clientId")),
        issued_ttl_ms=int(config.get("iatTTL") or 0),
        auth_ttl_ms=int(config.get("authTTL") or 0),
    )


def _lambda_authorizer(
    config: Mapping[str, Any], api_id: str, account_id: str, functions: LambdaClient
) -> LambdaAuthorizer:
    settings = AuthorizerSettings(
        api_id=api_id,
        account_id=account_id,
        result_ttl=float(config.get("authorizerResultTtlInSeconds") or 0),
        token_pattern=_pattern(config.get("identityValidationExpression")),
    )
    invoke = authorizer_function(functions, str(config["authorizerUri"]))
    return LambdaAuthorizer(settings, invoke, now=time.time, new_request_id=lambda: str(uuid.uuid4()))


def _pattern(text: object) -> re.Pattern[str] | None:
    if not text:
        return None
    try:
        return re.compile(str(text))
    except re.error as error:
        raise DefinitionError(
            f"The pattern {text!r} of the API's authorization is not a regular expression."
        ) from error


def authorizer_function(
    functions: LambdaClient, arn: str
) -> Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]]:
    """Invokes the function as AppSync does: only if its resource policy allows AppSync."""

    def invoke(event: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            if not _allows_appsync(functions.get_policy(FunctionName=arn)["Policy"]):
                raise AuthorizerError(f"the policy of {arn} does not allow {APPSYNC_PRINCIPAL} to invoke it")
            answer = functions.invoke(FunctionName=arn, Payload=json.dumps(event).encode())
            payload = json.loads(answer["Payload"].read())
        except (BotoCoreError, ClientError, ValueError) as error:
            raise AuthorizerError(f"{arn} could not be invoked") from error
        if answer.get("FunctionError") or not isinstance(payload, dict):
            raise AuthorizerError(f"{arn} failed")
        return payload

    async def invoke_in_thread(event: Mapping[str, Any]) -> Mapping[str, Any]:
        return await asyncio.to_thread(invoke, event)

    return invoke_in_thread


def _allows_appsync(policy: str) -> bool:
    statements = json.loads(policy).get("Statement", [])
    return any(
        statement.get("Effect") == "Allow"
        and statement.get("Action") == "lambda:InvokeFunction"
        and _service_of(statement.get("Principal")) == APPSYNC_PRINCIPAL
        for statement in statements
    )


def _service_of(principal: object) -> object:
    return principal.get("Service") if isinstance(principal, dict) else None
