"""A person decides on the page: the street fair from its button to the permit, or to its rejection."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.dashboard import PHONE, Dashboard
from tests.browser.market_report import Rows, agent, orchestrator
from tests.browser.pictures import Pictures
from tests.browser.story import Story
from tests.browser.test_life_on_the_page import look_at
from tests.e2e.cloud import Cloud, fresh_id

QUESTION = "Close Castro Street on a Saturday in May for a fair with 4,000 visitors?"


def decision(dashboard: Dashboard) -> Locator:
    """Where a person approves or rejects."""
    return dashboard.page.get_by_role("region", name="Your decision")


def asking(**wait: Any) -> Rows:
    """A job with an agent that asks for an approval."""
    approval = {"for": "approval", "prompt": "Send the crew tonight?", "answerable": True, **wait}
    return [
        orchestrator(0, "loading_agents", "Reading the report", title="Pothole"),
        agent(1, "Planner", "agent_invoking", "Planning the repair"),
        agent(2, "Planner", "waiting", "Asking the foreman", metadata={"waiting": approval}),
    ]


@pytest.fixture
def quick_fair(dashboard: Dashboard) -> None:
    """The button starts a fair whose agents take no time."""
    dashboard.page.route("**/demo/street-fairs", lambda route: route.continue_(post_data='{"pace": 0}'))


@pytest.mark.usefixtures("quick_fair")
def test_a_street_fair_is_started_approved_and_issued_on_the_page(
    cloud: Cloud, dashboard: Dashboard, pictures: Pictures
) -> None:
    dashboard.open()
    dashboard.sign_in(cloud.user(tenant=0))
    dashboard.page.get_by_role("button", name="Start the street fair").click()
    job_id = dashboard.open_job_id()
    expect(dashboard.job_state).to_have_text("Waiting")
    expect(dashboard.page.locator("#job-title")).to_have_text("Street fair on Castro Street")
    expect(dashboard.page.locator("#result-message")).to_contain_text(QUESTION)
    expect(dashboard.agent("Weather Agent")).to_contain_text("Attempt 2")
    look_at(dashboard, pictures, "approval")
    decision(dashboard).get_by_label("Reason or comment").fill("Have fun")
    decision(dashboard).get_by_role("button", name="Approve").click()
    expect(dashboard.job_state).to_have_text("Completed")
    expect(decision(dashboard)).to_have_count(0)
    result = dashboard.page.locator(".result")
    expect(result).to_contain_text("Castro Street")
    expect(result).to_contain_text("Have fun")
    expect(result.get_by_role("table")).to_contain_text("33")
    expect(dashboard.in_job_list(job_id)).to_contain_text("Completed")
    assert "Approved: Have fun" in [row.text for row in dashboard.rows()]
    look_at(dashboard, pictures, "approval-permit")
    assert dashboard.troubles == []


@pytest.mark.usefixtures("quick_fair")
def test_a_street_fair_that_is_rejected_is_cancelled_with_the_reason(
    cloud: Cloud, dashboard: Dashboard
) -> None:
    dashboard.open()
    dashboard.sign_in(cloud.user(tenant=0))
    dashboard.page.get_by_role("button", name="Start the street fair").click()
    decision(dashboard).get_by_label("Reason or comment").fill("Too loud")
    decision(dashboard).get_by_role("button", name="Reject").click()
    expect(dashboard.job_state).to_have_text("Cancelled")
    expect(dashboard.page.locator("#result-message")).to_have_text("The permit was rejected: Too loud")
    expect(decision(dashboard)).to_have_count(0)


ON_TOP = """
button => {
  const { left, top, right, bottom } = button.getBoundingClientRect();
  return [[left + 4, top + 4], [right - 4, bottom - 4]].every(
    ([x, y]) => document.elementFromPoint(x, y)?.closest('button') === button
  );
}
"""


def test_the_buttons_are_in_view_on_a_phone(cloud: Cloud, dashboard: Dashboard) -> None:
    story = Story(cloud, cloud.user(tenant=0), fresh_id("asking"))
    story.publish_at_once(*asking(prompt=f"{QUESTION} 2 bus lines move, and cars need 2 min more."))
    dashboard.page.set_viewport_size(PHONE)
    dashboard.watch(story.user, story.job_id)
    for name in ("Reject", "Approve"):
        assert decision(dashboard).get_by_role("button", name=name).evaluate(ON_TOP), name


def test_a_job_that_stays_waiting_after_its_answer_shows_a_notice(cloud: Cloud, dashboard: Dashboard) -> None:
    story = Story(cloud, cloud.user(tenant=0), fresh_id("asking"))
    story.publish_at_once(*asking(), seconds_ago=300)
    answer = {"approved": True, "by": story.user.user_id}
    story.publish(
        "Approved.", status="answered", agentName="Planner", metadata={"answer": answer}, seconds_ago=130
    )
    dashboard.watch(story.user, story.job_id)
    expect(dashboard.job_state).to_have_text("Stale")
    expect(dashboard.page.locator("#result")).to_contain_text("The answer may not have reached its work.")


def test_an_operator_decides_on_another_users_job(cloud: Cloud, dashboard: Dashboard) -> None:
    story = Story(cloud, cloud.user(tenant=0), fresh_id("asking"))
    story.publish_at_once(*asking(), seconds_ago=30)
    dashboard.watch(cloud.user(tenant=0, role="operator"), story.job_id)
    decision(dashboard).get_by_role("button", name="Approve").click()
    expect(decision(dashboard)).to_have_count(0)
    assert "Approved." in [row.text for row in dashboard.rows()]


def test_a_late_decision_gets_an_error(cloud: Cloud, dashboard: Dashboard) -> None:
    story = Story(cloud, cloud.user(tenant=0), fresh_id("asking"))
    story.publish_at_once(*asking(), seconds_ago=30)
    dashboard.watch(story.user, story.job_id)
    refusal = '{"data": null, "errors": [{"errorType": "NotWaiting", "message": "Nothing waits any more."}]}'

    def refuse(route: Any) -> None:
        if "answerWaiting" in (route.request.post_data or ""):
            route.fulfill(body=refusal, content_type="application/json")
        else:
            route.continue_()

    dashboard.page.route("**/graphql", refuse)
    decision(dashboard).get_by_role("button", name="Reject").click()
    expect(decision(dashboard).get_by_role("alert")).to_contain_text(
        "The answer was not taken. Nothing waits any more."
    )
    expect(decision(dashboard).get_by_role("button", name="Approve")).to_be_enabled()


def test_a_wait_that_nobody_answers_and_the_past_offer_no_decision(
    cloud: Cloud, dashboard: Dashboard
) -> None:
    story = Story(cloud, cloud.user(tenant=0), fresh_id("asking"))
    story.publish_at_once(*asking(answerable=False), seconds_ago=30)
    dashboard.watch(story.user, story.job_id)
    expect(dashboard.job_state).to_have_text("Waiting")
    expect(decision(dashboard)).to_have_count(0)
    other = Story(cloud, story.user, fresh_id("asking"))
    other.publish_at_once(*asking(), seconds_ago=30)
    dashboard.open(other.job_id)
    expect(decision(dashboard)).to_have_count(1)
    dashboard.open(fragment=f"#job={other.job_id}&at=3")
    expect(decision(dashboard)).to_have_count(0)
