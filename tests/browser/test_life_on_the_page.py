"""A job's life on the page: title, waiting, cancelling, a second run, and its result."""

from __future__ import annotations

import re
from typing import Any, Literal

from playwright.sync_api import ViewportSize, expect

from tests.browser.dashboard import PHONE, WIDE, Dashboard
from tests.browser.market_report import Rows, agent, analysis, failure, orchestrator
from tests.browser.pictures import Pictures
from tests.browser.readable import unreadable
from tests.browser.story import Story
from tests.e2e.cloud import Cloud, fresh_id

TITLE = "Pothole on Valencia Street"
SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
LOOKS: list[tuple[str, ViewportSize, Literal["light", "dark"]]] = [
    ("", WIDE, "light"),
    ("-dark", WIDE, "dark"),
    ("-phone", PHONE, "light"),
    ("-phone-dark", PHONE, "dark"),
]
RESULT: dict[str, Any] = {
    "department": "Street Repair",
    "trackingPage": "https://city.example.org/orders/4711",
    "notALink": "javascript:alert(1)",
    "visits": [{"day": "Monday", "crew": 2}, {"day": "Tuesday", "crew": 3, "note": "asphalt"}],
}


MARKDOWN = """\
## What was done

The hole is **closed**. See [the order](https://city.example.org/orders/4711)
and ![the photo](https://city.example.org/1.png).

1. Milled
2. Paved

| Day | Crew |
|---|---|
| Monday | 2 |

> <img src=x onerror="document.title='taken'"> stays text

[Click](javascript:alert(1))
"""


def waiting() -> Rows:
    """Let the job wait for an approval."""
    approval = {"for": "approval", "prompt": "Send the crew tonight?", "until": "2031-01-01T00:00:00Z"}
    return [
        orchestrator(0, "loading_agents", "Reading the report", title=TITLE, workflow="complaints"),
        agent(1, "Planner", "agent_invoking", "Planning the repair"),
        agent(2, "Planner", "waiting", "Asking the foreman", metadata={"waiting": approval}),
    ]


def run_again() -> Rows:
    """The job failed, was run again and completed; a part of it was late."""
    return [
        orchestrator(0, "loading_agents", "Reading the report", title=TITLE, run="first.1"),
        agent(1, "Planner", "agent_invoking", "Planning the repair"),
        orchestrator(4, "error", "The map service is down", run="first.1", opened=1),
        orchestrator(9, "loading_agents", "Reading the report again", run="second.1"),
        agent(10, "Planner", "agent_invoking", "Planning with the old map"),
        agent(12, "Planner", "agent_complete", "Planned"),
        orchestrator(13, "complete", "The crew comes on Monday", run="second.1", opened=1, result=RESULT),
        agent(15, "Surveyor", "agent_invoking", "Late to the site"),
    ]


def look_at(dashboard: Dashboard, pictures: Pictures, name: str) -> None:
    """Fail unless everybody can read the page in each look, without scrolling sideways."""
    for look, size, theme in LOOKS:
        dashboard.page.set_viewport_size(size)
        dashboard.page.emulate_media(color_scheme=theme)
        assert unreadable(dashboard.page) == [], f"{name}{look}"
        assert dashboard.page.evaluate(SIDEWAYS) <= 0, f"{name}{look}"
        pictures.take(dashboard, f"{name}{look}")
    dashboard.page.set_viewport_size(WIDE)


def test_the_page_shows_a_wait_with_its_kind_and_cancels_a_job(
    cloud: Cloud, dashboard: Dashboard, pictures: Pictures
) -> None:
    story = Story(cloud, cloud.user(tenant=0), fresh_id("life"))
    story.publish_at_once(*waiting(), seconds_ago=30)
    dashboard.watch(story.user, story.job_id)
    page = dashboard.page
    expect(dashboard.job_state).to_have_text("Waiting")
    expect(page.locator("#job-title")).to_have_text(TITLE)
    expect(page.locator("#job-id")).to_have_text(story.job_id)
    expect(page.locator("#result-message")).to_have_text("Send the crew tonight?")
    expect(page.locator("#waiting")).to_contain_text("Planner · Waits for approval since")
    expect(dashboard.in_job_list(story.job_id)).to_contain_text(TITLE)
    expect(dashboard.in_job_list(story.job_id)).to_contain_text("Waits for approval since")
    look_at(dashboard, pictures, "life-waiting")

    page.locator("#cancel").click()
    page.get_by_label("Reason").fill("Reported twice")
    look_at(dashboard, pictures, "life-cancel-dialog")
    page.locator("#confirm-cancel").click()
    expect(dashboard.job_state).to_have_text("Cancelling")
    expect(page.locator("#cancel-request")).to_contain_text("by its owner")
    expect(page.locator("#cancel-request")).to_contain_text("Reported twice")
    expect(page.locator("#cancel")).to_be_hidden()
    look_at(dashboard, pictures, "life-cancelling")

    story.publish("Stopped before the crew left", status="cancelled", agentName=None)
    expect(dashboard.job_state).to_have_text("Cancelled")
    expect(page.locator("#result-message")).to_have_text("Stopped before the crew left")
    look_at(dashboard, pictures, "life-cancelled")


