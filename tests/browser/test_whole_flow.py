"""Real jobs on the page, from the sign-in and the form to their ends."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, expect

from statusbeam.localcloud.outputs import DemoUser
from tests.browser.dashboard import Dashboard, Row
from tests.e2e.cloud import Cloud

COMPLAINT = "Burst water main flooding the school entrance on Valencia Street near 18th Street."
AGENTS = ("Geo Agent", "Category Agent", "Severity Agent")
READ_LOG = """
query($jobId: ID!) {
  listStatusUpdates(jobId: $jobId) {
    recovered currentSequence updates { sequence agentName toolName message }
  }
}
"""
TECHNICAL = re.compile(
    r"arn:|traceback|exception|\w+Error\b|lambda|\.(?:py|js)\b|[{}<>]|undefined|\bnull\b|\bNaN\b|127\.0\.0\.1",
    re.IGNORECASE,
)
MOST_TABS = 30


def test_a_job_with_the_users_own_text_is_followed_from_the_form_to_complete(
    cloud: Cloud, dashboard: Dashboard
) -> None:
    user = cloud.user(tenant=0)
    dashboard.open()
    expect(dashboard.user_button(user)).to_be_visible()
    dashboard.sign_in(user)
    job_id = dashboard.start_job(COMPLAINT)
    dashboard.wait_until_drawn(6)
    expect(dashboard.job_state).to_have_text("Completed")
    for agent in AGENTS:
        expect(dashboard.agent(agent).locator(".badge")).to_have_text("Completed")
    log = expect_the_whole_log(cloud, user, dashboard, job_id)
    assert {row.source for row in log} == {"Orchestrator", *AGENTS}
    answer = [row.text for row in log if row.source == "Orchestrator"][-1]
    expect(dashboard.page.locator("#job-title")).to_have_text(COMPLAINT)
    expect(dashboard.page.locator("#result-message")).to_have_text(answer)
    expect(dashboard.page.locator(".result")).to_contain_text("Valencia Street")
    expect(dashboard.in_job_list(job_id)).to_contain_text("Completed")
    expect_steps(dashboard.drawn())
    assert dashboard.troubles == []


def test_a_job_whose_agent_fails_ends_failed_with_the_reason_in_plain_words(
    cloud: Cloud, dashboard: Dashboard
) -> None:
    user = cloud.user(tenant=0, which=1)
    dashboard.open()
    dashboard.sign_in(user)
    job_id = dashboard.start_job(COMPLAINT, fail="Geo, always")
    geo = dashboard.agent("Geo Agent")
    expect(geo).to_contain_text(re.compile("Attempt [23]"))
    expect(dashboard.job_state).to_have_text("Failed")
    expect(dashboard.page.locator("#result-message")).to_have_text(
        "The job failed because one of its steps failed."
    )
    expect(geo.locator(".badge")).to_have_text("Failed")
    expect(geo).to_contain_text("The Geo Agent failed on purpose, as the demo requested.")
    expect(dashboard.in_job_list(job_id)).to_contain_text("Failed")
    expect_the_whole_log(cloud, user, dashboard, job_id)
    assert TECHNICAL.findall(dashboard.page.locator("body").inner_text()) == []


def test_the_keyboard_alone_signs_in_and_starts_a_job(cloud: Cloud, dashboard: Dashboard) -> None:
    user, keyboard = cloud.user(tenant=1), dashboard.page.keyboard
    dashboard.open()
    expect(dashboard.user_button(user)).to_be_visible()
    keyboard.press("Tab")
    expect(dashboard.page.get_by_role("link", name="Skip to content")).to_be_focused()
    tab_to(dashboard, dashboard.user_button(user))
    keyboard.press("Enter")
    dashboard.expect_live()
    keyboard.press("?")  # the form beside the list must not take the keys of the list
    expect(dashboard.page.locator("#keyboard")).to_be_visible()
    keyboard.press("Escape")
    expect(dashboard.complaint).to_have_value("")
    tab_to(dashboard, dashboard.page.get_by_role("link", name="New"))
    keyboard.press("Enter")
    expect(dashboard.complaint).to_be_focused()
    keyboard.type("Two street lamps are out on Haight Street.")
    tab_to(dashboard, dashboard.start_button)
    keyboard.press("Enter")
    job_id = dashboard.open_job_id()
    expect(dashboard.job_state).to_have_text("Completed")
    tab_to(dashboard, dashboard.cut_button)
    tab_to(dashboard, dashboard.in_job_list(job_id))


def expect_the_whole_log(cloud: Cloud, user: DemoUser, dashboard: Dashboard, job_id: str) -> list[Row]:
    """Fail unless the page shows the log that the API has, from 1 to n; that log.

    Agents report asynchronously: a status may be committed between the look at one and at the other.
    """
    while True:
        log = read_log(cloud, user, job_id)
        dashboard.expect_log_length(len(log))
        rows = dashboard.rows()
        if len(rows) <= len(log):
            break
    assert rows == log
    assert [row.sequence for row in rows] == list(range(1, len(log) + 1))
    dashboard.expect_whole(len(log))
    return log


def read_log(cloud: Cloud, user: DemoUser, job_id: str) -> list[Row]:
    """The job's log as the API has it, as the page would show it."""
    page = cloud.graphql(cloud.caller(user), READ_LOG, {"jobId": job_id})["data"]["listStatusUpdates"]
    assert page["recovered"]
    assert page["currentSequence"] == len(page["updates"])
    return [
        Row(
            sequence=update["sequence"],
            source=update["agentName"] or "Orchestrator",
            text=update["message"],
            tool=update["toolName"],
        )
        for update in page["updates"]
    ]


def expect_steps(drawn: list[tuple[str, int]]) -> None:
    """Fail unless the log grew step by step before the job was drawn as completed, and never shrank."""
    lengths = [length for _, length in drawn]
    assert lengths == sorted(lengths)
    before = [length for state, length in drawn if state == "processing"]
    assert len(set(before)) >= 3, drawn
    assert drawn[-1] == ("completed", lengths[-1])


def tab_to(dashboard: Dashboard, wanted: Locator) -> None:
    """Press Tab until this has the focus. Fails when it can't be reached."""
    for _ in range(MOST_TABS):
        dashboard.page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"{MOST_TABS} tabs do not lead to {wanted}")
