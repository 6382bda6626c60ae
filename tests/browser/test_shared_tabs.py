"""Tabs of one browser share one socket. If its tab closes or hangs, another tab opens one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, WebSocket, expect

from tests.browser.dashboard import repeat_until
from tests.browser.own_site import built_client, own_site
from tests.browser.story import Story
from tests.e2e.cloud import Cloud

POLICY = "default-src 'none'; script-src 'self'; connect-src 'self' {api} {sockets}"
PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>A tab</title><script type="module" src="tab.js"></script>
<p id="log"></p><p id="verdict"></p><p id="connection"></p></html>
"""
TAB = """import {{ connect }} from './index.js';
import {{ sharedTabs }} from './tabs.js';
const client = connect({{
  url: {url}, auth: {{ type: 'viewToken', token: async () => {token} }}, tabs: sharedTabs(),
}});
const show = (name, text) => {{ document.getElementById(name).textContent = text; }};
client.watchJob({job_id}, ({{ updates, verdict, connection }}) => {{
  show('log', updates.map(({{ sequence, message }}) => sequence + ' ' + message).join(', '));
  show('verdict', verdict);
  show('connection', connection);
}});
"""


class Tabs:
    """Pages of one browser context, and the open sockets of each."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self._context = context
        self._url = url
        self.sockets: dict[Page, set[WebSocket]] = {}

    def open(self) -> Page:
        """One more tab, following the job."""
        page = self._context.new_page()
        self.sockets[page] = set()

        def forget(socket: WebSocket) -> None:
            self.sockets[page].discard(socket)

        def note(socket: WebSocket) -> None:
            self.sockets[page].add(socket)
            socket.on("close", forget)

        page.on("websocket", note)
        page.goto(self._url)
        return page

    def leading_and_other(self, story: Story) -> tuple[Page, Page]:
        """Two tabs that are whole: the one that has the socket, and the other."""
        first, second = self.open(), self.open()
        for tab in (first, second):
            expect_whole(tab, story)
        repeat_until(
            lambda: sorted(map(len, self.sockets.values())) == [0, 1],
            lambda: first.evaluate("0"),  # events arrive while a page is asked something
        )
        return (first, second) if self.sockets[first] else (second, first)

    def expect_sockets(self, *counts: tuple[Page, int]) -> None:
        """Wait until these tabs have this number of open sockets. The end of a socket is reported late."""
        (tab, _), *_ = counts
        repeat_until(
            lambda: all(len(self.sockets[each]) == count for each, count in counts),
            lambda: tab.evaluate("0"),  # events arrive while a page is asked something
        )


@pytest.fixture
def tabs(browser: Browser, cloud: Cloud, story: Story, tmp_path: Path) -> Iterator[Tabs]:
    """A browser that has opened nothing yet."""
    for script in built_client().glob("*.js"):
        shutil.copy(script, tmp_path)
    api, token = (
        cloud.outputs.graphql_url,
        cloud.view_token(story.user.user_id, story.user.tenant_id, job_ids=[story.job_id]),
    )
    named = {"url": api, "token": token, "job_id": story.job_id}
    (tmp_path / "index.html").write_text(PAGE)
    (tmp_path / "tab.js").write_text(TAB.format(**{name: json.dumps(text) for name, text in named.items()}))
    context = browser.new_context()
    with own_site(tmp_path, POLICY.format(api=api, sockets=cloud.outputs.realtime_url)) as url:
        yield Tabs(context, url)
        context.close()


def expect_whole(tab: Page, story: Story) -> None:
    """Wait until the tab is live and shows every published status, in order, each once."""
    said = ", ".join(f"{sequence} {text}" for sequence, text in enumerate(story.published, start=1))
    expect(tab.locator("#log")).to_have_text(said)
    expect(tab.locator("#verdict")).to_have_text("whole")
    expect(tab.locator("#connection")).to_have_text("live")


def test_two_tabs_share_one_socket_and_the_second_stays_live_when_the_first_closes(
    tabs: Tabs, story: Story
) -> None:
    leading, other = tabs.leading_and_other(story)
    story.publish("three")
    for tab in (leading, other):
        expect_whole(tab, story)
    leading.close()
    story.publish("four", "five")
    expect_whole(other, story)
    story.publish("six")
    expect_whole(other, story)
    tabs.expect_sockets((other, 1))


def test_the_tab_with_the_socket_stays_live_when_the_other_closes(tabs: Tabs, story: Story) -> None:
    leading, other = tabs.leading_and_other(story)
    other.close()
    story.publish("three", "four")
    expect_whole(leading, story)
    tabs.expect_sockets((leading, 1))


def test_the_second_tab_stays_live_when_the_first_crashes(tabs: Tabs, story: Story) -> None:
    leading, other = tabs.leading_and_other(story)
    with leading.expect_event("crash"), pytest.raises(Error):
        leading.goto("chrome://crash")
    story.publish("three")
    expect_whole(other, story)
    story.publish("four")
    expect_whole(other, story)
    tabs.expect_sockets((other, 1))


def test_the_second_tab_stays_live_when_the_first_hangs_and_they_share_again_afterwards(
    tabs: Tabs, story: Story
) -> None:
    leading, other = tabs.leading_and_other(story)
    # Chromium freezes no page that is shown, and without a screen all are: a debugger stops one as well.
    debugger = leading.context.new_cdp_session(leading)
    debugger.send("Debugger.enable")
    debugger.send("Debugger.pause")
    with other.expect_websocket():
        story.publish("three")
        other.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # somebody looks at it
    expect_whole(other, story)
    story.publish("four")
    expect_whole(other, story)
    debugger.send("Debugger.resume")
    expect_whole(leading, story)
    story.publish("five")
    for tab in (leading, other):
        expect_whole(tab, story)
    tabs.expect_sockets((leading, 0), (other, 1))
