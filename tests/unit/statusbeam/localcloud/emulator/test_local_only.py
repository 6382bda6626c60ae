"""Programs and this machine's pages reach the emulator; pages of other sites do not."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

import pytest

from statusbeam.localcloud.emulator.local_only import Receive, Scope, Send, local_only

LOCAL = {"host": "127.0.0.1:4566"}


async def emulator(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers everybody, like the real one."""
    await send({"type": "reached"})


async def first_answer(kind: str, headers: dict[str, str]) -> MutableMapping[str, Any]:
    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async def receive() -> MutableMapping[str, Any]:
        raise AssertionError("nothing is read before the check")

    raw = [(name.title().encode(), value.encode()) for name, value in headers.items()]
    await local_only(emulator)({"type": kind, "path": "/", "headers": raw}, receive, send)
    return sent[0]


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    "headers",
    [
        LOCAL,
        {"host": "localhost:4566"},
        {"host": "bucket.s3.localhost:4566"},
        {**LOCAL, "origin": "http://127.0.0.1:4000"},
        {**LOCAL, "origin": "https://localhost:4000", "sec-fetch-site": "cross-site"},
        {**LOCAL, "sec-fetch-site": "none"},
    ],
    ids=str,
)
async def test_programs_and_local_pages_pass(kind: str, headers: dict[str, str]) -> None:
    assert await first_answer(kind, headers) == {"type": "reached"}


@pytest.mark.parametrize(
    "headers",
    [
        {**LOCAL, "origin": "https://evil.example"},
        {**LOCAL, "origin": "null"},
        {**LOCAL, "origin": "https://localhost.evil.example"},
        {**LOCAL, "sec-fetch-site": "cross-site"},
        {"host": "evil.example:4566"},
        {"host": "evil.example:4566", "origin": "http://evil.example:4566"},
        {"host": "localhost.evil.example"},
        {"host": ""},
        {},
    ],
    ids=str,
)
async def test_a_page_of_another_site_or_a_rebound_name_is_refused(headers: dict[str, str]) -> None:
    assert (await first_answer("http", headers))["status"] == 403
    assert await first_answer("websocket", headers) == {"type": "websocket.close", "code": 1008}


async def test_the_servers_own_events_pass() -> None:
    assert await first_answer("lifespan", {}) == {"type": "reached"}
