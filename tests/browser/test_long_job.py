"""A job of 10 000 statuses and 200 agents: the page stays small and renders once for many pushes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.dashboard import Dashboard
from tests.browser.long_job import USER, LongJob, long_log
from tests.e2e.cloud import Cloud, fresh_id

STATUSES, AGENTS, BEGUN_WITH, BURST = 10_000, 200, 9_500, 400
MOST_ELEMENTS = 2_500
MOST_ROWS = 60


@pytest.fixture(scope="module")
def tab(browser: Browser, cloud: Cloud) -> Iterator[Dashboard]:
    """One tab for all tests here: the whole log is read once."""
    dashboard = Dashboard(browser, cloud.outputs.dashboard_url)
    yield dashboard
    dashboard.close()
    assert dashboard.troubles == []


@pytest.fixture(scope="module")
def long_job(tab: Dashboard) -> LongJob:
    """The page with the job open and its log read."""
    job_id = fresh_id("long")
    job = LongJob(tab.page, long_log(job_id, statuses=STATUSES, agents=AGENTS), head=BEGUN_WITH)
    tab.open(fragment=f"#apiKey=key&user={USER}&job={job_id}")
    tab.expect_whole(BEGUN_WITH)
    return job


def test_only_what_is_in_view_is_drawn(tab: Dashboard, long_job: LongJob) -> None:
    page = tab.page
    long_job.push(1)
    tab.expect_whole(long_job.head)
    assert page.evaluate("document.getElementsByTagName('*').length") < MOST_ELEMENTS
    for rows in ("#log > .entry", "#timeline > li", "#agents .agent"):
        assert 0 < page.locator(rows).count() < MOST_ROWS, rows
    expect(tab.entries.last).to_have_attribute("data-sequence", str(long_job.head))
    expect(tab.agent("Worker 150")).to_have_count(0)
    page.locator(".agents-window").evaluate("frame => frame.scrollTo(0, frame.scrollHeight)")
    expect(tab.agent("Worker 199")).to_be_visible()


def test_a_burst_of_pushes_is_drawn_in_few_steps_and_whole(tab: Dashboard, long_job: LongJob) -> None:
    before = len(tab.drawn())
    long_job.push(BURST)
    tab.expect_whole(long_job.head)
    tab.expect_log_length(long_job.head)
    assert len(tab.drawn()) - before < BURST / 2


def test_any_moment_of_a_long_job_can_be_shown(tab: Dashboard, long_job: LongJob) -> None:
    for index in (5000, 9000, 150):
        tab.slider.fill(str(index - 1))
        expect(tab.page.locator("#travel-where")).to_contain_text(f"Status {index} of")
        tab.expect_log_length(index)
    expect(tab.page.get_by_role("group", name="Show agents")).to_contain_text("All150")
    long_job.push(1)
    tab.page.get_by_role("button", name="Back to live").click()
    tab.expect_log_length(long_job.head)
