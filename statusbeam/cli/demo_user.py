"""A demo user of the running localcloud: signs in, starts a job, reads its log, receives its pushes."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from statusbeam.localcloud.outputs import DemoUser, LocalOutputs
from statusbeam.model.limits import UPDATES_PER_PAGE

from .command import CommandError

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

ANSWER_SECONDS = 15
SERVER_ERROR = 500

_UPDATE = """jobId userId tenantId eventId sequence type status qualifiedStatus message agentName invocationId
  parentInvocationId attempt toolName progress etaSeconds executionTimeMs timestamp metadata"""
ON_STATUS_UPDATE = f"""subscription OnStatusUpdate($userId: ID!) {{
  onStatusUpdate(userId: $userId, joined: true) {{ {_UPDATE} earlier {{ {_UPDATE} }} }}
}}"""
LIST_STATUS_UPDATES = f"""query ListStatusUpdates($jobId: ID!, $afterSequence: Int, $limit: Int) {{
  listStatusUpdates(jobId: $jobId, afterSequence: $afterSequence, limit: $limit) {{
    updates {{ {_UPDATE} }} currentSequence nextAfterSequence recovered reason firstSequence
  }}
}}"""

ANSWER_WAITING = """mutation Answer($jobId: ID!, $invocationId: ID, $approved: Boolean!, $comment: String) {
  answerWaiting(jobId: $jobId, invocationId: $invocationId, approved: $approved, comment: $comment) { jobId }
}"""


class RefusedError(Exception):
    """The server refused the request. `error_type` is AppSync's errorType, if the answer has one."""

    def __init__(self, message: str, error_type: str | None = None) -> None:
        super().__init__(message)
        self.error_type = error_type


class UnreachableError(Exception):
    """The server did not answer or failed. A retry may succeed."""


def choose_user(outputs: LocalOutputs, username: str | None) -> DemoUser:
    """The demo user with this name, or the first that is not an operator. Raises CommandError."""
    if outputs.user_pool_client_id is None:
        raise CommandError(
            f"this localcloud has no demo users: readers sign in at {outputs.oidc_issuer}. "
            "Start one without --oidc-issuer."
        )
    if username is None:
        return next(user for user in outputs.demo_users if "operator" not in user.roles)
    for user in outputs.demo_users:
        if user.username == username:
            return user
    known = ", ".join(user.username for user in outputs.demo_users)
    raise CommandError(f"the demo user {username} does not exist. The demo users are {known}.")


