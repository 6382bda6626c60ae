"""A browser's own EventSource and WebSocket on a bridge whose process gets `kill -9`, opened with tickets."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Response

from tests.browser.own_site import own_site
from tests.chromium import open_chromium
from tests.e2e.waiting import DEADLINE_SECONDS
from tests.soak.killable_bridge import KillableBridge

DEADLINE_MS = 1_000 * DEADLINE_SECONDS
SCRIPT = Path(__file__).with_name("bridge_page.js")
POLICY = "connect-src {bridge} {sockets}"
PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Somebody's page</title>
<script src="bridge_page.js"></script>
</html>
"""


class Watched:
    """A job, and a page of another site that follows it."""

    def __init__(self, bridge: KillableBridge, page: Page) -> None:
        self.bridge = bridge
        self.page = page
        self.reported = 0

    def report(self, *words: str) -> None:
        """Commit one status for each word, each in a separate commit."""
        for word in words:
            self.reported += 1
            named = {"agentName": None} if word == "complete" else {}
            self.bridge.commit(f"b{self.reported}", {"status": word, "message": f"Now: {word}", **named})

    def kill_and_restart(self, *meanwhile: str) -> None:
        """Send SIGKILL to the bridge, report statuses meanwhile, and start the next one."""
        self.bridge.kill()
        self.report(*meanwhile)
        self.bridge.start()

    def wait(self, condition: str) -> None:
        """Wait until a JavaScript expression holds in the page."""
        self.page.wait_for_function(condition, timeout=DEADLINE_MS)

    def received(self) -> list[dict[str, Any]]:
        """The statuses that the page received."""
        found: list[dict[str, Any]] = self.page.evaluate("received")
        return found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium without a localcloud."""
    with open_chromium() as chromium:
        yield chromium


@pytest.fixture
def bridge() -> Iterator[KillableBridge]:
    with KillableBridge() as killable:
        killable.start()
        yield killable


@pytest.fixture
def watched(bridge: KillableBridge, browser: Browser, tmp_path: Path) -> Iterator[Watched]:
    shutil.copy(SCRIPT, tmp_path)
    (tmp_path / "index.html").write_text(PAGE)
    policy = POLICY.format(bridge=bridge.url, sockets=bridge.url.replace("http", "ws"))
    context = browser.new_context()
    with own_site(tmp_path, policy) as url:
        page = context.new_page()
        page.goto(f"{url}?bridge={bridge.url}&job=job-1")
        yield Watched(bridge, page)
        context.close()


def test_a_browsers_event_source_survives_killed_bridges_and_is_not_reconnected_after_the_end(
    watched: Watched,
) -> None:
    answers: list[Response] = []

    def answered(answer: Response) -> None:
        answers.append(answer)

    watched.page.on("response", answered)
    watched.report("agent_invoking")
    watched.page.evaluate("followEvents()")
    watched.wait("received.length === 1")
    watched.report("calling_tool")
    watched.wait("received.length === 2")
    watched.kill_and_restart("tool_complete", "calling_tool")
    watched.wait("received.length === 4")
    watched.report("tool_complete")
    watched.wait("received.length === 5")
    watched.kill_and_restart("calling_tool", "agent_complete")
    watched.wait("received.length === 7")
    watched.report("complete")
    watched.wait("ended")
    snapshot, *statuses = watched.received()
    assert (snapshot["type"], snapshot["sequence"]) == ("snapshot", 1)
    assert [status["sequence"] for status in statuses] == [2, 3, 4, 5, 6, 7, 8]
    assert statuses[-1]["type"] == "complete"
    streams = [answer.status for answer in answers if "/events?" in answer.url]
    assert streams == [200, 200, 200, 204]
    tickets = [answer for answer in answers if answer.url.endswith("/tickets")]
    assert len(tickets) == 1, "a stream that comes back needs no new ticket of the page"


def test_a_browsers_web_socket_resumes_at_killed_bridges_and_is_closed_after_the_end(
    watched: Watched,
) -> None:
    watched.report("agent_invoking")
    watched.page.evaluate("void followSocket('&after=0:0')")
    watched.wait("received.length === 1")
    watched.report("calling_tool")
    watched.wait("received.length === 2")
    watched.kill_and_restart("tool_complete", "calling_tool")
    watched.wait("received.some(({ data }) => data?.cursor?.endsWith(':4'))")
    watched.report("tool_complete")
    watched.wait("received.some(({ data }) => data?.cursor?.endsWith(':5'))")
    watched.kill_and_restart("calling_tool", "agent_complete")
    watched.wait("received.some(({ data }) => data?.cursor?.endsWith(':7'))")
    watched.report("complete")
    watched.wait("ended")
    words = [message["data"]["word"] for message in watched.received() if "word" in message["data"]]
    assert words == [
        "agent_invoking",
        "calling_tool",
        "tool_complete",
        "calling_tool",
        "tool_complete",
        "calling_tool",
        "agent_complete",
        "complete",
    ]
    last = watched.received()[-1]
    assert (last["type"], last["agent"], last["progress"]) == ("complete", "orchestrator", 100)
    closes = watched.page.evaluate("closes")
    assert closes.count(1000) == 1
    assert closes[-1] == 1000
