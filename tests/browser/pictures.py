"""Pictures of the page for the documentation, taken while the tests run, only when they are asked for."""

from __future__ import annotations

from pathlib import Path

from tests.browser.dashboard import PHONE, WIDE, Dashboard


class Pictures:
    """Writes PNGs into `folder`; does nothing without one."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def take(self, dashboard: Dashboard, name: str, *, state: str | None = None) -> None:
        """`<name>.png` and `<name>-phone.png`, of the open job if there is one.

        Raises AssertionError when the job has left `state` before the pictures were taken.
        """
        if self._folder is None:
            return
        self._shoot(dashboard, name)
        dashboard.page.set_viewport_size(PHONE)
        if dashboard.job.is_visible():
            dashboard.job.evaluate("job => job.scrollIntoView()")
        self._shoot(dashboard, f"{name}-phone")
        dashboard.page.set_viewport_size(WIDE)
        now = dashboard.job_state.inner_text()
        assert state in (None, now), f"the job was {now} before its picture was taken: run it again"

    def take_dark(self, dashboard: Dashboard, name: str) -> None:
        """`<name>.png` for people who like it dark."""
        if self._folder is None:
            return
        dashboard.page.emulate_media(color_scheme="dark")
        self._shoot(dashboard, name)
        dashboard.page.emulate_media(color_scheme="light")

    def _shoot(self, dashboard: Dashboard, name: str) -> None:
        assert self._folder is not None
        dashboard.page.screenshot(path=self._folder / f"{name}.png", animations="disabled")
