"""A reconnecting EventSource repeats its address, so a cookie has its next ticket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.cookies import Morsel, SimpleCookie
from typing import Any

import httpx
import pytest
from starlette.requests import HTTPConnection

from statusbeam.bridge.access.authenticator import Authenticator
from statusbeam.bridge.access.connections import Connections
from statusbeam.bridge.access.ended_logins import MemoryEndedLogins
from statusbeam.bridge.access.origins import Origins
from statusbeam.bridge.access.tickets import RESUME_GRACE_SECONDS, MemoryTicketStore, Tickets
from statusbeam.bridge.access.viewer import Viewer
from statusbeam.bridge.app import create_app
from statusbeam.bridge.service import RESUME_COOKIE, Bridge, token_of
from statusbeam.model.limits import CONNECTION_SECONDS
from tests.unit.statusbeam.bridge.samples import QUICK, Log
from tests.unit.statusbeam.bridge.served import served
from tests.unit.statusbeam.bridge.viewers import VIEWERS

PAGE = "https://status.example.com"
PATHS = ["/jobs/job-1/events", "/jobs/job-1/stream?live=sse"]


class World:
    """A bridge that takes tickets, and a job that goes on."""

    def __init__(self, url: str, bridge: Bridge, log: Log, ended: MemoryEndedLogins) -> None:
        self.bridge = bridge
        self.log = log
        self.ended = ended
        self.client = httpx.AsyncClient(base_url=url)

    async def ticket(self, viewer: str = "ana") -> str:
        return (await self.bridge.tickets.issue(VIEWERS[viewer]))[0]

    async def open(self, path: str, ticket: str, cookie: str | None = None) -> tuple[int, Morsel[str] | None]:
        """The status of a stream, and the cookie that it sets."""
        headers = {"cookie": f"{RESUME_COOKIE}={cookie}"} if cookie else {}
        mark = "&" if "?" in path else "?"
        async with self.client.stream("GET", f"{path}{mark}ticket={ticket}", headers=headers) as answer:
            return answer.status_code, SimpleCookie(answer.headers.get("set-cookie", "")).get(RESUME_COOKIE)

    async def cookie(self, path: str, ticket: str, cookie: str | None = None) -> Morsel[str]:
        status, found = await self.open(path, ticket, cookie)
        assert status == 200
        assert found is not None
        return found


@asynccontextmanager
async def world(*origins: str) -> AsyncIterator[World]:
    log, ended = Log(), MemoryEndedLogins()
    log.say("agent_invoking")
    tickets = Tickets(MemoryTicketStore(), clock=log.time.clock())
    authenticator = Authenticator(ended=ended, tickets=tickets)

    async def authenticate(connection: HTTPConnection) -> Viewer:
        return await authenticator.viewer(token_of(connection))

    bridge = Bridge.in_memory(log.journal, authenticate=authenticate, pace=QUICK, clock=log.time.clock())
    bridge.tickets, bridge.connections = tickets, Connections(ended)
    bridge.origins = Origins(origins)
    async with served(create_app(bridge), bridge) as url:
        w = World(url, bridge, log, ended)
        yield w
        await w.client.aclose()


@pytest.mark.parametrize("path", PATHS)
async def test_a_stream_reconnects_repeatedly_with_a_used_ticket(path: str) -> None:
    async with world() as w:
        ticket = await w.ticket()
        cookie = await w.cookie(path, ticket)
        for _ in range(3):
            w.log.time.time += 3_600
            cookie = await w.cookie(path, ticket, cookie.value)


async def test_the_cookie_is_good_for_a_minute_after_its_use_and_for_this_address() -> None:
    async with world() as w:
        ticket = await w.ticket()
        cookie = await w.cookie(PATHS[0], ticket)
        assert (cookie["path"], cookie["httponly"], cookie["secure"]) == ("/jobs/job-1/events", True, True)
        assert cookie["max-age"] == str(CONNECTION_SECONDS)
        await w.cookie(PATHS[0], ticket, cookie.value)
        w.log.time.time += RESUME_GRACE_SECONDS - 1
        await w.cookie(PATHS[0], ticket, cookie.value)  # the answer before was lost
        w.log.time.time += 1
        assert (await w.open(PATHS[0], ticket, cookie.value))[0] == 401
        assert (await w.open(PATHS[0], ticket))[0] == 401
        for invented in ("sbt1.invented", "sbr1.invented"):
            assert (await w.open(PATHS[0], ticket, invented))[0] == 401


async def test_a_ticket_of_an_address_resumes_nothing_and_the_cookie_opens_nothing_as_one() -> None:
    async with world() as w:
        ticket, unused = await w.ticket(), await w.ticket()
        cookie = await w.cookie(PATHS[0], ticket)
        assert (await w.open(PATHS[0], ticket, ticket))[0] == 401
        assert (await w.open(PATHS[0], ticket, unused))[0] == 401
        assert (await w.open(PATHS[0], cookie.value))[0] == 401
        headers = {"authorization": f"Bearer {cookie.value}"}
        assert (await w.client.get("/jobs/job-1", headers=headers)).status_code == 401
        assert (await w.open(PATHS[0], unused))[0] == 200


async def test_a_stream_can_not_be_resumed_for_ever() -> None:
    async with world() as w:
        ticket = await w.ticket()
        cookie = await w.cookie(PATHS[0], ticket)
        w.log.time.time += CONNECTION_SECONDS - 10
        cookie = await w.cookie(PATHS[0], ticket, cookie.value)
        assert cookie["max-age"] == "10"
        w.log.time.time += 10
        assert (await w.open(PATHS[0], ticket, cookie.value))[0] == 401


async def test_a_login_that_was_ended_resumes_nothing() -> None:
    async with world() as w:
        ticket = await w.ticket()
        cookie = await w.cookie(PATHS[0], ticket)
        w.ended.end("city", "ana", at=1_000)
        assert (await w.open(PATHS[0], ticket, cookie.value))[0] == 401


async def test_the_cookie_opens_nothing_without_a_ticket_in_the_address() -> None:
    async with world() as w:
        cookie = await w.cookie(PATHS[0], await w.ticket())
        headers = {"cookie": f"{RESUME_COOKIE}={cookie.value}"}
        for method, path in (("GET", "/jobs/job-1"), ("GET", PATHS[0]), ("POST", "/run-workflow")):
            answer = await w.client.request(method, path, headers=headers)
            assert answer.status_code in (401, 422)


@pytest.mark.parametrize(("origins", "site"), [((), "Strict"), ((PAGE,), "None")])
async def test_pages_of_other_sites_send_it_only_if_they_are_named(
    origins: tuple[str, ...], site: str
) -> None:
    async with world(*origins) as w:
        cookie = await w.cookie(PATHS[0], await w.ticket())
        assert cookie["samesite"] == site
        preflight: dict[str, Any] = {"origin": PAGE, "access-control-request-method": "GET"}
        answer = await w.client.options(PATHS[0], headers=preflight)
        assert answer.headers.get("access-control-allow-credentials") == ("true" if origins else None)


async def test_a_stream_opened_by_a_token_sets_no_cookie() -> None:
    async with world() as w:
        headers = {"authorization": f"Bearer {await w.ticket()}"}
        async with w.client.stream("GET", PATHS[0], headers=headers) as answer:
            assert answer.status_code == 200
            assert "set-cookie" not in answer.headers
