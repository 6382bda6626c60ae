"""The AWS emulator (ministack) inside this process: its own thread, its own event loop, 127.0.0.1 only."""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
import shutil
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypercorn.asyncio import serve
from hypercorn.config import Config

from .account import ACCOUNT_ID, HOST, REGION, root_credentials
from .internals import adjust_emulator
from .local_only import local_only

START_TIMEOUT_SECONDS = 30.0
STOP_TIMEOUT_SECONDS = 8.0

logger = logging.getLogger(__name__)


class EmulatorError(Exception):
    """The emulator did not start, or it stopped unexpectedly. Its output has the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulatorFolders:
    """`state` outlives a run (token signing keys); `scratch` holds the Lambda functions' unpacked code.

    `lambda_runtime` holds the modules that functions can import besides their own.
    """

    state: Path
    scratch: Path
    lambda_runtime: Path

    def empty_scratch(self) -> None:
        """Remove the files of an earlier run."""
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.state.mkdir(mode=0o700, parents=True, exist_ok=True)


def emulator_environment(*, port: int, folders: EmulatorFolders, path: str) -> dict[str, str]:
    """The complete environment of the process: the emulator reads it at import, its functions inherit it.

    The emulator enforces IAM, opens one port only, and uses neither Docker nor the user's AWS account.
    """
    return {
        **root_credentials(),
        "AWS_ENDPOINT_URL": f"http://{HOST}:{port}",
        "AUTH": "true",
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": HOST,
        "MINISTACK_REGION": REGION,
        "MINISTACK_ACCOUNT_ID": ACCOUNT_ID,
        "STATE_DIR": str(folders.state),
        "S3_DATA_DIR": str(folders.state / "s3"),
        "TMPDIR": str(folders.scratch),
        "DOCKER_HOST": f"unix://{folders.scratch}/no-docker",
        "IOT_MTLS_ENABLED": "false",
        "SFTP_ENABLED": "false",
        "LAMBDA_EXECUTOR": "local",
        "LOG_LEVEL": "INFO",
        "PATH": path,
        "PYTHONPATH": str(folders.lambda_runtime),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
    }


class Emulator:
    """Serves on `listener` between `start` and `stop`. One per process: its state is the module's."""

    def __init__(self, listener: socket.socket, *, log_file: Path) -> None:
        """`listener` is bound and listening; connections made before `start` wait in its queue."""
        self._listener = listener
        self._log_file = log_file
        self._thread = threading.Thread(target=self._run, name="emulator", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._failure: BaseException | None = None
        port: int = listener.getsockname()[1]
        self.endpoint_url = f"http://{HOST}:{port}"

    def start(self) -> None:
        """Start serving. `wait_until_ready` waits for the first answer."""
        self._thread.start()

    def wait_until_ready(self) -> None:
        """Return once it answers requests. Raises EmulatorError."""
        try:
            with urllib.request.urlopen(  # noqa: S310 - our own http URL
                f"{self.endpoint_url}/_ministack/health", timeout=START_TIMEOUT_SECONDS
            ) as answer:
                health: Mapping[str, object] = json.load(answer)
        except (OSError, ValueError) as error:
            raise EmulatorError(self._failure_message()) from error
        if health.get("auth") != "enabled":
            raise EmulatorError(
                "The AWS emulator runs without IAM: its environment was not set before its import."
            )

    def stop(self) -> None:
        """End its Lambda processes, remove their folders, stop serving. Safe to call twice."""
        if not self._thread.is_alive():
            return
        request = urllib.request.Request(f"{self.endpoint_url}/_ministack/reset", method="POST")  # noqa: S310 - http to 127.0.0.1
        try:
            urllib.request.urlopen(request, timeout=STOP_TIMEOUT_SECONDS).close()  # noqa: S310 - our own http URL
        except OSError as error:
            logger.warning("error=<%s> | the emulator did not stop its functions", error)
        if self._loop is not None and self._stopping is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(STOP_TIMEOUT_SECONDS)

    def _failure_message(self) -> str:
        reason = f" ({self._failure})" if self._failure else ""
        return f"The AWS emulator did not start{reason}; see {self._log_file}."

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as error:
            self._failure = error
            logging.getLogger("emulator").exception("the emulator failed")
            self._listener.close()  # otherwise clients would wait for a response

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        app = importlib.import_module("ministack.app").app  # reads os.environ while it is imported
        adjust_emulator()
        config = Config()
        config.bind = [f"fd://{self._listener.detach()}"]
        config.keep_alive_timeout = 75
        config.graceful_timeout = 1
        config.accesslog = None
        config.errorlog = logging.getLogger("hypercorn.error")
        guarded: Any = local_only(app)  # hypercorn's types name every ASGI message
        await serve(guarded, config, shutdown_trigger=self._stopping.wait)


def log_emulator_to(path: Path) -> None:
    """Write the log lines of all other packages to `path`. Call it before the emulator is imported."""
    root = logging.getLogger()
    handler = logging.FileHandler(path, mode="w")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s [%(name)s] %(message)s"))
    root.addHandler(handler)
    root.setLevel(logging.INFO)
