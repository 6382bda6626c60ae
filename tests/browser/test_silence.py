"""Silence is shown for what it is: stale, then lost, and never as running."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.dashboard import Dashboard
from tests.browser.story import Story
from tests.e2e.cloud import Cloud

LEASE = 75
LOST_AFTER = LEASE + 240


@pytest.fixture
def silent(cloud: Cloud) -> Story:
    """A job that nobody has told anything of yet."""
    return Story(cloud, cloud.user(tenant=1, which=1))


@pytest.mark.parametrize(
    ("seconds_ago", "word", "said"),
    [
        pytest.param(LEASE + 30, "Stale", "No sign of life for", id="stale"),
        pytest.param(LOST_AFTER + 30, "Lost", "Lost: silent for", id="lost"),
    ],
)
def test_a_silent_job_is_not_shown_as_running(
    dashboard: Dashboard, silent: Story, seconds_ago: float, word: str, said: str
) -> None:
    silent.tell("Reading the map", seconds_ago=seconds_ago)
    dashboard.watch(silent.user, silent.job_id)
    expect(dashboard.job_state).to_have_text(word)
    expect(dashboard.page.locator("#result-message")).to_contain_text(said)
    expect(dashboard.page.locator("#eta")).to_have_text("Time left unknown")
    expect(dashboard.agent("Geo Agent").locator(".badge")).to_have_text(word)
    expect(dashboard.in_job_list(silent.job_id)).to_contain_text(word)


def test_a_job_that_falls_silent_and_speaks_again_is_shown_so_without_a_reload(
    dashboard: Dashboard, silent: Story
) -> None:
    silent.tell("Reading the map", seconds_ago=LEASE - 3)
    dashboard.watch(silent.user, silent.job_id)
    expect(dashboard.job_state).to_have_text("Stale")
    silent.tell("Still reading")
    expect(dashboard.job_state).to_have_text("Running")
    expect(dashboard.agent("Geo Agent").locator(".badge")).to_have_text("Running")
    silent.expect_on(dashboard)


def test_the_past_is_judged_by_its_own_time(dashboard: Dashboard, silent: Story) -> None:
    silent.tell("one", "two", seconds_ago=LOST_AFTER + 60)
    dashboard.watch(silent.user, silent.job_id)
    expect(dashboard.job_state).to_have_text("Lost")
    dashboard.page.get_by_role("button", name="One status back").click()
    expect(dashboard.job_state).to_have_text("Running")
