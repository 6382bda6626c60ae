"""A Chromium, tabs of the page in it, and the fault switches of the shared localcloud."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, expect

from statusbeam.assets import PAGE
from tests.browser.dashboard import TIMEOUT_MS, Dashboard
from tests.browser.fault_board import FaultBoard
from tests.browser.pictures import Pictures
from tests.browser.story import Story
from tests.chromium import open_chromium
from tests.e2e.cloud import Cloud

NewDashboard = Callable[[], Dashboard]


@pytest.fixture(scope="module")  # not longer: other folders' tests have coroutines
def browser(cloud: Cloud) -> Iterator[Browser]:
    """One Chromium a file."""
    if not (PAGE / "index.html").exists():
        pytest.fail("the page is not built: run `make web`")
    expect.set_options(timeout=TIMEOUT_MS)
    with open_chromium() as chromium:
        yield chromium


@pytest.fixture
def new_dashboard(browser: Browser, cloud: Cloud) -> Iterator[NewDashboard]:
    """Opens tabs that share nothing. The test fails when anything went wrong in one of them."""
    opened: list[Dashboard] = []
    with ExitStack() as closing:

        def open_one() -> Dashboard:
            dashboard = Dashboard(browser, cloud.outputs.dashboard_url)
            closing.callback(dashboard.close)
            opened.append(dashboard)
            return dashboard

        yield open_one
    assert [trouble for dashboard in opened for trouble in dashboard.troubles] == []


@pytest.fixture
def dashboard(new_dashboard: NewDashboard) -> Dashboard:
    """One tab, with nothing loaded yet."""
    return new_dashboard()


@pytest.fixture
def held(dashboard: Dashboard) -> Dashboard:
    """One tab with its clock held."""
    dashboard.hold_clock()
    return dashboard


@pytest.fixture
def story(cloud: Cloud) -> Story:
    """A job with two statuses."""
    begun = Story(cloud, cloud.user(tenant=0))
    begun.publish("one", "two")
    return begun


@pytest.fixture
def faults(cloud: Cloud) -> Iterator[FaultBoard]:
    """The faults of localcloud, off again after the test."""
    board = FaultBoard(cloud.outputs.dashboard_url)
    yield board
    board.reset()


@pytest.fixture
def pictures(pytestconfig: pytest.Config) -> Pictures:
    """Takes pictures of the page into the folder of `--screenshots`, if it is given."""
    return Pictures(pytestconfig.getoption("--screenshots"))
