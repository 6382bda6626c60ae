"""The page shows a user only the user's own data, and runs only its own code."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import NewDashboard
from tests.browser.dashboard import Dashboard
from tests.e2e.cloud import Cloud, fresh_id, status


@pytest.mark.parametrize(
    ("tenant", "role", "which"),
    [
        pytest.param(0, "viewer", 1, id="neighbour"),
        pytest.param(1, "operator", 0, id="operator of another tenant"),
        pytest.param(1, "viewer", 0, id="stranger"),
    ],
)
def test_the_link_to_somebody_elses_job_shows_nothing_of_it(
    cloud: Cloud, dashboard: Dashboard, tenant: int, role: str, which: int
) -> None:
    owner, other = cloud.user(tenant=0), cloud.user(tenant=tenant, role=role, which=which)
    job_id, secret, own_job = fresh_id("job"), fresh_id("secret"), fresh_id("own")
    cloud.publish(status(job_id, owner.user_id, owner.tenant_id, secret, agentName=secret))
    dashboard.watch(other, job_id)
    cloud.publish(status(job_id, owner.user_id, owner.tenant_id, f"{secret} again"))
    cloud.publish(status(own_job, other.user_id, other.tenant_id, "mine"))
    expect(dashboard.in_job_list(own_job)).to_be_visible()  # a push that came after the secret one
    expect(dashboard.completeness).to_have_text("No status yet")
    expect(dashboard.job_state).to_have_text("Not started")
    expect(dashboard.entries).to_have_count(0)
    expect(dashboard.in_job_list(job_id)).to_have_count(0)
    assert secret not in dashboard.page.content()
    assert job_id not in [push["jobId"] for push in dashboard.pushes]


def test_no_data_of_a_user_stays_when_another_signs_in(cloud: Cloud, dashboard: Dashboard) -> None:
    first, second, secret = cloud.user(tenant=0), cloud.user(tenant=1), fresh_id("secret")
    dashboard.open()
    dashboard.sign_in(first)
    job_id = dashboard.start_job(secret)
    expect(dashboard.page.locator("#job-title")).to_have_text(secret)
    dashboard.page.get_by_role("link", name="New").click()
    dashboard.complaint.fill(f"{secret}, not sent yet")
    dashboard.leave("Sign out")
    dashboard.sign_in(second)
    assert job_id not in dashboard.page.content()
    dashboard.page.goto(f"{dashboard.page.url}#job={job_id}")
    dashboard.expect_whole()
    assert secret not in dashboard.page.content()
    assert secret not in dashboard.page.evaluate("JSON.stringify(sessionStorage)")
    dashboard.page.get_by_role("link", name="New").click()
    assert dashboard.complaint.input_value() == ""


def test_signing_out_everywhere_ends_what_is_live_on_every_page(
    cloud: Cloud, new_dashboard: NewDashboard
) -> None:
    user, bystander = cloud.new_user(cloud.user(tenant=0).tenant_id), cloud.user(tenant=0, which=1)
    job_id, secret, other_job = fresh_id("job"), fresh_id("secret"), fresh_id("job")
    cloud.publish(status(job_id, user.user_id, user.tenant_id, "hello"))
    leaving, forgotten, untouched = (new_dashboard() for _ in range(3))
    for page in (leaving, forgotten):
        page.expected = re.compile("WebSocket|net::ERR")
        page.offer(user)
        page.watch(user, job_id)
    untouched.open()
    untouched.sign_in(bystander)
    leaving.leave("Sign out everywhere")
    expect(leaving.user_button(user)).to_be_visible()
    expect(forgotten.page.locator("#ended")).to_contain_text("Your sign-in has ended")
    cloud.publish(status(job_id, user.user_id, user.tenant_id, secret))
    cloud.publish(status(other_job, bystander.user_id, bystander.tenant_id, "mine"))
    expect(untouched.in_job_list(other_job)).to_be_visible()
    assert secret not in forgotten.page.content()
    assert secret not in json.dumps(forgotten.pushes)


def test_the_page_shows_a_failed_sign_out_everywhere(cloud: Cloud, dashboard: Dashboard) -> None:
    dashboard.expected = re.compile("net::ERR|Failed to load")
    dashboard.open()
    dashboard.sign_in(cloud.user(tenant=0))

    def refuse(route: Route) -> None:
        if "endSessions" in (route.request.post_data or ""):
            route.abort()
        else:
            route.continue_()

    dashboard.page.route("**/graphql", refuse)
    dashboard.leave("Sign out everywhere")
    expect(dashboard.page.locator("#still-signed-in")).to_contain_text("You are still signed in.")
    dashboard.expect_live()


def test_markup_in_a_status_is_shown_as_text(cloud: Cloud, dashboard: Dashboard) -> None:
    user, job_id = cloud.user(tenant=0), fresh_id("job")
    markup = "<img src=x onerror=\"document.title='taken'\"><b>bold</b> &amp; <script>alert(1)</script>"
    cloud.publish(status(job_id, user.user_id, user.tenant_id, markup, agentName="<i>Agent</i>"))
    dashboard.watch(user, job_id)
    (row,) = dashboard.rows()
    assert (row.source, row.text) == ("<i>Agent</i>", markup)


def test_a_script_that_is_not_the_pages_own_is_refused_and_noticed(
    cloud: Cloud, dashboard: Dashboard
) -> None:
    page = dashboard.page
    dashboard.open()
    expect(dashboard.user_button(cloud.user(tenant=0))).to_be_visible()
    assert dashboard.troubles == []
    with page.expect_console_message(lambda message: message.type == "error"):
        page.evaluate("""
            const script = Object.assign(document.createElement('script'), {text: 'window.taken = 1'});
            document.head.append(script);
        """)
    assert page.evaluate("window.taken") is None
    assert "Content Security Policy" in dashboard.troubles.pop()  # so the other tests would notice, too
