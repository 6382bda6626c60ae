"""All parts of localcloud put together and taken apart again: emulator, stacks, data plane, users, page."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import boto3
from botocore.config import Config

from localcloud.api_auth import api_authenticator
from localcloud.appsync.auth import ApiAuthenticator
from localcloud.appsync.server import DataPlane
from localcloud.appsync.static_site import StaticSite
from localcloud.certificates import Certificates
from localcloud.deploy import ROOT, Deployment, create_asset_bucket, output
from localcloud.emulator import ACCOUNT_ID, REGION, Emulator
from localcloud.emulator_iam import EmulatorIam
from localcloud.outputs import LocalOutputs
from localcloud.page import DemoPage
from localcloud.ports import HOST
from localcloud.users import create_demo_users

T = TypeVar("T")

DASHBOARD = ROOT / "web" / "dashboard"
_CLIENT_CONFIG = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=60)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a system is made of. `reserved` keeps the data plane's port until it is started."""

    emulator: Emulator
    deployment: Deployment
    certificates: Certificates
    reserved: socket.socket


class LocalSystem:
    """One local cloud. `start` once, `stop` always."""

    def __init__(self, parts: Parts, *, tell: Callable[[str], None]) -> None:
        """`tell` gets one line for the user at each step of the start."""
        self._parts = parts
        self._tell = tell
        self._data_plane: DataPlane | None = None
        port: int = parts.reserved.getsockname()[1]
        self.url = f"http://{HOST}:{port}"

    async def start(self) -> LocalOutputs:
        """Bring everything up. Raises the parts' own errors; `stop` cleans up after them."""
        self._parts.emulator.start()
        self._tell("deploying the stacks")
        stacks = await self._step("deploy", self._deploy())
        self._tell("starting the data plane")
        outputs = await self._step("users", asyncio.to_thread(self._outputs, stacks))
        await self._step("data plane", self._serve(outputs))
        return outputs

    async def stop(self) -> None:
        """Stop serving, end the emulator and its functions. Safe after a failed start."""
        self._parts.reserved.close()
        if self._data_plane is not None:
            await self._data_plane.close()
        await asyncio.to_thread(self._parts.emulator.stop)

    async def _deploy(self) -> dict[str, str]:
        # Synth is the slow part and needs no AWS: the emulator comes up beside it.
        async with asyncio.TaskGroup() as tasks:
            deployment = tasks.create_task(self._parts.deployment.run(appsync_url=f"{self.url}/graphql"))
            tasks.create_task(asyncio.to_thread(self._prepare_emulator))
        return deployment.result()

    def _prepare_emulator(self) -> None:
        self._parts.emulator.wait_until_ready()
        create_asset_bucket(self._client("s3"))

    def _client(self, service: str) -> Any:
        return boto3.client(
            service, endpoint_url=self._parts.emulator.endpoint_url, region_name=REGION, config=_CLIENT_CONFIG
        )

    def _outputs(self, stacks: Mapping[str, str]) -> LocalOutputs:
        user_pool_id = output(stacks, "UserPoolId")
        return LocalOutputs(
            graphql_url=f"{self.url}/graphql",
            realtime_url=f"{self.url.replace('http', 'ws', 1)}/graphql/realtime",
            region=REGION,
            api_key=output(stacks, "ApiKey"),
            user_pool_id=user_pool_id,
            user_pool_client_id=output(stacks, "UserPoolClientId"),
            state_machine_arn=output(stacks, "StateMachineArn"),
            publisher_function_arn=output(stacks, "PublisherFunctionArn"),
            status_table=output(stacks, "StatusTable"),
            user_sessions_table=output(stacks, "UserSessionsTable"),
            dashboard_url=f"{self.url}/",
            aws_endpoint_url=self._parts.emulator.endpoint_url,
            demo_users=create_demo_users(self._client("cognito-idp"), user_pool_id),
            api_id=output(stacks, "ApiId"),
            view_token_secret_arn=output(stacks, "ViewTokenSecretArn"),
            dead_letter_queue_url=output(stacks, "DeadLetterQueueUrl"),
            ca_certificate=str(self._parts.certificates.ca),
        )

    async def _serve(self, outputs: LocalOutputs) -> None:
        emulator = self._parts.emulator
        definition = await asyncio.to_thread(self._load_definition, outputs.api_id)
        iam = EmulatorIam(account_id=ACCOUNT_ID, region=REGION)
        authenticator = api_authenticator(
            definition,
            endpoint_url=emulator.endpoint_url,
            account_id=ACCOUNT_ID,
            region=REGION,
            iam=iam,
            functions=self._client("lambda"),
        )
