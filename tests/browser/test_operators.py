"""What an operator sees of a tenant: its agents' health, its workflows, its throughput, and its jobs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Locator, Route, expect

from statusbeam.localcloud.outputs import DemoUser
from tests.browser.dashboard import Dashboard, repeat_until
from tests.browser.story import Story
from tests.e2e.cloud import Cloud, fresh_id


@dataclass(frozen=True)
class Tenant:
    """A tenant for one test, with an operator and a user with jobs."""

    cloud: Cloud
    operator: DemoUser
    user: DemoUser

    def publish(self, name: str, *statuses: dict[str, Any], seconds_ago: float = 0) -> Story:
        """A job of these statuses."""
        story = Story(self.cloud, self.user, fresh_id(name))
        story.publish_at_once(*statuses, seconds_ago=seconds_ago)
        return story


@pytest.fixture
def tenant(cloud: Cloud, dashboard: Dashboard) -> Tenant:
    """A tenant without jobs. The page offers its operator to sign in as."""
    name = fresh_id("tenant")
    made = Tenant(cloud, cloud.new_user(name, "operator"), cloud.new_user(name))
    dashboard.offer(made.operator)
    return made


def opening(workflow: str, title: str | None = None) -> dict[str, Any]:
    metadata = {"workflow": workflow, **({"title": title} if title else {})}
    return {"agentName": None, "status": "loading_agents", "message": "Begins", "metadata": metadata}


def agent(name: str, status: str, message: str = "Reading", **more: Any) -> dict[str, Any]:
    return {"agentName": name, "status": status, "message": message, **more}


def ending(status: str, message: str, **more: Any) -> dict[str, Any]:
    return {"agentName": None, "status": status, "message": message, **more}


def health(dashboard: Dashboard, name: str) -> Locator:
    row = dashboard.page.locator("#agent-health tbody tr")
    return row.filter(has=dashboard.page.get_by_role("rowheader", name=name, exact=True))


def publish_until_it_is_heard(dashboard: Dashboard, story: Story) -> None:
    """Wait for the subscription, which may start after the page shows *live*."""
    row = dashboard.page.locator("#tenant-jobs > li").filter(has_text=story.job_id)
    repeat_until(lambda: row.count() > 0, lambda: story.publish("Reading the map"))


def test_an_operator_sees_which_agents_are_lost_which_fail_and_which_are_healthy(
    dashboard: Dashboard, tenant: Tenant
) -> None:
    lost = tenant.publish("lost", opening("reports"), agent("Researcher", "agent_invoking"), seconds_ago=900)
    tenant.publish(
        "failed",
        opening("reports"),
        agent("Writer", "agent_error", "No paper"),
        ending("error", "No paper"),
        seconds_ago=60,
    )
    tenant.publish("done", opening("reports"), agent("Reader", "agent_complete"), ending("complete", "Read"))
    dashboard.open(fragment="#tenant")
    dashboard.sign_in(tenant.operator)
    expect(health(dashboard, "Researcher")).to_contain_text("Lost")
    expect(health(dashboard, "Writer")).to_contain_text("Degraded")
    expect(health(dashboard, "Writer")).to_contain_text("1 of 1")
    expect(health(dashboard, "Reader")).to_contain_text("Healthy")
    expect(dashboard.page.locator("#agent-health tbody tr").first).to_contain_text("Researcher")
    story = Story(tenant.cloud, tenant.user, fresh_id("live"))
    publish_until_it_is_heard(dashboard, story)
    story.publish("Torn page", status="agent_error", agentName="Reader", invocationId="reader-2")
    expect(health(dashboard, "Reader")).to_contain_text("1 of 2")
    expect(health(dashboard, "Reader")).to_contain_text("Degraded")
    health(dashboard, "Researcher").get_by_role("link").click()
    expect(dashboard.page.locator("#job-id")).to_have_text(lost.job_id)


def test_an_operator_sees_todays_jobs_by_workflow_and_narrows_the_jobs_to_one(
    dashboard: Dashboard, tenant: Tenant
) -> None:
    # A job of before midnight is none of today's.
    report = tenant.publish(
        "report", opening("reports", "Heat pumps"), ending("complete", "Sales grew", at=0.5), seconds_ago=1
    )
    upload = tenant.publish("upload", opening("imports"), ending("error", "The disk is full"))
    dashboard.open(fragment="#tenant")
    dashboard.sign_in(tenant.operator)
    page = dashboard.page
    workflows = page.locator("#workflows tbody tr")
    expect(workflows.filter(has_text="imports")).to_have_text("imports0100")
    earlier = page.locator("#tenant-earlier > li")
    expect(earlier).to_have_count(2)
    expect(earlier.filter(has_text=upload.job_id)).to_contain_text("The disk is full")
    page.get_by_role("button", name="reports", exact=True).click()
    expect(earlier).to_have_count(1)
    expect(earlier).to_contain_text("Heat pumps")
    expect(earlier).to_contain_text("reports · 500 ms")
    expect(page).to_have_url(re.compile("#tenant&workflow=reports$"))
    page.reload()
    dashboard.sign_in(tenant.operator)
    expect(earlier).to_have_count(1)
    page.get_by_role("button", name="Clear filters").last.click()
    expect(earlier).to_have_count(2)
    expect(earlier.filter(has_text="Heat pumps").get_by_role("link")).to_have_attribute(
        "href", f"#job={report.job_id}"
    )


def test_an_operator_sees_how_much_the_tenant_reports(dashboard: Dashboard, tenant: Tenant) -> None:
    dashboard.open(fragment="#tenant")
    dashboard.sign_in(tenant.operator)
    story = Story(tenant.cloud, tenant.user, fresh_id("live"))
    publish_until_it_is_heard(dashboard, story)
    throughput = dashboard.page.locator("#throughput")
    statuses = throughput.locator("figcaption").filter(has_text="Statuses")
    before = int(re.findall(r"(\d+) in all", statuses.inner_text())[0])
    story.publish("two", "three")
    story.publish("The end", status="complete", agentName=None)
    expect(statuses).to_contain_text(f"{before + 3} in all")
    expect(throughput.locator("figcaption").filter(has_text="Ended jobs")).to_contain_text("1 in all")
    throughput.get_by_text("As a table").click()
    expect(throughput.get_by_role("row").nth(1)).to_have_text(re.compile(r"\d\d:\d\d:00"))


def test_a_failed_read_of_the_tenant_is_retried_and_its_notice_disappears(
    dashboard: Dashboard, tenant: Tenant
) -> None:
    report = tenant.publish("report", opening("reports"), ending("complete", "Sales grew"))
    dashboard.expected = re.compile("500")
    page = dashboard.page

    def refuse(route: Route) -> None:
        if "TenantJobs" in (route.request.post_data or ""):
            route.fulfill(status=500, body="{}")
        else:
            route.fallback()

    page.route("**/graphql", refuse)
    dashboard.open(fragment="#tenant")
    dashboard.sign_in(tenant.operator)
    expect(page.get_by_role("alert").filter(has_text="cannot be counted")).to_be_visible()
    expect(page.get_by_role("alert").filter(has_text="cannot be read")).to_be_visible()
    page.unroute("**/graphql", refuse)
    expect(page.locator("#tenant-earlier > li").filter(has_text=report.job_id)).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
