"""A job's life on the page: title, waiting, cancelling, a second run, and what it came to."""

from __future__ import annotations

from typing import Any, Literal

from playwright.sync_api import ViewportSize, expect

from tests.browser.dashboard import PHONE, WIDE, Dashboard
from tests.browser.market_report import Rows, agent, orchestrator
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


def waiting() -> Rows:
    """The job waits for somebody's approval."""
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


def test_waiting_says_for_what_and_a_job_is_cancelled_on_the_page(
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
