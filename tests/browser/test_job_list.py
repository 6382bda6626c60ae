"""The list of a user's jobs: the content of a row, the filters, and the keyboard."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from playwright.sync_api import Locator, expect

from statusbeam.localcloud.outputs import DemoUser
from tests.browser.dashboard import Dashboard
from tests.browser.story import Story
from tests.e2e.cloud import Cloud, fresh_id

FULL_PAGE = 20


@pytest.fixture
def user(cloud: Cloud, dashboard: Dashboard) -> DemoUser:
    """A user without jobs."""
    new = cloud.new_user(fresh_id("tenant"))
    dashboard.offer(new)
    return new


def begun(cloud: Cloud, user: DemoUser, name: str, workflow: str) -> Story:
    """A job of a workflow, which has completed."""
    story = Story(cloud, user, fresh_id(name))
    story.publish_at_once(
        {"at": 0, "agentName": None, "status": "loading_agents", "message": "Begins"}
        | {"metadata": {"workflow": workflow}},
        {"at": 2, "agentName": None, "status": "complete", "message": f"{name} is done"},
        seconds_ago=60,
    )
    return story


def rows(dashboard: Dashboard) -> Locator:
    return dashboard.page.locator("#jobs > li")


def test_a_row_shows_a_jobs_end_its_duration_and_its_workflow(
    cloud: Cloud, dashboard: Dashboard, user: DemoUser
) -> None:
    failed = Story(cloud, user, fresh_id("failed"))
    failed.publish_at_once(
        {"at": 0, "agentName": None, "status": "loading_agents", "message": "Begins"}
        | {"metadata": {"workflow": "nightly-import"}},
        {"at": 36.5, "agentName": None, "status": "error", "message": "The disk is full"},
        seconds_ago=60,
    )
    dashboard.open()
    dashboard.sign_in(user)
    row = dashboard.in_job_list(failed.job_id)
    expect(row).to_contain_text("Failed · 36.5 s · nightly-import")
    expect(row).to_contain_text("The disk is full")
    dashboard.page.get_by_label("Search jobs").fill("disk is full")
    expect(row).to_be_visible()


def test_the_list_is_narrowed_by_workflow_on_the_server_and_the_address_keeps_it(
    cloud: Cloud, dashboard: Dashboard, user: DemoUser
) -> None:
    oldest = begun(cloud, user, "oldest", "reports")
    for number in range(FULL_PAGE):
        begun(cloud, user, f"newer-{number:02}", "imports")
    dashboard.open(fragment="?workflow=reports")
    dashboard.sign_in(user)
    expect(dashboard.in_job_list(oldest.job_id)).to_be_visible()
    expect(rows(dashboard)).to_have_count(1)
    dashboard.page.get_by_role("button", name="Clear filters").click()
    expect(rows(dashboard)).not_to_have_count(1)
    expect(dashboard.page).to_have_url(re.compile("/$"))
    expect(dashboard.page.get_by_role("button", name="Clear filters")).to_have_count(0)
    dashboard.page.get_by_text("Workflow and date").click()
    dashboard.page.get_by_label("Workflow", exact=True).fill("reports")
    expect(dashboard.page).to_have_url(re.compile(r"\?workflow=reports$"))
    expect(rows(dashboard)).to_have_count(1)


def test_the_list_is_filtered_by_day_and_shows_when_nothing_matches(
    cloud: Cloud, dashboard: Dashboard, user: DemoUser
) -> None:
    today = begun(cloud, user, "today", "reports")
    dashboard.open()
    dashboard.sign_in(user)
    page = dashboard.page
    page.get_by_text("Workflow and date").click()
    now = dt.datetime.now(dt.UTC)
    before, later = ((now + dt.timedelta(days=days)).date().isoformat() for days in (-2, 2))
    page.get_by_label("Began on or after").fill(before)
    expect(dashboard.in_job_list(today.job_id)).to_be_visible()
    page.get_by_label("Began on or after").fill(later)
    expect(page.locator("#jobs-hint")).to_have_text("No job fits.")
    expect(page).to_have_url(re.compile(rf"\?from={later}$"))
    page.get_by_role("button", name="Clear filters").click()
    expect(dashboard.in_job_list(today.job_id)).to_be_visible()


def test_the_keys_of_the_list_are_shown_and_work(cloud: Cloud, dashboard: Dashboard, user: DemoUser) -> None:
    first, second = (begun(cloud, user, name, "reports") for name in ("first", "second"))
    dashboard.watch(user, second.job_id)
    expect(rows(dashboard)).to_have_count(2)
    keyboard, keys = dashboard.page.keyboard, dashboard.page.locator("#keyboard")
    keyboard.press("?")
    expect(keys).to_be_visible()
    expect(keys).to_contain_text("Next and previous job of the list")
    keyboard.press("j")
    expect(dashboard.in_job_list(first.job_id)).not_to_be_focused()
    keyboard.press("Escape")
    expect(keys).to_be_hidden()
    keyboard.press("j")
    expect(dashboard.in_job_list(first.job_id)).to_be_focused()
    keyboard.press("k")
    expect(dashboard.in_job_list(second.job_id)).to_be_focused()
    keyboard.press("/")
    search = dashboard.page.get_by_label("Search jobs")
    expect(search).to_be_focused()
    search.press_sequentially("first-?")
    expect(keys).to_be_hidden()
    search.fill("first")
    expect(rows(dashboard)).to_have_count(1)
    search.press("Enter")
    expect(dashboard.in_job_list(first.job_id)).to_be_focused()
    keyboard.press("Enter")
    expect(dashboard.page.locator("#result-message")).to_have_text("first is done")
    dashboard.page.get_by_role("button", name="Keyboard shortcuts").click()
    expect(keys).to_be_visible()
