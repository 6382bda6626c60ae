"""The Chromium that tests open pages in: the system's, or else Playwright's own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

# The shell first: it has no window, and takes a third of the CPU time for the same page.
SYSTEM_CHROMIUM = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",  # it does not start as root with one
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def open_chromium(*more_flags: str) -> Iterator[Browser]:
    """A separate Chromium until the end of the block. Raises playwright.sync_api.Error if none is installed.

    Playwright's loop runs in this thread all the time: no coroutine test may run inside the block.
    """
    with sync_playwright() as playwright:
        found = next(filter(None, map(shutil.which, SYSTEM_CHROMIUM)), None)
        browser = playwright.chromium.launch(executable_path=found, args=[*FLAGS, *more_flags])
        yield browser
        browser.close()
