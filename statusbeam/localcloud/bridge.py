"""The bridge beside the data plane: a process of its own, as in a deployment."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from statusbeam.model.settings import OIDC_ROLES_CLAIM, TENANT_CLAIM, BridgeSettings

from .outputs import LocalOutputs
from .ports import HOST

START_TIMEOUT_SECONDS = 60.0
STOP_GRACE_SECONDS = 5.0
_POLL_SECONDS = 0.1

LOCAL_PAGES = "http://localhost:* http://127.0.0.1:*"
"""The bridge answers pages of this machine only."""

WORKFLOW = "complaints"
"""The name under which the bridge starts the example's state machine."""


class BridgeStartError(Exception):
    """The bridge did not start. The message names the file of its output."""


def bridge_settings(outputs: LocalOutputs) -> BridgeSettings:
    """The settings of a bridge for these outputs."""
    settings = BridgeSettings(
        status_table=outputs.status_table,
        user_sessions_table=outputs.user_sessions_table,
        view_token_secret=outputs.view_token_secret_arn,
        view_token_audience=outputs.view_token_audience,
        bridge_origins=LOCAL_PAGES,
        status_queue_url=outputs.status_queue_url,
        user_claim=outputs.user_claim,
        bridge_workflows=f"{WORKFLOW}={outputs.state_machine_arn}" if outputs.state_machine_arn else None,
    )
    if outputs.user_pool_id is None:
        return replace(
            settings,
            oidc_issuer=outputs.oidc_issuer,
            oidc_client_ids=outputs.oidc_client_id,
            tenant_claim=TENANT_CLAIM,
            roles_claim=OIDC_ROLES_CLAIM,
        )
    return replace(
        settings,
        user_pool_id=outputs.user_pool_id,
        user_pool_client_ids=outputs.user_pool_client_id,
        # The issuer is an AWS URL, but the emulator serves the keys itself.
        issuer_keys_url=f"{outputs.aws_endpoint_url}/{outputs.user_pool_id}/.well-known/jwks.json",
    )


class BridgeProcess:
    """The bridge. `reserved` reserves its port until `start`, which runs once; `stop` always.

    `environment` has the credentials, and where AWS is.
    """

    def __init__(self, reserved: socket.socket, *, log_file: Path, environment: Mapping[str, str]) -> None:
        self._reserved = reserved
        self._port: int = reserved.getsockname()[1]
        self.url = f"http://{HOST}:{self._port}"
        self._log_file = log_file
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, settings: BridgeSettings) -> None:
        """Start the process."""
        self._reserved.close()
        command = [
            sys.executable,
            "-P",  # the bridge must not import modules of the caller's current folder
            "-m",
            "statusbeam.bridge.server",
            "--host",
            HOST,
            "--port",
            str(self._port),
        ]
        # In the emulator's environment it limits the imports of Lambda functions.
        environment = {name: value for name, value in self._environment.items() if name != "PYTHONPATH"}
        with self._log_file.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                command,
                env={**environment, **settings.to_env()},
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )

    async def wait_until_ready(self) -> None:
        """Return once it answers. Raises BridgeStartError."""
        failed = BridgeStartError(f"The bridge did not start; the reason is in {self._log_file}.")
        try:
            async with asyncio.timeout(START_TIMEOUT_SECONDS):
                while not await asyncio.to_thread(self._answers):
                    if self._process is None or self._process.poll() is not None:
                        raise failed
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError:
            raise failed from None

    def stop(self) -> None:
        """Stop the process. Safe when it was never started."""
        self._reserved.close()
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=1):  # noqa: S310 - our own http URL
                return True
        except OSError:
            return False
