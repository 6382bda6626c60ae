"""Pictures of the page for the documentation, taken while the tests run, only when they are asked for."""

from __future__ import annotations

from pathlib import Path

from tests.browser.dashboard import PHONE, WIDE, Dashboard


class Pictures:
    """Writes PNGs into `folder`; does nothing without one."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def wide(self, dashboard: Dashboard, name: str, *, of: str | None = None, dark: bool = False) -> None:
        """`<name>.png` on a desk. Raises AssertionError when the open job left the state `of` meanwhile."""
        if self._folder is None:
            return
        dashboard.page.emulate_media(color_scheme="dark" if dark else "light")
        self._shoot(dashboard, name, of)

    def phone(self, dashboard: Dashboard, name: str, *, of: str | None = None) -> None:
        """`<name>.png` on a phone, of the open job if there is one. Raises like `wide`."""
        if self._folder is None:
            return
        dashboard.page.set_viewport_size(PHONE)
        if dashboard.job.is_visible():
            dashboard.job.evaluate("job => job.scrollIntoView()")
        self._shoot(dashboard, name, of)
        dashboard.page.set_viewport_size(WIDE)
        dashboard.page.evaluate("scrollTo(0, 0)")

    def _shoot(self, dashboard: Dashboard, name: str, state: str | None) -> None:
        assert self._folder is not None
        dashboard.page.screenshot(path=self._folder / f"{name}.png", animations="disabled")
        now = dashboard.job_state.inner_text() if state else None
        assert now == state, f"the job was {now} before {name}.png was taken: run it again"
