"""Unusual jobs and links: odd ids, endless words, other scripts, wrong clocks, old keys."""

from __future__ import annotations

import json
import re
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from statusbeam.model.limits import METADATA_BYTES
from tests.browser.conftest import NewDashboard
from tests.browser.dashboard import Dashboard, repeat_until
from tests.browser.readable import unreadable
from tests.browser.story import Story
from tests.e2e.cloud import Cloud, fresh_id

SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
ENDLESS = "W" * 300
RIGHT_TO_LEFT = "هذه رسالة من اليمين إلى اليسار: 42"


def test_any_id_and_any_text_has_its_place(cloud: Cloud, dashboard: Dashboard) -> None:
    job = Story(cloud, cloud.user(tenant=0, which=1), f"{fresh_id('Größe & #1 100% /a?b=c')} 報告")
    job.publish(ENDLESS, agentName="N" * 120)
    job.publish(RIGHT_TO_LEFT, agentName="وكيل الخرائط")
    job.publish("uses one", status="calling_tool", toolName="t" * 120)
    page = dashboard.page
    dashboard.open(fragment=f"#job={quote(job.job_id, safe='')}")
    dashboard.sign_in(job.user)
    job.expect_on(dashboard)
    expect(page.locator("#job-id")).to_have_text(job.job_id)
    message = dashboard.entries.locator(".message", has_text=RIGHT_TO_LEFT)
    assert message.evaluate("each => getComputedStyle(each).direction") == "rtl"
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 740})
        assert page.evaluate(SIDEWAYS) <= 0, f"it scrolls sideways at {width} px"
    page.set_viewport_size({"width": 1280, "height": 900})
    page.get_by_role("link", name="New").click()
    expect(dashboard.complaint).to_be_visible()
    page.go_back()
    job.expect_on(dashboard)
    page.reload()
    job.expect_on(dashboard)


def test_metadata_too_big_for_the_log_is_read_when_its_row_is_opened(
    cloud: Cloud, dashboard: Dashboard
) -> None:
    job = Story(cloud, cloud.user(tenant=0, which=1))
    job.publish("much", metadata=json.dumps({"text": f"{'m' * METADATA_BYTES} to the end"}))
    dashboard.watch(job.user, job.job_id)
    row = dashboard.entries.filter(has_text="much")
    row.get_by_role("button", name="Details of status").click()
    expect(row.get_by_label("All of its metadata, scrollable")).to_contain_text("to the end")
    assert unreadable(dashboard.page) == []


def test_an_operator_reads_the_details_for_operators(cloud: Cloud, new_dashboard: NewDashboard) -> None:
    viewer, operator = cloud.user(tenant=0, which=1), cloud.user(tenant=0, role="operator")
    dashboard = new_dashboard()
    dashboard.open(fragment="#tenant")
    dashboard.sign_in(operator)
    job = Story(cloud, viewer)
    row = dashboard.page.locator("#tenant-jobs > li").filter(has_text=job.job_id)
    # The subscription may start later than the page says that it is live.
    repeat_until(
        lambda: row.count() > 0,
        lambda: job.publish("It broke", metadata={"operator": {"cause": "disk full"}}),
    )
    row.get_by_role("button").click()
    row.get_by_role("button", name="Details of status").last.click()
    expect(row.get_by_label("For operators, scrollable")).to_contain_text("disk full")
    theirs = new_dashboard()
    theirs.watch(viewer, job.job_id)
    theirs.entries.last.get_by_role("button", name="Details of status").click()
    expect(theirs.entries.last.locator("pre")).to_be_visible()
    assert "disk full" not in theirs.page.content()


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_clock_that_is_off_changes_nothing(cloud: Cloud, dashboard: Dashboard, minutes: int) -> None:
    job = Story(cloud, cloud.user(tenant=0, which=1))
    job.publish("a while ago", seconds_ago=30, metadata={"leaseSeconds": 3_600})
    dashboard.page.add_init_script(
        f"const now = Date.now.bind(Date); Date.now = () => now() + {minutes} * 60000"
    )
    dashboard.watch(job.user, job.job_id)
    expect(dashboard.job_state).to_have_text("Running")
    expect(dashboard.agent("Geo Agent").locator(".badge")).to_have_text("Running")
    expect(dashboard.page.locator(".numbers")).to_contain_text(
        re.compile(r"Running for\s*([3-9]\d s|[1-8] min)")
    )
    expect(dashboard.in_job_list(job.job_id)).to_contain_text(re.compile(r"[3-9]\d s ago|\b[1-8] min ago"))


def test_a_link_with_a_refused_key_shows_an_error(dashboard: Dashboard, cloud: Cloud) -> None:
    dashboard.expected = re.compile("401|WebSocket")
    *claims, _ = cloud.view_token("somebody", "riverton", job_ids=["job-1"]).split(".")
    dashboard.open(fragment=f"#viewToken={'.'.join([*claims, 'A' * 43])}&job=job-1")
    expect(dashboard.page.locator("#ended")).to_contain_text("This link is no longer valid.")


def test_a_truncated_link_shows_an_error(dashboard: Dashboard) -> None:
    dashboard.open(fragment="#viewToken=eyJhbG&job=job-1")
    expect(dashboard.page.get_by_role("alert")).to_contain_text("The key in this link cannot be read.")
