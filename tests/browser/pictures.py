"""Takes the documentation's pictures of the page while the tests run, on request only."""

from __future__ import annotations

from pathlib import Path

from tests.browser.dashboard import Dashboard


class Pictures:
    """Writes PNGs into `folder`; does nothing without one."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def take(self, dashboard: Dashboard, name: str) -> None:
        """Write `<name>.png` of the visible part."""
        if self._folder is not None:
            dashboard.page.screenshot(path=self._folder / f"{name}.png", animations="disabled")
