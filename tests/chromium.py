"""The Chromium that tests open pages in: the system's, or else Playwright's own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

SYSTEM_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
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
    """A separate Chromium until the end of the block. Fails the test without an installed one.

    Playwright's loop runs in this thread all the time: no coroutine test may run inside the block.
    """
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
        found = next(filter(None, map(shutil.which, SYSTEM_CHROMIUM)), own if Path(own).exists() else None)
        if found is None:
            pytest.fail("no Chromium: run `make browser` (it installs the system's or Playwright's)")
        browser = playwright.chromium.launch(executable_path=found, args=[*FLAGS, *more_flags])
        yield browser
        browser.close()
