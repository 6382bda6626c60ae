"""The page as a person uses it, in a tab of its own, with everything that went wrong in it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Locator, ViewportSize, WebSocket, expect

from localcloud.outputs import DemoUser

PATIENCE_MS = 40_000
WIDE: ViewportSize = {"width": 1280, "height": 1010}
PHONE: ViewportSize = {"width": 390, "height": 844}

# Notes each state in which the open job was drawn: [its state, how many statuses its log had].
NOTE_WHAT_IS_DRAWN = """
window.drawn = [];
addEventListener('DOMContentLoaded', () => {
  const note = () => {
    const entries = document.querySelectorAll('#log > .entry');
    const now = [document.getElementById('job-state').dataset.state, entries.length];
    if (String(now) !== String(window.drawn.at(-1))) {
      window.drawn.push(now);
    }
  };
  const job = document.getElementById('job');
  new MutationObserver(note).observe(job, { attributes: true, childList: true, subtree: true });
});
"""
READ_ROWS = """
rows => rows.map((row) => ({
  sequence: Number(row.querySelector('.sequence').textContent),
  source: row.querySelector('.source').textContent,
  text: row.querySelector('.text').firstChild.textContent,
  is_from_the_log: row.querySelector('.healed') !== null,
}))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One status as the page shows it. `is_from_the_log`: marked as brought by the log, not by a push."""

    sequence: int
    source: str
    text: str
    is_from_the_log: bool = field(default=False, compare=False)


class Dashboard:
    """The page in a browser context of its own: nobody else's storage, nobody else's sign-in."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._url = url
        self._context = browser.new_context(viewport=WIDE, reduced_motion="reduce")
        self._context.add_init_script(NOTE_WHAT_IS_DRAWN)
        self.page = self._context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.troubles: list[str] = []
        """Errors in the console, breaches of the page's policy among them, and exceptions nobody caught."""
        self.pushes: list[dict[str, Any]] = []
        """What the page's sockets were told of statuses, in the order of arrival."""
        self.page.on("console", self._note_console)
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("websocket", self._listen)

    def close(self) -> None:
        """Close the tab and forget its storage."""
        self._context.close()

    def open(self, job_id: str | None = None) -> None:
        """Load the page, or with `job_id` the link to a job."""
        self.page.goto(self._url if job_id is None else f"{self._url}#job={job_id}")

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
        """What starts the job."""
        return self.page.get_by_role("button", name="Start the job")

    @property
    def cut_button(self) -> Locator:
        """What drops the connection, as a bad network would."""
        return self.page.get_by_role("button", name="Cut the connection")

    @property
    def connection(self) -> Locator:
        """What the page says of its connection."""
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
    def whole(self) -> Locator:
        """What the page says of the log: whether anything is missing."""
        return self.page.locator("#whole")

    def agent(self, name: str) -> Locator:
        """The card of an agent."""
        return self.page.locator("#agents > li").filter(has=self.page.get_by_role("heading", name=name))

    def in_job_list(self, job_id: str) -> Locator:
        """A job in the list of the user's jobs."""
        return self.page.locator(f'#jobs a[href="#job={job_id}"]')

    @property
    def entries(self) -> Locator:
        """The statuses in the log."""
        return self.page.locator("#log > .entry")

    def rows(self) -> list[Row]:
        """The log as it is shown at the moment."""
        return [Row(**row) for row in self.entries.evaluate_all(READ_ROWS)]

    def wait_until_drawn(self, statuses: int) -> None:
        """Wait until the page has drawn so many statuses of the open job; does not miss a short moment."""
        self.page.wait_for_function("least => drawn.some(([, length]) => length >= least)", arg=statuses)

    def drawn(self) -> list[tuple[str, int]]:
        """The states the open job was drawn in since the page was loaded, each with the length of its log."""
        return [(state, length) for state, length in self.page.evaluate("window.drawn")]

    def expect_live(self) -> None:
        """Wait until the connection stands."""
        expect(self.connection).to_have_text("Live")

    def expect_whole(self, statuses: int | None = None) -> None:
        """Wait until the page says that its log is live and lacks nothing, with so many statuses if given."""
        count = r"\d+" if statuses is None else statuses
        expect(self.whole).to_have_text(re.compile(rf"^({count} status(es)?, none missing|No status yet)$"))
        expect(self.whole).to_have_attribute("data-state", "whole")

    def _note_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.troubles.append(message.text)

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framereceived", self._note_frame)

    def _note_frame(self, frame: str | bytes) -> None:
        content = json.loads(frame)
        if content["type"] == "data":
            self.pushes.append(content["payload"]["data"]["onStatusUpdate"])