def test_a_second_run_shows_its_result_and_the_way_to_the_first(
    cloud: Cloud, dashboard: Dashboard, pictures: Pictures
) -> None:
    story = Story(cloud, cloud.user(tenant=0), fresh_id("life"))
    story.publish_at_once(*run_again(), seconds_ago=30)
    dashboard.watch(story.user, story.job_id)
    page = dashboard.page
    expect(dashboard.job_state).to_have_text("Completed")
    expect(page.locator("#run")).to_contain_text("Run 2 of 2")
    expect(page.locator(".number").filter(has_text="Took")).to_contain_text("4.0 s")
    result = page.get_by_role("region", name="Result", exact=True)
    expect(result.get_by_role("link")).to_have_count(1)
    expect(result.get_by_role("link")).to_have_attribute("href", RESULT["trackingPage"])
    expect(result.get_by_role("row")).to_have_count(3)
    expect(dashboard.entries.filter(has_text="after its end")).to_have_count(1)
    look_at(dashboard, pictures, "life-second-run")

    page.get_by_role("button", name="Show run 1").click()
    expect(dashboard.job_state).to_have_text("Failed")
    expect(page.locator("#run")).to_contain_text("Run 1 of 2")
    expect(page.locator("#result-message")).to_have_text("The map service is down")
    expect(page.get_by_role("region", name="Result, scrollable")).to_have_count(0)
    expect(dashboard.agent("Planner")).to_contain_text("Not finished")
    expect(dashboard.agent("Planner")).not_to_contain_text("0 ms")
    look_at(dashboard, pictures, "life-first-run")


def test_a_result_in_markdown_is_set_and_nothing_of_it_is_run_or_fetched(
    cloud: Cloud, dashboard: Dashboard, pictures: Pictures
) -> None:
    story = Story(cloud, cloud.user(tenant=0), fresh_id("life"))
    done = orchestrator(1, "complete", "The hole is closed", result=MARKDOWN)
    story.publish_at_once(orchestrator(0, "loading_agents", "Begins"), done, seconds_ago=30)
    dashboard.watch(story.user, story.job_id)
    result = dashboard.page.get_by_role("region", name="Result", exact=True)
    expect(result.get_by_role("heading", name="What was done")).to_be_visible()
    expect(result.locator("strong")).to_have_text("closed")
    expect(result.locator("ol > li")).to_have_text(["Milled", "Paved"])
    expect(result.get_by_role("columnheader")).to_have_text(["Day", "Crew"])
    expect(result.get_by_role("link")).to_have_text(["the order", "the photo"])
    expect(result.locator("img")).to_have_count(0)
    expect(result.locator("blockquote")).to_contain_text("onerror=")
    expect(result).to_contain_text("Click")
    look_at(dashboard, pictures, "life-markdown")


def test_the_title_and_the_newest_activity_lead_in_list_tab_and_headline(
    cloud: Cloud, dashboard: Dashboard
) -> None:
    story = Story(cloud, cloud.user(tenant=0), fresh_id("life"))
    first, *steps = run_again()[:2]
    story.publish_at_once(first, seconds_ago=30)
    dashboard.watch(story.user, story.job_id)
    page = dashboard.page
    story.publish_at_once(
        *steps, agent(2, "Planner", "progress", "Measuring the hole", progress=66), seconds_ago=20
    )
    expect(page.locator("#result-message")).to_have_text("Measuring the hole")
    expect(page).to_have_title(re.compile(rf"^Running.* · {TITLE} · Statusbeam$"))
    expect(page.locator("#result")).to_contain_text("Planner")
    expect(dashboard.in_job_list(story.job_id)).to_contain_text("Planner: Measuring the hole")
    page.get_by_label("Search jobs").fill(TITLE)
    expect(dashboard.in_job_list(story.job_id)).to_be_visible()


def test_a_failed_job_has_its_error_id_and_the_way_to_the_logs(cloud: Cloud, dashboard: Dashboard) -> None:
    story = Story(cloud, cloud.user(tenant=0), fresh_id("life"))
    story.publish_at_once(*failure(), seconds_ago=60)
    dashboard.search_logs_at("https://logs.example.com/?q={errorId}&job={jobId}")
    context = dashboard.page.context
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    dashboard.watch(story.user, story.job_id)
    error = dashboard.page.locator("#error-id")
    expect(error.locator("code")).to_have_text("e-4f1c09")
    expect(error.get_by_role("link")).to_have_attribute(
        "href", f"https://logs.example.com/?q=e-4f1c09&job={story.job_id}"
    )
    error.get_by_role("button", name="Copy the error id").click()
    assert dashboard.page.evaluate("navigator.clipboard.readText()") == "e-4f1c09"


def test_the_plan_shows_each_step_also_at_a_past_moment(cloud: Cloud, dashboard: Dashboard) -> None:
    story = Story(cloud, cloud.user(tenant=0), fresh_id("life"))
    story.publish_at_once(*analysis(), seconds_ago=21)
    dashboard.watch(story.user, story.job_id)
    page = dashboard.page
    expect(page.get_by_role("region", name="Plan", exact=True)).to_contain_text("longest way, 4 steps")

    def expect_step(name: str, state: str) -> None:
        expect(page.locator("#graph").get_by_title(name, exact=True)).to_have_text(f"{name}{state}")

    expect_step("Researcher", "Completed")
    expect_step("Analyst", "Running, 60 %")
    expect_step("Writer", "Waits for Analyst")
    dashboard.slider.fill("8")
    expect_step("Source checker C", "Failed")
    expect_step("Analyst", "Waits for Researcher")
