"""The page in a tab, used as a person uses it, with a record of all its errors."""

from __future__ import annotations

import datetime as dt
import json
import re
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Final

from playwright.sync_api import (
    Browser,
    BrowserContext,
    CDPSession,
    ConsoleMessage,
    Locator,
    ViewportSize,
    WebSocket,
    expect,
)

from statusbeam.localcloud.outputs import DemoUser
from tests.e2e.waiting import DEADLINE_SECONDS

TIMEOUT_MS = DEADLINE_SECONDS * 1_000
PAUSE_MS = 100
WIDE: ViewportSize = {"width": 1280, "height": 1010}
PHONE: ViewportSize = {"width": 390, "height": 844}
PUSHES = ("onStatusUpdate", "onTenantStatus")
SERVER_AWAY: Final = re.compile(
    r"net::ERR_(CONNECTION_\w+|EMPTY_RESPONSE|SOCKET_NOT_CONNECTED|CONTENT_LENGTH_MISMATCH|"
    r"INCOMPLETE_CHUNKED_ENCODING)|WebSocket connection"
)
"""What Chromium may say of a connection that dies: before, while or after it sends, or in the answer."""

# Notes each state in which the open job was drawn: [its state, how many statuses its log had], and each line
# about its log's completeness. A state may be over before a test looks; its note stays.
NOTE_WHAT_IS_DRAWN = """
window.drawn = [];
window.completeness = [];
addEventListener('DOMContentLoaded', () => {
  const note = () => {
    const shown = document.getElementById('completeness')?.textContent;
    if (shown && shown !== window.completeness.at(-1)) {
      window.completeness.push(shown);
    }
    const state = document.getElementById('job-state');
    const entry = document.querySelector('#log > .entry');
    if (state) {
      const now = [state.dataset.state, Number(entry?.getAttribute('aria-setsize') ?? 0)];
      if (String(now) !== String(window.drawn.at(-1))) {
        window.drawn.push(now);
      }
    }
  };
  const everything = { attributes: true, characterData: true, childList: true, subtree: true };
  new MutationObserver(note).observe(document.body, everything);
});
"""
# Only the rows in view are in the document: scroll through all of them, then back to the end.
READ_ROWS = """
async () => {
  const frame = document.querySelector('.log-frame');
  const rows = new Map();
  const drawn = () => new Promise((done) => { const channel = new MessageChannel();
    channel.port1.onmessage = done; channel.port2.postMessage(null); });
  const collect = () => document.querySelectorAll('#log > .entry').forEach((row) => {
    rows.set(Number(row.dataset.sequence), {
      sequence: Number(row.dataset.sequence),
      source: row.querySelector('.source').textContent,
      tool: row.querySelector('.tool')?.textContent ?? null,
      text: row.querySelector('.message').textContent,
      is_from_the_log: row.querySelector('.from-log') !== null,
    });
  });
  if (frame === null) {
    return [];
  }
  for (let top = 0; ; top += frame.clientHeight / 2) {
    frame.scrollTop = top;
    frame.dispatchEvent(new Event('scroll'));
    for (let turn = 0; turn < 4; turn += 1) await drawn();
    collect();
    if (top >= frame.scrollHeight) break;
  }
  return [...rows.values()].sort((one, other) => one.sequence - other.sequence);
}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One status as the page shows it. `is_from_the_log`: marked as brought by the log, not by a push."""

    sequence: int
    source: str
    text: str
    tool: str | None = None
    is_from_the_log: bool = field(default=False, compare=False)


def repeat_until(is_there: Callable[[], bool], action: Callable[[], object]) -> None:
    """Repeat an action until its effect is there. Fails after a while."""
    deadline = time.monotonic() + TIMEOUT_MS / 1_000
    while not is_there():
        assert time.monotonic() < deadline, "the action has no effect"
        action()


