"""The bridge on the tables and the user pool that its settings name."""

from __future__ import annotations

import asyncio
import logging
import re
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import boto3.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from status_utils.tokens import ViewTokenKeys, verify_view_token
from status_utils.tokens.issuer_tokens import CognitoVerifier, IssuerKeys, OidcVerifier, fetch_json
from status_utils.tokens.secret_versions import SecretVersions
from statusbeam.model.clock import Clock
from statusbeam.model.settings import ROLES_CLAIM, BridgeSettings

from .access.authenticator import Authenticator, ClaimNames, IssuerVerifier
from .access.connections import Connections
from .access.ended_logins import DynamoEndedLogins
from .access.origins import Origins
from .access.tickets import DynamoTicketStore, Tickets
from .log_reader.dynamo_reader import DynamoLogReader
from .operations.tenant_watch import Backlog, Operations, unknown_backlog
from .service import Bridge, token_of
from .tail.tails import Tails
from .workflows import StepFunctionsWorkflows

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

    from .access.viewer import Viewer

_log = logging.getLogger(__name__)

_CLIENT: Final = Config(
    connect_timeout=1,
    read_timeout=3,
    max_pool_connections=32,
    retries={"total_max_attempts": 2, "mode": "standard"},
)


def bridge_on_aws(settings: BridgeSettings, *, clock: Clock | None = None) -> Bridge:
    """The bridge, with the credentials of the environment."""
    clock = clock or Clock()
    session = boto3.session.Session()
    dynamo = session.client("dynamodb", config=_CLIENT)
    reader = DynamoLogReader(dynamo, settings.status_table, clock=clock)
    ended = DynamoEndedLogins(dynamo, settings.user_sessions_table)
    tickets = Tickets(DynamoTicketStore(dynamo, settings.user_sessions_table), clock=clock)
    authenticator = Authenticator(
        ended=ended,
        tickets=tickets,
        view_tokens=_view_tokens(settings, session, clock),
        issuers=_issuers(settings, region=dynamo.meta.region_name, clock=clock),
        claim_names=_claim_names(settings),
    )

    async def authenticate(connection: HTTPConnection) -> Viewer:
        return await authenticator.viewer(token_of(connection))

    return Bridge(
        reader=reader,
        tails=Tails(reader, clock=clock),
        connections=Connections(
            ended, in_all=settings.bridge_connections, per_user=settings.bridge_connections_per_user
        ),
        tickets=tickets,
        operations=Operations(reader, backlog=_backlog(settings, session), clock=clock),
        authenticate=authenticate,
        origins=Origins(settings.origins),
        workflows=StepFunctionsWorkflows(session.client("stepfunctions", config=_CLIENT), settings.workflows),
        clock=clock,
        heartbeat_seconds=settings.bridge_heartbeat_seconds,
    )


def _backlog(settings: BridgeSettings, session: boto3.session.Session) -> Backlog:
    url = settings.status_queue_url
    if url is None:
        return unknown_backlog
    client = session.client("sqs", config=_CLIENT)

    def count() -> int | None:
        try:
            found = client.get_queue_attributes(
                QueueUrl=url,
                AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
            )
        except (BotoCoreError, ClientError) as error:
            _log.warning("error=<%s> | the queue's backlog can't be read", type(error).__name__)
            return None
        return sum(map(int, found["Attributes"].values()))

    return partial(asyncio.to_thread, count)


def _view_tokens(settings: BridgeSettings, session: boto3.session.Session, clock: Clock) -> Any:
    if settings.view_token_secret is None or settings.view_token_audience is None:
        return None
    client = session.client("secretsmanager", config=_CLIENT)
    keys = ViewTokenKeys(SecretVersions(client, settings.view_token_secret))
    return partial(verify_view_token, keys=keys, audience=settings.view_token_audience, now=clock.now)


def _issuers(settings: BridgeSettings, *, region: str, clock: Clock) -> dict[str, IssuerVerifier]:
    found: dict[str, IssuerVerifier] = {}
    clients = re.compile("|".join(map(re.escape, settings.app_clients)))
    if settings.user_pool_id is not None:
        issuer = f"https://cognito-idp.{region}.amazonaws.com/{settings.user_pool_id}"
        keys_url = settings.issuer_keys_url or f"{issuer}/.well-known/jwks.json"
        keys = IssuerKeys(fetch_json, keys_url=keys_url, now=clock.now)
        found[issuer] = CognitoVerifier(issuer=issuer, keys=keys, now=clock.now, app_client_id=clients)
    if settings.oidc_issuer is not None:
        issuer = settings.oidc_issuer.rstrip("/")
        discovery_url = f"{issuer}/.well-known/openid-configuration"
        keys = IssuerKeys(fetch_json, discovery_url=discovery_url, now=clock.now)
        found[issuer] = OidcVerifier(issuer=settings.oidc_issuer, keys=keys, now=clock.now, client_id=clients)
    return found


def _claim_names(settings: BridgeSettings) -> ClaimNames:
    if settings.tenant_claim is None:
        return ClaimNames(user=settings.user_claims)
    return ClaimNames(
        user=settings.user_claims,
        tenant=(settings.tenant_claim,),
        roles=settings.roles_claim or ROLES_CLAIM,
    )
