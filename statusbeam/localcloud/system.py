"""Starts and stops all components of localcloud: emulator, stacks, data plane, users, dashboard, bridge."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from statusbeam.assets import PAGE

from .api_auth import APPSYNC_PRINCIPAL, api_authenticator
from .appsync.contract import Identity
from .appsync.control_plane.data_sources import AwsDataSources
from .appsync.control_plane.definition_loader import load_definition
from .appsync.graphql.engine import AppSyncApi
from .appsync.http.static_site import StaticSite
from .appsync.realtime.faults import FAULTS_PATH, Faults
from .appsync.resolvers.javascript import JsRuntime
from .appsync.server import DataPlane
from .bridge import BridgeProcess, bridge_settings
from .certificates import Certificates
from .dashboard import DashboardRoutes
from .deploy import API_KEY_OUTPUT, Deployed, Deployment, bootstrap
from .emulator.account import ACCOUNT_ID, HOST, REGION
from .emulator.clients import Clients
from .emulator.internals import EmulatorIam
from .emulator.server import Emulator
from .outputs import LocalOutputs
from .users import create_demo_users

T = TypeVar("T")

WARM_PUBLISHERS = 3

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Components:
    """The components that a system starts.

    `reserved` reserves the data plane's port until it starts. With `faults`, a route switches them.
    """

    emulator: Emulator
    deployment: Deployment
    certificates: Certificates
    reserved: socket.socket
    bridge: BridgeProcess
    faults: Faults | None = None


class LocalSystem:
    """One local cloud. `start` once, `stop` always."""

    def __init__(self, components: Components, *, report: Callable[[str], None]) -> None:
        """`report` gets one line for the user at each step of the start."""
        self._components = components
        self._report = report
        self._clients = Clients(components.emulator.endpoint_url)
        self._data_plane: DataPlane | None = None
        self._port: int = components.reserved.getsockname()[1]
        self.url = f"http://{HOST}:{self._port}"

    async def start(self) -> LocalOutputs:
        """Start all components. Raises their own errors; call `stop` afterwards."""
        self._components.emulator.start()
        self._report("deploying the stacks")
        deployed = await _timed("deploy", self._deploy())
        self._report("starting the data plane")
        warm_up = asyncio.create_task(self._warm_up(deployed.output("PublisherFunctionArn")))
        outputs = await _timed("users", asyncio.to_thread(self._outputs, deployed))
        self._components.bridge.start(bridge_settings(outputs))
        self._data_plane = await _timed("data plane", self._serve(outputs))
        await _timed("warm-up", warm_up)
        await _timed("bridge", self._components.bridge.wait_until_ready())
        return outputs

    async def stop(self) -> None:
        """Stop the bridge, the data plane, the emulator and its functions. Safe after a failed start."""
        self._components.reserved.close()
        await _timed("stop bridge", asyncio.to_thread(self._components.bridge.stop))
        if self._data_plane is not None:
            await _timed("close data plane", self._data_plane.close())
        await _timed("stop emulator", asyncio.to_thread(self._components.emulator.stop))

    async def _deploy(self) -> Deployed:
        # Synthesis is the slow part and needs no AWS: the emulator starts at the same time.
        deployment = asyncio.create_task(self._components.deployment.run(appsync_url=f"{self.url}/graphql"))
        try:
            await asyncio.to_thread(self._prepare_emulator)
            return await deployment
        finally:
            deployment.cancel()

    async def _warm_up(self, publisher_arn: str) -> None:
        """Start the publisher's first environments with an empty payload.

        Parallel agents report at the same time. On a laptop, parallel cold starts take seconds.
        """

        def invoke() -> None:
            functions = self._clients.functions
            try:
                answer = functions.invoke(FunctionName=publisher_arn, Payload=b'{"updates": []}')
            except (BotoCoreError, ClientError) as error:
                logger.warning("error=<%s> | the publisher could not be warmed up", error)
                return
            if answer.get("FunctionError"):
                logger.warning(
                    "function=<%s> | the publisher failed; its output has the reason", publisher_arn
                )

        await asyncio.gather(*(asyncio.to_thread(invoke) for _ in range(WARM_PUBLISHERS)))

    def _prepare_emulator(self) -> None:
        self._components.emulator.wait_until_ready()
        bootstrap(self._clients.s3, self._clients.parameters)

    def _outputs(self, deployed: Deployed) -> LocalOutputs:
        return LocalOutputs(
            graphql_url=f"{self.url}/graphql",
            realtime_url=f"ws://{HOST}:{self._port}/graphql/realtime",
            region=REGION,
            api_key=deployed.status.get(API_KEY_OUTPUT, ""),
            **self._readers(deployed),
            state_machine_arn=deployed.example.get("StateMachineArn", ""),
            street_fair_arn=deployed.example.get("StreetFairArn", ""),
            publisher_function_arn=deployed.output("PublisherFunctionArn"),
            status_table=deployed.output("StatusTable"),
            user_sessions_table=deployed.output("UserSessionsTable"),
            dashboard_url=f"{self.url}/",
            bridge_url=self._components.bridge.url,
            aws_endpoint_url=self._components.emulator.endpoint_url,
            api_id=deployed.output("ApiId"),
            view_token_secret_arn=deployed.output("ViewTokenSecretArn"),
            view_token_audience=deployed.output("ViewTokenAudience"),
            dead_letter_queue_url=deployed.output("DeadLetterQueueUrl"),
            status_transport=deployed.output("StatusTransport"),
            status_queue_url=deployed.output("StatusQueueUrl"),
            status_dead_letter_queue_url=deployed.output("StatusDeadLetterQueueUrl"),
            ca_certificate=str(self._components.certificates.ca),
            stacks=deployed.stacks,
        )

    def _readers(self, deployed: Deployed) -> dict[str, Any]:
        """The outputs about the readers' sign-in."""
        pool, user_claim = deployed.status.get("UserPoolId"), deployed.output("UserClaim")
        if pool is None:
            return {
                "user_claim": user_claim,
                "oidc_issuer": deployed.output("OidcIssuer"),
                "oidc_client_id": deployed.output("OidcClientId"),
                "demo_users": (),
            }
        return {
            "user_claim": user_claim,
            "user_pool_id": pool,
            "user_pool_client_id": deployed.output("UserPoolClientId"),
            "demo_users": create_demo_users(self._clients.cognito, pool),
        }

    async def _serve(self, outputs: LocalOutputs) -> DataPlane:
        clients, iam = self._clients, EmulatorIam(account_id=ACCOUNT_ID, region=REGION)
        definition = await asyncio.to_thread(load_definition, clients.appsync, clients.stacks, outputs.api_id)
        authenticator = api_authenticator(
            definition,
            endpoint_url=clients.endpoint_url,
            account_id=ACCOUNT_ID,
            region=REGION,
            iam=iam,
            functions=clients.functions,
        )

        def iam_allows(identity: Identity, type_name: str, field_name: str) -> bool:
            return iam.may_access_field(identity.access_key_id, outputs.api_id, type_name, field_name)

        def credentials_of(role_arn: str) -> Mapping[str, str]:
            return iam.session_of(role_arn, service=APPSYNC_PRINCIPAL)

        sources = AwsDataSources(clients.endpoint_url, region=REGION, credentials_of=credentials_of)
        js = JsRuntime(now=self._resolver_clock)
        api = AppSyncApi(definition, data_sources=sources, iam_allows=iam_allows, js=js)
        dashboard = DashboardRoutes(
            outputs,
            authenticator=authenticator,
            state_machines=clients.state_machines,
            new_job_id=lambda: f"demo-{uuid.uuid4()}",
        )
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(self._components.certificates.certificate, self._components.certificates.key)
        self._components.reserved.close()
        if self._components.faults is not None:
            logger.warning("path=<%s> | faults can be switched on", FAULTS_PATH)
        if not (PAGE / "index.html").exists():
            self._report("the dashboard is not built: run `make web`")
        return await DataPlane.start(
            HOST,
            self._port,
            api,
            authenticator,
            tls=tls,
            routes=dashboard.routes(),
            site=StaticSite(root=PAGE, content_security_policy=self._content_security_policy(outputs)),
            faults=self._components.faults,
        )

    def _resolver_clock(self) -> float:
        """Epoch seconds for resolvers. A fault can set this clock ahead."""
        faults = self._components.faults
        return time.time() + (faults.switches.clock_ahead_seconds if faults is not None else 0.0)

    def _content_security_policy(self, outputs: LocalOutputs) -> str:
        """The dashboard may load its own files, and connect to this server and to where readers sign in."""
        names = (HOST, "localhost")
        ours = [
            f"{scheme}://{name}:{self._port}" for name in names for scheme in ("http", "https", "ws", "wss")
        ]
        issuer = outputs.oidc_issuer
        readers = outputs.aws_endpoint_url if issuer is None else "/".join(issuer.split("/")[:3])
        connect = " ".join(["'self'", *ours, readers])
        return (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
            f"connect-src {connect}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )


async def _timed(step: str, work: Awaitable[T]) -> T:
    started_at = time.monotonic()
    result = await work
    logger.info("step=<%s>, seconds=<%.1f> | done", step, time.monotonic() - started_at)
    return result
