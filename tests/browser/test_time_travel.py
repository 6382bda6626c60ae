"""The page shows any past moment of the job, and returns to the present."""

from __future__ import annotations

import re
from threading import Event

import pytest
from playwright.sync_api import Route, expect

from tests.browser.dashboard import PAUSE_MS, Dashboard, repeat_until
from tests.browser.market_report import analysis
from tests.browser.story import Story
from tests.e2e.cloud import Cloud

WHERE = "#travel-where"


@pytest.fixture
def report(cloud: Cloud) -> Story:
    """A job in its 21st second: 18 statuses."""
    job = Story(cloud, cloud.user(tenant=0))
    job.publish_at_once(*analysis(), seconds_ago=21)
    return job


def test_the_slider_shows_the_page_as_it_was(dashboard: Dashboard, report: Story) -> None:
    dashboard.watch(report.user, report.job_id)
    slider = dashboard.slider
    expect(dashboard.agent("Source checker C")).to_contain_text("Attempt 2")
    slider.fill("7")  # the eighth status: the checker's first attempt failed
    expect(dashboard.page.locator(WHERE)).to_contain_text("Status 8 of 18")
    expect(dashboard.agent("Source checker C").locator(".badge")).to_have_text("Failed")
    expect(dashboard.agent("Researcher").locator(".badge")).to_have_text("Running")
    assert [row.sequence for row in dashboard.rows()] == list(range(1, 9))
    expect(dashboard.page).to_have_url(re.compile(r"at=8$"))


def test_the_keyboard_moves_through_time(dashboard: Dashboard, report: Story) -> None:
    dashboard.watch(report.user, report.job_id)
    dashboard.slider.focus()
    dashboard.page.keyboard.press("Home")
    expect(dashboard.page.locator(WHERE)).to_contain_text("Status 1 of 18")
    expect(dashboard.job_state).to_have_text("Starting")
    dashboard.page.keyboard.press("ArrowRight")
    expect(dashboard.page.locator(WHERE)).to_contain_text("Status 2 of 18")
    expect(dashboard.slider).to_have_attribute("aria-valuetext", re.compile("Researcher: Looking for"))
    dashboard.page.get_by_role("button", name="Back to live").click()
    expect(dashboard.page.locator(WHERE)).to_have_text("Now")
    assert len(dashboard.rows()) == 18


def test_news_waits_while_the_past_is_shown(dashboard: Dashboard, report: Story) -> None:
    dashboard.watch(report.user, report.job_id)
    dashboard.slider.fill("4")
    report.publish("One more word", agentName="Analyst")
    expect(dashboard.page.locator(WHERE)).to_contain_text("Status 5 of 19")
    dashboard.expect_log_length(5)
    dashboard.page.get_by_role("button", name="Back to live").click()
    report.expect_on(dashboard)


def test_a_link_leads_to_a_moment(dashboard: Dashboard, report: Story) -> None:
    dashboard.open(fragment=f"#job={report.job_id}&at=3")
    dashboard.sign_in(report.user)
    expect(dashboard.page.locator(WHERE)).to_contain_text("Status 3 of 18")
    dashboard.expect_log_length(3)


def test_a_link_keeps_its_moment_while_the_log_is_read(held: Dashboard, report: Story) -> None:
    held.open(fragment=f"#job={report.job_id}&at=3")
    reads, answered = list[Route](), Event()
    held.page.route(
        "**/graphql", lambda route: route.continue_() if answered.is_set() else reads.append(route)
    )
    held.user_button(report.user).click()
    repeat_until(lambda: bool(reads), lambda: held.page.wait_for_timeout(PAUSE_MS))
    expect(held.page.locator("#job")).to_be_visible()
    held.page.clock.run_for(1_000)
    assert held.page.url.endswith("&at=3")
    answered.set()
    for read in reads:
        read.continue_()
    expect(held.page.locator(WHERE)).to_contain_text("Status 3 of 18")


def test_a_link_to_another_moment_of_the_open_job_leads_there(dashboard: Dashboard, report: Story) -> None:
    dashboard.open(fragment=f"#job={report.job_id}&at=3")
    dashboard.sign_in(report.user)
    expect(dashboard.page.locator(WHERE)).to_contain_text("Status 3 of 18")
    dashboard.open(fragment=f"#job={report.job_id}&at=7")
    expect(dashboard.page.locator(WHERE)).to_contain_text("Status 7 of 18")
    dashboard.in_job_list(report.job_id).click()
    expect(dashboard.page.locator(WHERE)).to_have_text("Now")


def test_playing_ends_at_the_newest_status(dashboard: Dashboard, report: Story) -> None:
    dashboard.hold_clock()
    dashboard.watch(report.user, report.job_id)
    dashboard.page.get_by_label("Speed").select_option("16")
    dashboard.page.get_by_role("button", name="Play the job again").click()
    expect(dashboard.page.locator(WHERE)).to_contain_text("Status 1 of 18")
    where = dashboard.page.locator(WHERE)
    repeat_until(
        lambda: where.inner_text().startswith("Status 18 of 18"), lambda: dashboard.page.clock.run_for(100)
    )
    expect(dashboard.page.get_by_role("button", name="Play the job again")).to_be_visible()
