"""The list, the operator's view of a tenant, and links with their own key."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.dashboard import SERVER_AWAY, Dashboard, repeat_until
from tests.browser.story import Story
from tests.browser.tcp_proxy import TcpProxy
from tests.e2e.cloud import Cloud, fresh_id


def test_the_list_is_filtered_and_searched_while_it_is_live(cloud: Cloud, dashboard: Dashboard) -> None:
    user = cloud.user(tenant=1, which=1)
    running, failed = Story(cloud, user, fresh_id("running")), Story(cloud, user, fresh_id("failed"))
    running.publish("Counting the trees")
    failed.publish("It broke", status="error", agentName=None)
    dashboard.open()
    dashboard.sign_in(user)
    expect(dashboard.in_job_list(running.job_id)).to_contain_text("Counting the trees")
    state = dashboard.page.get_by_role("group", name="State")
    state.get_by_role("button", name="Failed").click()
    expect(dashboard.in_job_list(failed.job_id)).to_be_visible()
    expect(dashboard.in_job_list(running.job_id)).to_have_count(0)
    running.publish("It broke, too", status="error", agentName=None)
    expect(dashboard.in_job_list(running.job_id)).to_contain_text("Failed")
    state.get_by_role("button", name="All").click()
    dashboard.page.get_by_label("Search jobs").fill(failed.job_id[:14])
    expect(dashboard.in_job_list(failed.job_id)).to_be_visible()
    expect(dashboard.in_job_list(running.job_id)).to_have_count(0)


def test_older_jobs_are_read_on_request(cloud: Cloud, dashboard: Dashboard) -> None:
    user = cloud.user(tenant=0, which=1)
    jobs = [Story(cloud, user, fresh_id(f"page-{number:02}")) for number in range(21)]
    for job in jobs:
        job.publish("done", status="complete", agentName=None)
    dashboard.open()
    dashboard.sign_in(user)
    expect(dashboard.in_job_list(jobs[-1].job_id)).to_be_visible()
    dashboard.page.get_by_label("Search jobs").fill("page-00")
    expect(dashboard.page.locator("#jobs-hint")).to_be_visible()
    dashboard.page.get_by_role("button", name="Show more").click()
    expect(dashboard.in_job_list(jobs[0].job_id)).to_be_visible()


def test_an_operator_sees_what_happens_in_the_tenant(cloud: Cloud, dashboard: Dashboard) -> None:
    operator, viewer, stranger = (
        cloud.user(tenant=0, role="operator"),
        cloud.user(tenant=0),
        cloud.user(tenant=1),
    )
    theirs, foreign = Story(cloud, viewer), Story(cloud, stranger)
    dashboard.open()
    dashboard.sign_in(operator)
    dashboard.page.get_by_role("link", name="The whole tenant").click()
    rows = dashboard.page.locator("#tenant-jobs > li")
    listening = dashboard.page.get_by_role("heading", name="Listening")
    expect(listening.or_(rows.first)).to_be_visible()  # another job of the tenant may report first
    foreign.publish("None of the operator's business")
    row = rows.filter(has_text=theirs.job_id)
    # The subscription may start later than the page says that it is live.
    repeat_until(lambda: row.count() > 0, lambda: theirs.publish("Reading the map"))
    expect(row).to_contain_text("Reading the map")
    expect(row).to_contain_text("Running")
    theirs.publish("The end", status="complete", agentName=None)
    expect(row).to_contain_text("Completed")
    row.get_by_role("button").click()
    expect(row.get_by_role("listitem").last).to_contain_text("The end")
    assert "None of the operator's business" not in dashboard.page.content()


def test_an_operator_sees_an_earlier_job_in_the_state_that_its_owner_sees(
    cloud: Cloud, dashboard: Dashboard
) -> None:
    operator, viewer = cloud.user(tenant=0, role="operator"), cloud.user(tenant=0)
    theirs = Story(cloud, viewer)
    theirs.publish("Before the operator came")
    cancel = "mutation ($jobId: ID!) { cancelJob(jobId: $jobId) { jobId } }"
    cloud.graphql(cloud.caller(viewer), cancel, {"jobId": theirs.job_id})
    dashboard.open(fragment="#tenant")
    dashboard.sign_in(operator)
    row = dashboard.page.locator("#tenant-earlier > li").filter(has_text=theirs.job_id)
    expect(row).to_contain_text("Cancelling")


def test_an_operator_opens_a_job_of_the_tenant_and_follows_it_live(
    cloud: Cloud, dashboard: Dashboard
) -> None:
    operator, viewer = cloud.user(tenant=0, role="operator"), cloud.user(tenant=0)
    theirs = Story(cloud, viewer)
    theirs.publish("Before the operator came")
    dashboard.open()
    dashboard.sign_in(operator)
    dashboard.page.get_by_role("link", name="The whole tenant").click()
    row = dashboard.page.locator("#tenant-jobs > li").filter(has_text=theirs.job_id)
    # The subscription may start later than the page says that it is live.
    repeat_until(lambda: row.count() > 0, lambda: theirs.publish("Reading the map"))
    row.get_by_role("button").click()
    row.get_by_role("link", name="Open the job").click()
    job = dashboard.page.locator("#job")
    expect(job).to_contain_text("Before the operator came")
    theirs.publish("While the operator looks on")
    expect(job).to_contain_text("While the operator looks on")


def test_a_viewer_is_not_offered_the_tenant(cloud: Cloud, dashboard: Dashboard) -> None:
    dashboard.open(fragment="#tenant")
    dashboard.sign_in(cloud.user(tenant=0))
    expect(dashboard.page.get_by_role("link", name="The whole tenant")).to_have_count(0)
    expect(dashboard.page.get_by_role("heading", name="Tenant")).to_have_count(0)


def test_a_link_with_a_view_token_shows_its_job_and_keeps_the_token_to_itself(
    dashboard: Dashboard, story: Story, cloud: Cloud
) -> None:
    token = cloud.view_token(story.user.user_id, story.user.tenant_id, job_ids=[story.job_id])
    dashboard.open(fragment=f"#viewToken={token}&job={story.job_id}")
    story.expect_on(dashboard)
    story.publish("three")
    story.expect_on(dashboard)
    expect(dashboard.page).to_have_url(re.compile(rf"/#job={story.job_id}$"))
    assert token not in dashboard.page.content()


def test_a_link_with_an_api_key_shows_a_public_job(dashboard: Dashboard, cloud: Cloud) -> None:
    job_id = fresh_id("public")
    update = {"jobId": job_id, "userId": "guest", "tenantId": "public", "status": "validating"}
    cloud.publish({**update, "eventId": fresh_id("event"), "message": "Open to all"})
    dashboard.open(fragment=f"#apiKey={cloud.outputs.api_key}&user=guest&job={job_id}")
    dashboard.expect_whole(1)
    assert [row.text for row in dashboard.rows()] == ["Open to all"]


def test_the_page_shows_when_its_server_is_down(dashboard: Dashboard) -> None:
    dashboard.expected = re.compile("500")
    dashboard.page.route("**/config.json", lambda route: route.fulfill(status=500))
    dashboard.open()
    expect(dashboard.page.get_by_role("alert")).to_contain_text("The server does not answer.")
    dashboard.page.unroute("**/config.json")
    dashboard.page.get_by_role("button", name="Try again").click()
    expect(dashboard.page.locator("#users")).to_be_visible()


def test_the_page_shows_that_its_api_is_down_and_recovers_by_itself(
    dashboard: Dashboard, story: Story, cloud: Cloud
) -> None:
    dashboard.expected = SERVER_AWAY
    with TcpProxy(cloud.host) as proxy:
        dashboard.use_server(proxy.url)
        dashboard.open(story.job_id)
        expect(dashboard.user_button(story.user)).to_be_visible()
        proxy.stop()
        dashboard.user_button(story.user).click()
        expect(dashboard.completeness).to_contain_text("The log cannot be read")
        expect(dashboard.job_state).to_have_text("Looking")
        expect(dashboard.page.get_by_role("alert")).to_contain_text("Your jobs cannot be listed.")
        proxy.start()
        story.expect_on(dashboard)
        expect(dashboard.in_job_list(story.job_id)).to_be_visible()
        expect(dashboard.page.get_by_role("alert")).to_have_count(0)