@dataclass(frozen=True, slots=True)
class SignedInUser:
    """The operations of one user. `id_token` is a credential: it is never printed or stored."""

    outputs: LocalOutputs
    user: DemoUser
    id_token: str = field(repr=False)

    async def start_job(self, complaint: str, fail_agent: str | None) -> str:
        """Start the job that reads a complaint, and return its id. Raises RefusedError, UnreachableError."""
        body = {"complaint": complaint, "failAgent": fail_agent}
        answer = await asyncio.to_thread(self._post, f"{self.outputs.dashboard_url}demo/jobs", body)
        return str(answer["jobId"])

    async def start_fair(self, pace: float) -> str:
        """Start the job that decides on a street fair, and return its id. Raises as `start_job` does."""
        url = f"{self.outputs.dashboard_url}demo/street-fairs"
        answer = await asyncio.to_thread(self._post, url, {"pace": pace})
        return str(answer["jobId"])

    async def answer_waiting(
        self, job_id: str, invocation_id: str | None, approved: bool, comment: str | None
    ) -> None:
        """Answer the wait of a job. Raises RefusedError, UnreachableError."""
        variables = {
            "jobId": job_id,
            "invocationId": invocation_id,
            "approved": approved,
            "comment": comment,
        }
        body = {"query": ANSWER_WAITING, "variables": variables}
        await asyncio.to_thread(self._post, self.outputs.graphql_url, body)

    async def log_page(self, job_id: str, after: int) -> Mapping[str, Any]:
        """A page of the job's log after a sequence. Raises RefusedError, UnreachableError."""
        variables = {"jobId": job_id, "afterSequence": after, "limit": UPDATES_PER_PAGE}
        body = {"query": LIST_STATUS_UPDATES, "variables": variables}
        answer = await asyncio.to_thread(self._post, self.outputs.graphql_url, body)
        page: Mapping[str, Any] = answer["data"]["listStatusUpdates"]
        return page

    async def pushes(self) -> AsyncGenerator[Mapping[str, Any] | None, None]:
        """Yield None when the connection is open, then the pushed statuses of all of the user's jobs.

        Raises gql's TransportError when the connection breaks.
        """
        # gql is slow to import, and other commands do not need it.
        from gql import Client, GraphQLRequest  # noqa: PLC0415 - see above
        from gql.transport.appsync_auth import AppSyncJWTAuthentication  # noqa: PLC0415 - see above
        from gql.transport.appsync_websockets import AppSyncWebsocketsTransport  # noqa: PLC0415 - see above

        graphql = urlsplit(self.outputs.graphql_url)
        transport = AppSyncWebsocketsTransport(
            url=graphql._replace(scheme=graphql.scheme.replace("http", "ws")).geturl(),
            auth=AppSyncJWTAuthentication(host=graphql.netloc, jwt=self.id_token),
        )
        request = GraphQLRequest(ON_STATUS_UPDATE, variable_values={"userId": self.user.user_id})
        async with Client(transport=transport, fetch_schema_from_transport=False) as session:
            yield None
            async for result in session.subscribe(request):
                if result.get("onStatusUpdate"):
                    yield result["onStatusUpdate"]

    def _post(self, url: str, body: Mapping[str, Any]) -> Any:
        request = urllib.request.Request(  # noqa: S310 - localcloud's own http address
            url,
            data=json.dumps(body).encode(),
            headers={"content-type": "application/json", "authorization": self.id_token},
        )
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as response:  # noqa: S310 - as above
                answer = json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                message = _first_message(error.read()) or f"HTTP status {error.code}"
            failure = UnreachableError if error.code >= SERVER_ERROR else RefusedError
            raise failure(message) from error
        except (OSError, ValueError) as error:
            raise UnreachableError(f"{urlsplit(url).netloc} does not answer ({error})") from error
        if "errors" in answer:
            first = _first_error(answer)
            raise RefusedError(first.get("message") or "the API refused", first.get("errorType"))
        return answer


def sign_in(outputs: LocalOutputs, user: DemoUser) -> SignedInUser:
    """Sign a demo user in with Cognito. Raises CommandError."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - only signing in needs the SDK

    try:
        answer = _cognito(outputs).initiate_auth(
            AuthFlow="USER_PASSWORD_AUTH",
            ClientId=outputs.user_pool_client_id or "",
            AuthParameters={"USERNAME": user.username, "PASSWORD": user.password},
        )
    except (BotoCoreError, ClientError) as error:
        raise CommandError(f"can't sign in {user.username}: {error}") from error
    return SignedInUser(outputs, user, answer["AuthenticationResult"]["IdToken"])


def _cognito(outputs: LocalOutputs) -> CognitoIdentityProviderClient:
    import boto3.session  # noqa: PLC0415 - as in sign_in
    from botocore import UNSIGNED  # noqa: PLC0415 - as in sign_in
    from botocore.config import Config  # noqa: PLC0415 - as in sign_in

    return boto3.session.Session().client(
        "cognito-idp",
        region_name=outputs.region,
        endpoint_url=outputs.aws_endpoint_url,
        config=Config(signature_version=UNSIGNED, connect_timeout=5, read_timeout=ANSWER_SECONDS),
    )


def _first_message(body: bytes) -> str | None:
    try:
        message = _first_error(json.loads(body)).get("message")
    except ValueError:
        return None
    return None if message is None else str(message)


def _first_error(answer: Any) -> Mapping[str, Any]:
    """AppSync sends `errors` as a list, and for some errors as one object."""
    errors = answer.get("errors") if isinstance(answer, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else errors
    return first if isinstance(first, dict) else {}
