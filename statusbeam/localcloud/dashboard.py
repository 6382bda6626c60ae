"""The dashboard's own routes: its configuration, and the start of the example jobs.

The router checks `Host` and `Origin` first, so only local pages can use these routes.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from statusbeam.model.settings import OIDC_ROLES_CLAIM, SIGN_IN_SCOPES, TENANT_ATTRIBUTE, TENANT_CLAIM

from .appsync.contract import (
    AppSyncError,
    AuthenticationError,
    Authenticator,
    AuthMode,
    Identity,
    SignedRequest,
)
from .appsync.http.messages import HttpRequest, HttpResponse
from .appsync.http.router import Handler
from .outputs import LocalOutputs

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

CONFIG_PATH = "/config.json"
JOBS_PATH = "/demo/jobs"
FAIRS_PATH = "/demo/street-fairs"
MAX_BODY_BYTES = 16_384
MAX_COMPLAINT_CHARACTERS = 2_000
MAX_AGENT_NAME_CHARACTERS = 64
MAX_PACE = 10
STREET_FAIR = {"street": "Castro Street", "month": 5, "visitors": 4_000, "weatherFailures": 1}
"""The demo's application for a street fair. Its weather service fails once."""

_NO_STORE = {"cache-control": "no-store"}


class DashboardRoutes:
    """The dashboard's routes. They exist on localcloud only."""

    def __init__(
        self,
        outputs: LocalOutputs,
        *,
        authenticator: Authenticator,
        state_machines: SFNClient,
        new_job_id: Callable[[], str],
    ) -> None:
        self._outputs = outputs
        self._authenticator = authenticator
        self._state_machines = state_machines
        self._new_job_id = new_job_id

    def routes(self) -> Mapping[tuple[str, str], Handler]:
        """GET /config.json, POST /demo/jobs and POST /demo/street-fairs."""
        return {
            ("GET", CONFIG_PATH): self.config,
            ("POST", JOBS_PATH): self.start_job,
            ("POST", FAIRS_PATH): self.start_fair,
        }

    async def config(self, _: HttpRequest) -> HttpResponse:
        """The dashboard's configuration. It has the demo users' passwords: the demo runs on one machine."""
        document = self._outputs.to_json()
        config = {name: document[name] for name in ("graphqlUrl", "realtimeUrl")}
        if document["demoUsers"]:
            config["demoUsers"] = document["demoUsers"]
        config["hasExample"] = bool(self._outputs.state_machine_arn)
        return HttpResponse.json({**config, "signIn": self._sign_in()}, headers=_NO_STORE)

    def _sign_in(self) -> Mapping[str, Any]:
        outputs = self._outputs
        if outputs.user_pool_id is None:
            return {
                "kind": "oidc",
                "issuer": outputs.oidc_issuer,
                "clientId": outputs.oidc_client_id,
                "scopes": SIGN_IN_SCOPES,
                "userClaim": outputs.user_claim,
                "tenantClaim": TENANT_CLAIM,
                "rolesClaim": OIDC_ROLES_CLAIM,
            }
        return {
            "kind": "password",
            "region": outputs.region,
            "userPoolId": outputs.user_pool_id,
            "clientId": outputs.user_pool_client_id,
            "endpoint": outputs.aws_endpoint_url,
            "userClaim": outputs.user_claim,
        }

    async def start_job(self, request: HttpRequest) -> HttpResponse:
        """Start the job that reads a complaint, for the signed-in user.

        The body is `{"complaint": "…", "failAgent": null}`, the response `{"jobId": "…"}`.
        """
        if not self._outputs.state_machine_arn:
            raise AppSyncError("This app has no example workflow to start.", "NotFound", status=404)
        identity = await self._signed_in(request)
        return await self._start(identity, self._outputs.state_machine_arn, _job_input(request.body))

    async def start_fair(self, request: HttpRequest) -> HttpResponse:
        """Start the job that decides on a street fair, for the signed-in user.

        The body is `{"pace": 1}`: 1 takes about half a minute, 0 takes no time. The response is `{"jobId":
        "…"}`.
        """
        identity = await self._signed_in(request)
        return await self._start(identity, self._outputs.street_fair_arn, _fair_input(request.body))

    async def _start(self, identity: Identity, machine: str, job_input: Mapping[str, Any]) -> HttpResponse:
        job_id = self._new_job_id()
        execution = {
            **job_input,
            "jobId": job_id,
            "userId": self._user(identity),
            "tenantId": _tenant(identity),
        }
        await asyncio.to_thread(
            self._state_machines.start_execution,
            stateMachineArn=machine,
            name=job_id,
            input=json.dumps(execution),
        )
        return HttpResponse.json({"jobId": job_id}, headers=_NO_STORE)

    def _user(self, identity: Identity) -> str:
        """The page sends ID tokens, which have the claim under this one name."""
        return str(_claims(identity)[self._outputs.user_claim])

    async def _signed_in(self, request: HttpRequest) -> Identity:
        headers = {"authorization": request.headers.get("authorization", "")}
        signed = SignedRequest(method=request.method, path=request.path, headers=headers, body=request.body)
        identity = await self._authenticator.authenticate(signed)
        if identity.mode != AuthMode.COGNITO:
            raise AuthenticationError("Sign in as a user of the user pool to start a job.")
        return identity


def _claims(identity: Identity) -> Mapping[str, Any]:
    claims: Mapping[str, Any] = (identity.context or {}).get("claims", {})
    return claims


def _tenant(identity: Identity) -> str:
    claims = _claims(identity)
    tenant = claims.get(TENANT_CLAIM) or claims.get(TENANT_ATTRIBUTE)
    if not tenant:
        raise AppSyncError("The user belongs to no tenant.", "Forbidden", status=403)
    return str(tenant)


def _job_input(body: bytes) -> dict[str, Any]:
    """The checked body: `complaint`, and `failAgent` to let an agent fail. Raises AppSyncError 400."""
    document = _object(body)
    complaint, fail_agent = document.get("complaint"), document.get("failAgent")
    if not isinstance(complaint, str) or not complaint.strip():
        raise _bad_request("complaint must be a text and must not be empty.")
    if len(complaint) > MAX_COMPLAINT_CHARACTERS:
        raise _bad_request(f"complaint is longer than {MAX_COMPLAINT_CHARACTERS} characters.")
    work = {"complaint": complaint.strip()}
    if fail_agent is not None:
        if not isinstance(fail_agent, str) or not 0 < len(fail_agent) <= MAX_AGENT_NAME_CHARACTERS:
            raise _bad_request("failAgent must be null or the name of an agent.")
        work["failAgent"] = fail_agent
    return work


def _fair_input(body: bytes) -> dict[str, Any]:
    """The application for a street fair, at the checked `pace` of the body. Raises AppSyncError 400."""
    pace = _object(body).get("pace", 1)
    if isinstance(pace, bool) or not isinstance(pace, int | float) or not 0 <= pace <= MAX_PACE:
        raise _bad_request(f"pace must be a number from 0 to {MAX_PACE}.")
    return {**STREET_FAIR, "pace": pace}


def _object(body: bytes) -> dict[str, Any]:
    if len(body) > MAX_BODY_BYTES:
        raise _bad_request(f"The body is larger than {MAX_BODY_BYTES} bytes.")
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise _bad_request("The body is not JSON.") from None
    if not isinstance(document, dict):
        raise _bad_request("The body is not a JSON object.")
    return document


def _bad_request(message: str) -> AppSyncError:
    return AppSyncError(message, "BadRequestException", status=400)
