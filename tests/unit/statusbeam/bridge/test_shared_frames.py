"""A status is encoded once for all sockets of a job, and no socket loses, repeats or reorders a status."""

from __future__ import annotations

import asyncio
import gc
import json
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedOK, InvalidStatus

from statusbeam.bridge.app import create_app
from statusbeam.bridge.routes import connection_manager
from statusbeam.bridge.service import Bridge
from statusbeam.bridge.shared_frames import text_frame, write_frames_of
from tests.unit.statusbeam.bridge.samples import QUICK, Log
from tests.unit.statusbeam.bridge.served import served
from tests.unit.statusbeam.bridge.viewers import by_name

CLIENTS = 20


class World:
    """A log, the bridge before it, and its sockets."""

    def __init__(self, url: str, log: Log, bridge: Bridge, encoded: list[str]) -> None:
        self.url = url.replace("http", "ws")
        self.log = log
        self.bridge = bridge
        self.encoded = encoded
        """The messages that were made frames."""

    def socket(self, query: str = "", **more: Any) -> connect:
        headers = {"authorization": "Bearer ana"}
        address = f"{self.url}/ws/orchestrator/job-1{query}"
        return connect(address, additional_headers=headers, proxy=None, **more)

    async def write(self, count: int, **more: Any) -> None:
        """Commit statuses one by one, and let the bridge read each."""
        for number in range(count):
            self.log.say("calling_tool", toolName=f"tool-{number}", **more)
            await asyncio.sleep(0.002)


@asynccontextmanager
async def world(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    log, encoded = Log(), []

    def counted(text: str) -> bytes:
        encoded.append(text)
        return text_frame(text)

    monkeypatch.setattr(connection_manager, "text_frame", counted)
    log.say("agent_invoking")
    bridge = Bridge.in_memory(log.journal, authenticate=by_name, pace=QUICK, clock=log.time.clock())
    async with served(create_app(bridge), bridge) as url:
        yield World(url, log, bridge, encoded)
    assert len(bridge.connections) == bridge.tails.watched == 0


async def sequences(socket: ClientConnection, *, pause: float = 0) -> list[int]:
    """The position of each message until the job's end."""
    found: list[int] = []
    try:
        while True:
            data = json.loads(await socket.recv())["data"]
            sequence, _, part = data["cursor"].partition(":")[2].partition("~")
            found.append(int(sequence) + part.isdigit())  # a part is of the status after the cursor
            if pause:
                await asyncio.sleep(pause * random.random())  # noqa: S311 - a client that is now slow, now not
    except ConnectionClosedOK:
        return found


def without_repeats(found: list[int]) -> list[int]:
    """One status may be several messages: of its agent and of the job."""
    return [one for one, before in zip(found, [None, *found], strict=False) if one != before]


async def test_a_message_is_encoded_once_for_all_sockets_of_a_job(monkeypatch: pytest.MonkeyPatch) -> None:
    async with world(monkeypatch) as w, AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(w.socket()) for _ in range(CLIENTS)]
        received = [asyncio.create_task(sequences(socket)) for socket in sockets]
        await w.write(50)
        while len(w.encoded) < 50:
            await asyncio.sleep(0.005)
        w.log.end()  # goes out by each socket's own task
        found = [without_repeats(one) for one in await asyncio.gather(*received)]
    assert found == [list(range(1, 53))] * CLIENTS
    assert len(w.encoded) == len(set(w.encoded)) == 50


async def test_a_socket_with_a_filter_gets_its_own_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    async with world(monkeypatch) as w, w.socket() as whole, w.socket("?family=workflow") as filtered:
        received = [asyncio.create_task(sequences(socket)) for socket in (whole, filtered)]
        await w.write(10)
        w.log.say("validating", agentName=None)
        await asyncio.sleep(0.02)
        w.log.end()
        everything, some = [without_repeats(one) for one in await asyncio.gather(*received)]
    assert everything == list(range(1, 14))
    assert some == [1, 12, 13]


async def test_slow_clients_and_own_messages_lose_and_reorder_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with world(monkeypatch) as w, AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(w.socket(max_queue=1)) for _ in range(6)]
        received = [
            asyncio.create_task(sequences(socket, pause=0.004 * (number % 3)))
            for number, socket in enumerate(sockets)
        ]
        connections = w.bridge.connections
        assert len(connections) == 6
        await w.write(150, metadata={"text": "x" * 4_000})
        w.log.end()
        found = [without_repeats(one) for one in await asyncio.gather(*received)]
    assert found == [list(range(1, 153))] * 6


async def test_a_client_that_stops_reading_delays_no_other_and_is_served_from_the_log(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with world(monkeypatch) as w, w.socket() as quick, w.socket(max_queue=1) as stalled:
        reading = asyncio.create_task(sequences(quick))
        for _ in range(20):
            w.log.write(
                *(
                    {"status": "calling_tool", "metadata": {"text": "x" * 6_000}, "message": f"{n}"}
                    for n in range(40)
                )
            )
            await asyncio.sleep(0.005)
        w.log.end()
        assert without_repeats(await reading) == list(range(1, 803))
        assert without_repeats(await sequences(stalled)) == list(range(1, 803))


async def test_a_socket_that_is_closed_leaves_nothing_for_the_collector(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with world(monkeypatch) as w:
        gc.collect()
        gc.disable()
        try:
            async with w.socket() as socket:
                await socket.recv()
            while len(w.bridge.connections):
                await asyncio.sleep(0.005)
            await asyncio.sleep(0.05)
            sockets = [one for one in gc.get_objects() if type(one) is connection_manager._Socket]
        finally:
            gc.enable()
    assert sockets == []


async def test_a_refused_handshake_is_answered_and_no_error_of_the_process(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with world(monkeypatch) as w:
        for path, status in (("/ws/orchestrator/job-1", 401), ("/ws/nothing", 403)):
            with pytest.raises(InvalidStatus) as refused:
                await connect(w.url + path, proxy=None)
            assert refused.value.response.status_code == status
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


def test_a_frame_is_text_that_is_not_masked() -> None:
    assert text_frame("pong") == b"\x81\x04pong"
    assert text_frame("ü" * 100)[:2] == b"\x81\x7e"


def test_a_server_without_the_extension_has_no_such_function() -> None:
    assert write_frames_of({"type": "websocket", "extensions": {"websocket.http.response": {}}}) is None
    assert write_frames_of({"type": "websocket"}) is None
