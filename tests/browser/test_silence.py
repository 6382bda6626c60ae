"""The page shows a silent job as stale, then as lost, and never as running."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from statusbeam.model.limits import LEASE_SECONDS, LOST_AFTER_SECONDS
from tests.browser.dashboard import SERVER_AWAY, Dashboard
from tests.browser.story import Story
from tests.browser.tcp_proxy import TcpProxy
from tests.e2e.cloud import Cloud

LOST_AFTER = LEASE_SECONDS + LOST_AFTER_SECONDS


@pytest.fixture
def silent(cloud: Cloud) -> Story:
    """A job without a status."""
    return Story(cloud, cloud.user(tenant=1, which=1))


@pytest.mark.parametrize(
    ("seconds_ago", "word", "said"),
    [
        pytest.param(LEASE_SECONDS + 30, "Stale", "Stale: no status for", id="stale"),
        pytest.param(LOST_AFTER + 30, "Lost", "Lost: no status for", id="lost"),
    ],
)
def test_a_silent_job_is_not_shown_as_running(
    dashboard: Dashboard, silent: Story, seconds_ago: float, word: str, said: str
) -> None:
    silent.publish("Reading the map", seconds_ago=seconds_ago)
    dashboard.watch(silent.user, silent.job_id)
    expect(dashboard.job_state).to_have_text(word)
    expect(dashboard.page.locator("#result-message")).to_contain_text(said)
    expect(dashboard.page.locator("#eta")).to_have_text("Time left unknown")
    expect(dashboard.agent("Geo Agent").locator(".badge")).to_have_text(word)
    expect(dashboard.in_job_list(silent.job_id)).to_contain_text(word)


def test_a_job_that_becomes_silent_and_reports_again_is_shown_so_without_a_reload(
    dashboard: Dashboard, silent: Story
) -> None:
    silent.publish("Reading the map", seconds_ago=LEASE_SECONDS - 3)
    dashboard.watch(silent.user, silent.job_id)
    expect(dashboard.job_state).to_have_text("Stale")
    silent.publish("Still reading")
    expect(dashboard.job_state).to_have_text("Running")
    expect(dashboard.agent("Geo Agent").locator(".badge")).to_have_text("Running")
    silent.expect_on(dashboard)


def test_the_past_is_judged_by_its_own_time(dashboard: Dashboard, silent: Story) -> None:
    silent.publish("one", "two", seconds_ago=LOST_AFTER + 60)
    dashboard.watch(silent.user, silent.job_id)
    expect(dashboard.job_state).to_have_text("Lost")
    dashboard.page.get_by_role("button", name="One status back").click()
    expect(dashboard.job_state).to_have_text("Running")


def test_an_agent_that_becomes_silent_while_the_page_is_disconnected_is_unknown(
    held: Dashboard, silent: Story, cloud: Cloud
) -> None:
    silent.publish("Reading the map")
    held.expected = SERVER_AWAY
    with TcpProxy(cloud.host) as proxy:
        held.use_server(proxy.url)
        held.watch(silent.user, silent.job_id)
        proxy.stop()
        expect(held.connection).to_have_text("Reconnecting")
        held.page.clock.run_for(LOST_AFTER * 1_000)
        expect(held.job_state).to_have_text("Unknown")
        expect(held.page.locator("#result-message")).to_contain_text("No connection")
        expect(held.page.locator("#eta")).to_have_text("Time left unknown")
        expect(held.agent("Geo Agent").locator(".badge")).to_have_text("Unknown")
        expect(held.in_job_list(silent.job_id)).to_contain_text("Unknown")
