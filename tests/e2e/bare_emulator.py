"""The AWS emulator alone, without our data plane."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.e2e.waiting import DEADLINE_SECONDS

REGION = "us-east-1"


@dataclass(frozen=True, kw_only=True)
class Emulator:
    """The emulator alone, without our data plane before it."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, service: str) -> Any:
        return boto3.client(  # type: ignore[call-overload]  # the service's name is not a literal here
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"max_attempts": 1}),
        )

    def graphql(self, api_id: str, query: str, headers: Mapping[str, str]) -> dict[str, Any]:
        request = urllib.request.Request(
            f"{self.url}/v1/apis/{api_id}/graphql",
            data=json.dumps({"query": query}).encode(),
            headers={"content-type": "application/json", **headers},
        )
        with urllib.request.urlopen(request, timeout=DEADLINE_SECONDS) as answer:
            body: dict[str, Any] = json.load(answer)
        return body


@contextmanager
def emulator_process(folder: Path) -> Iterator[Emulator]:
    """One process with its files in `folder`, on a free port of 127.0.0.1, enforcing IAM policies."""
    # It inherits a socket that listens already: a port that is chosen in advance may be taken by its start.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port, inherited = listener.getsockname()[1], listener.fileno()
        yield from _running(folder, port, inherited)


def _running(folder: Path, port: int, inherited: int) -> Iterator[Emulator]:
    environment = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "STATE_DIR": str(folder),
        "TMPDIR": str(folder),
        "HOME": str(folder),
        "AUTH": "true",
    }
    serve = ["-m", "hypercorn", "ministack.app:app", "--bind", f"fd://{inherited}", "--keep-alive", "75"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, *serve],
            env=environment,
            cwd=folder,
            stdout=log,
            stderr=log,
            pass_fds=[inherited],
        )
    try:
        _wait_until_it_answers(Emulator(port=port), folder / "log")
        yield Emulator(port=port)
    finally:
        process.terminate()
        process.wait(DEADLINE_SECONDS)


def _wait_until_it_answers(emulator: Emulator, log: Path) -> None:
    try:
        urllib.request.urlopen(f"{emulator.url}/_ministack/health", timeout=DEADLINE_SECONDS).close()
    except OSError:
        pytest.fail(f"the emulator did not start:\n{log.read_text()[-2000:]}")