class Dashboard:
    """The page in a separate browser context, with its own storage and sign-in."""

    def __init__(self, browser: Browser, url: str, *, context: BrowserContext | None = None) -> None:
        self._browser = browser
        self._url = url
        if context is None:
            context = browser.new_context(viewport=WIDE, reduced_motion="reduce")
            context.add_init_script(NOTE_WHAT_IS_DRAWN)
        self._context = context
        self.page = self._context.new_page()
        self.page.set_default_timeout(TIMEOUT_MS)
        self.troubles: list[str] = []
        """Errors in the console, breaches of the page's policy among them, and exceptions nobody caught."""
        self.expected: re.Pattern[str] | None = None
        """Errors in the console that a test brings about: failed requests while its server is away."""
        self.pushes: list[dict[str, Any]] = []
        """The pushes that the page's sockets received, in the order of arrival."""
        self.sockets: set[WebSocket] = set()
        """The open sockets."""
        self.page.on("console", self._note_console)
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("websocket", self._listen)

    def close(self) -> None:
        """Close the tab and forget its storage."""
        self._context.close()

    def another_tab(self) -> Dashboard:
        """One more tab of the same browser, with its storage and sign-in."""
        tab = Dashboard(self._browser, self._url, context=self._context)
        tab.troubles, tab.expected = self.troubles, self.expected
        return tab

    def hold_clock(self) -> None:
        """Let the test control the page's timers. The page still renders."""
        page = self.page
        page.add_init_script(
            "window.realFrames = [requestAnimationFrame.bind(window), cancelAnimationFrame.bind(window)]"
        )
        page.clock.install()
        # Playwright refuses a moment that the page's clock has passed: far enough ahead for a busy machine.
        page.clock.pause_at(dt.datetime.now(dt.UTC) + dt.timedelta(seconds=DEADLINE_SECONDS))
        page.add_init_script(
            "[window.requestAnimationFrame, window.cancelAnimationFrame] = window.realFrames"
        )

    def pass_time_until(self, is_there: Callable[[], bool], within_ms: int) -> None:
        """Move the held clock on by at most `within_ms`, second by second, until something is there.

        Between two seconds the page gets the answers to its requests. In one step it would get them after the
        last second, and what it waits for after an answer would never pass.
        """
        for _ in range(within_ms // 1_000):
            if is_there():
                return
            self.page.clock.run_for(1_000)
            self.page.wait_for_timeout(PAUSE_MS)
        repeat_until(is_there, lambda: self.page.wait_for_timeout(PAUSE_MS))

    def devtools(self) -> CDPSession:
        """The browser's own view of this tab."""
        return self._context.new_cdp_session(self.page)

    def use_server(self, url: str) -> None:
        """Load the page from another address, and have it reach the API there."""
        origin, own = url.rstrip("/"), self._url.rstrip("/")

        def rewrite(document: str) -> str:
            return document.replace(own, origin).replace(
                own.replace("http", "ws"), origin.replace("http", "ws")
            )

        self.page.route("**/config.json", lambda route: route.fulfill(body=rewrite(route.fetch().text())))
        self._url = f"{origin}/"

    def offer(self, user: DemoUser) -> None:
        """Make this user the only demo user of the page."""
        known = {"username": user.username, "password": user.password, "tenantId": user.tenant_id}
        users = [{**known, "userId": user.user_id, "roles": list(user.roles)}]

        def rewrite(document: str) -> str:
            return json.dumps({**json.loads(document), "demoUsers": users})

        self.page.route("**/config.json", lambda route: route.fulfill(body=rewrite(route.fetch().text())))

    def sign_in_at(self, issuer: str) -> None:
        """Have the page believe that its readers sign in at this provider."""
        provider = {"kind": "oidc", "issuer": issuer, "clientId": "page", "scopes": ["openid"]}
        sign_in = {**provider, "tenantClaim": "tenantId", "rolesClaim": "roles"}

        def rewrite(document: str) -> str:
            return json.dumps({**json.loads(document), "demoUsers": None, "signIn": sign_in})

        self.page.route("**/config.json", lambda route: route.fulfill(body=rewrite(route.fetch().text())))

    def search_logs_at(self, template: str) -> None:
        """Have the page lead to this log search."""

        def rewrite(document: str) -> str:
            return json.dumps({**json.loads(document), "logLink": template})

        self.page.route("**/config.json", lambda route: route.fulfill(body=rewrite(route.fetch().text())))

    def leave(self, way: str) -> None:
        """Choose a way out in the account's menu: "Sign out" or "Sign out everywhere"."""
        self.page.locator("#who").click()
        self.page.get_by_role("button", name=way, exact=True).click()

    def open(self, job_id: str | None = None, *, fragment: str = "") -> None:
        """Load the page, or with `job_id` the link to a job."""
        self.page.goto(f"{self._url}#job={job_id}" if job_id else f"{self._url}{fragment}")

    def sign_in(self, user: DemoUser) -> None:
        """Choose this demo user, and wait until statuses of theirs would arrive."""
        self.user_button(user).click()
        expect(self.page.locator("#who-name")).to_have_text(user.username)
        self.expect_live()

    def watch(self, user: DemoUser, job_id: str) -> None:
        """Open the link to a job as this user, and wait until the log is whole and live."""
        self.open(job_id)
        self.sign_in(user)
        self.expect_whole()

    def start_job(self, complaint: str, *, fail: str = "None") -> str:
        """Send the form; the id of the job that opens. `fail` is a choice of "Let an agent fail"."""
        self.complaint.fill(complaint)
        self.page.get_by_label("Let an agent fail").select_option(label=fail)
        self.start_button.click()
        return self.open_job_id()

    def open_job_id(self) -> str:
        """Wait until a job is open; its id."""
        shown = self.page.locator("#job-id")
        expect(shown).not_to_be_empty()
        return shown.inner_text()

    def user_button(self, user: DemoUser) -> Locator:
        """Where a demo user signs in."""
        return self.page.get_by_role("button", name=user.username)

    @property
    def complaint(self) -> Locator:
        """Where a complaint is written."""
        return self.page.get_by_label("Complaint to the city")

    @property
    def start_button(self) -> Locator:
        """The button that starts the job."""
        return self.page.get_by_role("button", name="Start the job")

    @property
    def cut_button(self) -> Locator:
        """The button that drops the connection, like a bad network."""
        return self.page.get_by_role("button", name="Cut the connection")

    @property
    def connection(self) -> Locator:
        """The page's label of its connection."""
        return self.page.locator("#connection")

    @property
    def job(self) -> Locator:
        """Everything about the open job."""
        return self.page.locator("#job")

    @property
    def job_state(self) -> Locator:
        """The open job's state, in a word."""
        return self.page.locator("#job-state")

    @property
    def completeness(self) -> Locator:
        """The page's line about the log: whether a status is missing."""
        return self.page.locator("#completeness")

    @property
    def slider(self) -> Locator:
        """The moment of the job that is shown."""
        return self.page.get_by_role("slider", name="Moment of the job")

    def agent(self, name: str) -> Locator:
        """The card of an agent."""
        return self.page.locator("#agents .agent").filter(has=self.page.get_by_role("heading", name=name))

    def in_job_list(self, job_id: str) -> Locator:
        """A job in the list of the user's jobs."""
        return self.page.locator(f'#jobs a[href="#job={job_id}"]')

    @property
    def entries(self) -> Locator:
        """The statuses in the log that are drawn: those in view."""
        return self.page.locator("#log > .entry")

    def expect_log_length(self, statuses: int) -> None:
        """Wait until the log has this number of statuses."""
        expect(self.entries.last).to_have_attribute("aria-setsize", str(statuses))

    def rows(self) -> list[Row]:
        """The log that is shown now."""
        return [Row(**row) for row in self.page.evaluate(READ_ROWS)]

    def wait_until_drawn(self, statuses: int) -> None:
        """Wait until the page has rendered this number of statuses of the open job, even for a short
        moment."""
        self.page.wait_for_function("least => drawn.some(([, length]) => length >= least)", arg=statuses)

    def expect_position_check(self) -> AbstractContextManager[object]:
        """Within the block, the page asks the API for the job's position and is answered."""
        return self.page.expect_response(lambda response: "syncSession" in (response.request.post_data or ""))

    def expect_shown(self, completeness: str) -> None:
        """Wait until the page has shown this line about the log; it may be over by now."""
        self.page.wait_for_function("text => completeness.includes(text)", arg=completeness)

    def drawn(self) -> list[tuple[str, int]]:
        """The states the open job was drawn in since the page was loaded, each with the length of its log."""
        return [(state, length) for state, length in self.page.evaluate("window.drawn")]

    def expect_live(self) -> None:
        """Wait until the connection stands."""
        expect(self.connection).to_have_text("Live")

    def expect_whole(self, statuses: int | None = None) -> None:
        """Wait until the page shows a live and complete log, with this number of statuses if given."""
        count = r"\d+" if statuses is None else statuses
        expect(self.completeness).to_have_text(
            re.compile(rf"^({count} status(es)?, none missing|No status yet)$")
        )
        expect(self.completeness).to_have_attribute("data-state", "whole")

    def _note_console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not (self.expected and self.expected.search(message.text)):
            self.troubles.append(message.text)

    def _listen(self, socket: WebSocket) -> None:
        self.sockets.add(socket)
        socket.on("close", self._forget)
        socket.on("framereceived", self._note_frame)

    def _forget(self, socket: WebSocket) -> None:
        self.sockets.discard(socket)

    def _note_frame(self, frame: str | bytes) -> None:
        content = json.loads(frame)
        if content["type"] == "data":
            data = content["payload"]["data"]
            self.pushes.append(next(data[name] for name in PUSHES if name in data))
