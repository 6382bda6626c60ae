"""The page shows rare states correctly: lost pushes, expired logs, unusual texts, wrong ids."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Route, expect

from tests.browser.dashboard import Dashboard
from tests.browser.long_job import USER, LongJob, log_of
from tests.browser.story import Story
from tests.e2e.cloud import Cloud, fresh_id

NAMES_OF_THE_LANGUAGE = ("constructor", "toString", "__proto__", "hasOwnProperty")
AS_WRITTEN = "alpha         1\tbeta\n   gamma"


def open_job(dashboard: Dashboard, job_id: str = "job-1", more: str = "") -> None:
    """Open the link to a job whose API answers from memory."""
    dashboard.open(fragment=f"#apiKey=key&user={USER}&job={job_id}{more}")


def test_without_pushes_the_page_says_delayed_and_shows_the_statuses(held: Dashboard) -> None:
    job = LongJob(held.page, log_of("job-1", *[{}] * 16), head=1)
    open_job(held)
    held.expect_whole(1)
    held.page.clock.run_for(3_000)
    job.commit(14)
    held.pass_time_until(lambda: held.entries.last.get_attribute("aria-setsize") == "15", 8_000)
    held.pass_time_until(lambda: held.connection.inner_text() == "Delayed", 2_000)
    expect(held.completeness).to_contain_text("pushes are delayed")
    job.push(1)
    held.expect_log_length(16)
    held.expect_live()


def test_at_the_end_of_the_log_no_status_counts_as_newer(dashboard: Dashboard) -> None:
    dashboard.page.set_viewport_size({"width": 1440, "height": 900})
    rows = [
        {"message": f"Step {number}, which takes more than one line of a narrow column"}
        for number in range(30)
    ]
    job = LongJob(dashboard.page, log_of("job-1", *rows), head=4)
    open_job(dashboard)
    dashboard.expect_whole(4)
    for head in range(5, 31):
        job.push(1)
        dashboard.expect_log_length(head)
    expect(dashboard.page.locator(".unseen")).to_have_count(0)


def test_the_pill_counts_what_came_while_the_reader_was_elsewhere_and_leads_to_it(
    dashboard: Dashboard,
) -> None:
    job = LongJob(dashboard.page, log_of("job-1", *[{}] * 40), head=30)
    open_job(dashboard)
    dashboard.expect_whole(30)
    dashboard.page.locator(".log-frame").evaluate("frame => frame.scrollTo(0, 0)")
    expect(dashboard.entries.first).to_have_attribute("data-sequence", "1")
    job.push(3)
    pill = dashboard.page.get_by_role("button", name="3 newer")
    pill.click()
    expect(dashboard.entries.last).to_have_attribute("data-sequence", "33")
    expect(pill).to_have_count(0)


def test_names_of_the_language_are_words_like_any_other(dashboard: Dashboard) -> None:
    rows = [
        {"status": word, "agentName": word, "toolName": word, "metadata": json.dumps({word: 1})}
        for word in NAMES_OF_THE_LANGUAGE
    ]
    LongJob(dashboard.page, log_of("__proto__", *rows), head=len(rows))
    open_job(dashboard, "__proto__")
    dashboard.expect_whole(len(rows))
    assert [row.source for row in dashboard.rows()] == list(NAMES_OF_THE_LANGUAGE)


def test_the_remaining_log_is_shown_with_the_times_of_the_whole_job(dashboard: Dashboard) -> None:
    rows = [*[{}] * 11, {"type": "complete", "status": "complete", "agentName": None, "invocationId": None}]
    log = log_of("job-1", *rows)
    for update in log[:4]:
        update["timestamp"] = update["timestamp"].replace("2026-", "2025-")
    job = LongJob(dashboard.page, log, head=12)
    job.kept_from = 5
    open_job(dashboard)
    expect(dashboard.page.get_by_text("The log before status 5 is no longer kept.")).to_be_visible()
    assert [row.sequence for row in dashboard.rows()] == list(range(5, 13))
    expect(dashboard.page.locator(".timeline-sum")).to_have_text(re.compile(r"^365 d"))


def test_a_job_of_which_nothing_comes_makes_the_page_ask_for_the_right_id(held: Dashboard) -> None:
    LongJob(held.page, [], head=0)
    open_job(held, "nobody-knows")
    held.expect_whole(0)
    expect(held.page.locator("#result-message")).to_contain_text("No status yet.")
    message = held.page.locator("#result-message")
    held.pass_time_until(lambda: "No status since" in message.inner_text(), 20_000)
    expect(held.page.locator("#result")).to_contain_text("Is the job's id right")


def test_a_failed_read_does_not_begin_the_time_without_a_status_anew(held: Dashboard) -> None:
    def fail(route: Route) -> None:
        route.abort()

    held.expected = re.compile("net::ERR")
    LongJob(held.page, [], head=0)
    open_job(held, "nobody-knows")
    held.expect_whole(0)
    held.page.route("**/graphql", fail)
    held.page.clock.run_for(12_000)
    expect(held.page.locator("#result-message")).to_have_text("Reading the log.")
    held.page.unroute("**/graphql", fail)
    message = held.page.locator("#result-message")
    held.pass_time_until(lambda: "No status since" in message.inner_text(), 12_000)


def test_an_id_that_no_job_can_have_is_called_so(dashboard: Dashboard) -> None:
    LongJob(dashboard.page, [], head=0)
    open_job(dashboard, "x" * 300)
    expect(dashboard.page.locator("#result-message")).to_contain_text("jobId must be")
    expect(dashboard.completeness).to_have_text("No job can have this id")


def test_one_refused_field_does_not_end_the_login_of_a_link(dashboard: Dashboard) -> None:
    LongJob(dashboard.page, log_of("job-1", {}), head=1)
    open_job(dashboard)
    dashboard.expect_whole(1)
    expect(dashboard.page.locator(".job-list")).to_contain_text("This link lists no jobs.")
    expect(dashboard.page.get_by_role("alert")).to_have_count(0)


def test_texts_keep_their_spaces_and_lines_and_an_opened_row_has_the_message(dashboard: Dashboard) -> None:
    LongJob(dashboard.page, log_of("job-1", {"message": AS_WRITTEN}, {"message": "x" * 600}), head=2)
    open_job(dashboard)
    dashboard.expect_whole(2)
    message = dashboard.entries.first.locator(".message")
    assert message.evaluate("each => each.innerText") == AS_WRITTEN
    dashboard.entries.first.get_by_role("button", name="Details of status").click()
    expect(dashboard.entries.first.locator("pre")).to_contain_text('"message": "alpha         1\\tbeta')
    frame = dashboard.page.locator(".log-frame")
    assert frame.evaluate("each => each.scrollWidth - each.clientWidth") <= 0


def test_a_row_that_fails_leaves_the_page_unchanged(dashboard: Dashboard) -> None:
    dashboard.expected = re.compile("poison")
    dashboard.page.add_init_script(
        "const real = JSON.stringify; JSON.stringify = (value, ...more) => {"
        " if (value?.message === 'poison') { throw new Error('poison'); } return real(value, ...more); };"
    )
    LongJob(dashboard.page, log_of("job-1", {}, {"message": "poison"}), head=2)
    open_job(dashboard)
    dashboard.expect_whole(2)
    dashboard.entries.last.get_by_role("button", name="Details of status").click()
    expect(dashboard.page.get_by_text("Status 2 cannot be shown.")).to_be_visible()
    expect(dashboard.entries.first.locator(".message")).to_have_text("Step 1")


@pytest.mark.parametrize("what", ["row", "bar"])
def test_a_click_on_a_status_or_a_bar_travels_to_its_moment(dashboard: Dashboard, what: str) -> None:
    rows = [{"agentName": f"Agent {number}"} for number in range(1, 6)]
    LongJob(dashboard.page, log_of("job-1", *rows), head=5)
    open_job(dashboard)
    dashboard.expect_whole(5)
    if what == "row":
        dashboard.entries.nth(2).locator(".message").click()
    else:
        dashboard.page.locator(".bar-shape").nth(2).click()
    banner = dashboard.page.locator("#past")
    expect(banner).to_contain_text("after status 3")
    expect(dashboard.page).to_have_url(re.compile("job=job-1&at=3$"))
    spinner = dashboard.page.locator(".job .spin").first
    assert spinner.evaluate("each => getComputedStyle(each).animationName") == "none"
    banner.get_by_role("button", name="Show the present").click()
    expect(banner).to_have_count(0)


def test_the_keyboard_walks_through_the_list_and_the_address_keeps_its_search(
    cloud: Cloud, dashboard: Dashboard
) -> None:
    user, name = cloud.user(tenant=1, which=1), fresh_id("walk")
    for number in range(3):
        Story(cloud, user, f"{name}-{number}").publish("Step")
    dashboard.open(fragment="#home")
    dashboard.sign_in(user)
    page = dashboard.page
    page.locator("#main").focus()
    page.keyboard.press("/")
    expect(page.get_by_label("Search jobs")).to_be_focused()
    page.keyboard.type(name)
    expect(page.locator("#jobs > li")).to_have_count(3)
    expect(page).to_have_url(re.compile(rf"\?q={name}#home$"))
    page.locator("#main").focus()
    page.keyboard.press("j")
    expect(dashboard.in_job_list(f"{name}-2")).to_be_focused()
    page.keyboard.press("j")
    expect(dashboard.in_job_list(f"{name}-1")).to_be_focused()
    page.keyboard.press("k")
    expect(dashboard.in_job_list(f"{name}-2")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#job-id")).to_have_text(f"{name}-2")
    page.reload()
    expect(page.get_by_label("Search jobs")).to_have_value(name)
    expect(page.locator("#jobs > li")).to_have_count(3)
