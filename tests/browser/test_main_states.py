"""Each main state of the page, in both themes and on a phone: readable for everybody, and in the pictures.

`make screenshots` writes the pictures into docs/images; a plain run writes none.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

import pytest
from playwright.sync_api import ViewportSize, expect

from statusbeam.localcloud.outputs import DemoUser
from tests.browser.dashboard import PHONE, WIDE, Dashboard, repeat_until
from tests.browser.long_job import USER, LongJob, long_log
from tests.browser.market_report import Rows, analysis, failure, report, research
from tests.browser.pictures import Pictures
from tests.browser.readable import unreadable
from tests.browser.story import Story
from tests.browser.test_approval import asking
from tests.e2e.cloud import Cloud, fresh_id

PICTURES = {
    f"{state}{look}"
    for state in (
        "sign-in",
        "start",
        "running",
        "waiting",
        "completed",
        "failed",
        "stale",
        "lost",
        "past",
        "tenant",
    )
    for look in ("", "-phone")
} | {"sign-in-provider", "running-dark", "tenant-dark", "list", "list-phone", "crowd"}
SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"

Prepare = Callable[[Dashboard, Cloud, DemoUser], None]


def job(rows: Rows, *, seconds_ago: float, name: str, word: str) -> Prepare:
    """A job of these statuses is open."""

    def prepare(dashboard: Dashboard, cloud: Cloud, user: DemoUser) -> None:
        story = Story(cloud, user, fresh_id(name))
        story.publish_at_once(*rows, seconds_ago=seconds_ago)
        dashboard.watch(user, story.job_id)
        expect(dashboard.job_state).to_have_text(word)

    return prepare


def sign_in(dashboard: Dashboard, cloud: Cloud, user: DemoUser) -> None:
    """The page without a signed-in user."""
    dashboard.open()
    expect(dashboard.user_button(user)).to_be_visible()


def sign_in_elsewhere(dashboard: Dashboard, cloud: Cloud, user: DemoUser) -> None:
    """The page without a signed-in user, in a stage whose readers sign in at a provider."""
    dashboard.sign_in_at("https://login.example.com/realms/city")
    dashboard.open()
    expect(dashboard.page.locator("#sign-in-there")).to_be_visible()


def sign_in_failed(dashboard: Dashboard, cloud: Cloud, user: DemoUser) -> None:
    """The page with an unrequested answer of a provider."""
    dashboard.sign_in_at("https://login.example.com/realms/city")
    dashboard.open(fragment="?error=access_denied&state=old#home")
    expect(dashboard.page.locator("#failure")).to_contain_text("belongs to no sign-in of this tab")


def start(dashboard: Dashboard, cloud: Cloud, user: DemoUser) -> None:
    """The form is open."""
    dashboard.open(fragment="#new")
    dashboard.sign_in(user)
    expect(dashboard.complaint).to_be_visible()


def unknown(dashboard: Dashboard, cloud: Cloud, user: DemoUser) -> None:
    """The page with an unknown job."""
    dashboard.watch(user, fresh_id("unknown"))
    expect(dashboard.job_state).to_have_text("Not started")


def empty(dashboard: Dashboard, cloud: Cloud, user: DemoUser) -> None:
    """The page of a user without jobs."""
    dashboard.open(fragment=f"#viewToken={cloud.view_token(fresh_id('nobody' * 4), user.tenant_id)}")
    dashboard.expect_live()
    expect(dashboard.page.locator("#jobs-hint")).to_contain_text("None yet.")


def away(dashboard: Dashboard, cloud: Cloud, user: DemoUser) -> None:
    """The page's server does not answer."""
    dashboard.expected = re.compile("ERR_FAILED")
    dashboard.page.route("**/config.json", lambda route: route.abort())
    dashboard.open()
    expect(dashboard.page.get_by_role("button", name="Try again")).to_be_visible()


def opened(dashboard: Dashboard, cloud: Cloud, user: DemoUser) -> None:
    """All that is known of a status is shown."""
    job(failure(), seconds_ago=60, name="market-report", word="Failed")(dashboard, cloud, user)
    dashboard.entries.last.get_by_role("button", name="Details of status").click()
    expect(dashboard.entries.last.locator("pre")).to_contain_text("e-4f1c09")


def crowd(dashboard: Dashboard, cloud: Cloud, user: DemoUser) -> None:
    """200 agents work."""
    LongJob(dashboard.page, long_log("long", statuses=1_000, agents=200), head=1_000)
    dashboard.open(fragment=f"#apiKey=key&user={USER}&job=long")
    dashboard.expect_whole(1_000)


def past(dashboard: Dashboard, cloud: Cloud, user: DemoUser) -> None:
    """A moment of the past is shown."""
    job(analysis(), seconds_ago=21, name="market-report", word="Running")(dashboard, cloud, user)
    dashboard.slider.fill("8")
    expect(dashboard.page.locator("#travel-where")).to_contain_text("Status 9 of 18")


def named(rows: Rows, title: str) -> Rows:
    """A job's statuses, with a title and a workflow in the first one."""
    first, *others = rows
    names = {"title": title, "workflow": "market-reports"}
    return [{**first, "metadata": {**first["metadata"], **names}}, *others]


def job_list(dashboard: Dashboard, cloud: Cloud, user: DemoUser) -> None:
    """Jobs of a workflow are listed: running, failed, lost and completed ones."""
    owner = cloud.new_user(fresh_id("tenant"))
    for rows, title, seconds_ago in [
        (report(), "Heat pumps in Norway", 7_300),
        (research(), "Solar roofs in Portugal", 3_700),
        (failure(), "Wind parks in the North Sea", 300),
        (analysis(), "Batteries in Sweden", 21),
    ]:
        Story(cloud, owner, fresh_id("market-report")).publish_at_once(
            *named(rows, title), seconds_ago=seconds_ago
        )
    dashboard.offer(owner)
    dashboard.open(fragment="?workflow=market-reports")
    dashboard.sign_in(owner)
    expect(dashboard.page.locator("#jobs > li")).to_have_count(4)


def none_fits(dashboard: Dashboard, cloud: Cloud, user: DemoUser) -> None:
    """The list's filters leave no job."""
    dashboard.open(fragment=f"?state=failed&q=nothing&workflow={fresh_id('none')}&from=2026-01-01")
    dashboard.sign_in(user)
    expect(dashboard.page.locator("#jobs-hint")).to_have_text("No job fits.")


def keyboard(dashboard: Dashboard, cloud: Cloud, user: DemoUser) -> None:
    """The keys are shown."""
    start(dashboard, cloud, user)
    dashboard.page.get_by_role("button", name="Keyboard shortcuts").click()
    expect(dashboard.page.locator("#keyboard")).to_be_visible()


def tenant(dashboard: Dashboard, cloud: Cloud, user: DemoUser) -> None:
    """An operator watches the tenant."""
    operator = cloud.user(tenant=1, role="operator")
    dashboard.open(fragment="#tenant")
    dashboard.sign_in(operator)
    rows = dashboard.page.locator("#tenant-jobs > li")
    # The subscription may start later than the page says that it is live.
    repeat_until(
        lambda: rows.count() > 0,
        lambda: Story(cloud, user, fresh_id("nightly-import")).publish("Reading the map"),
    )
    titles = ["Heat pumps in Norway", "Solar roofs in Portugal", "Wind parks in the North Sea", "Batteries"]
    steps = [research(), analysis(), failure(), report()]
    for number, (title, each) in enumerate(zip(titles, steps, strict=True)):
        Story(cloud, cloud.user(tenant=1, which=number % 2), fresh_id("market-report")).publish_at_once(
            *named(each, title), seconds_ago=21
        )
    expect(rows.filter(has_text="Completed")).not_to_have_count(0)
    sums = dashboard.page.locator(".tenant-sums > div")
    expect(sums.filter(has_text="Running")).to_have_text(re.compile("^Running[1-9]"))
    expect(dashboard.page.locator("#workflows")).to_contain_text("market-reports")
    expect(dashboard.page.locator("#agent-health")).to_contain_text("Degraded")


STATES: dict[str, Prepare] = {
    "sign-in": sign_in,
    "sign-in-provider": sign_in_elsewhere,
    "sign-in-failed": sign_in_failed,
    "start": start,
    "unknown": unknown,
    "running": job(analysis(), seconds_ago=21, name="market-report", word="Running"),
    "waiting": job(asking(), seconds_ago=40, name="pothole", word="Waiting"),
    "completed": job(report(), seconds_ago=60, name="market-report", word="Completed"),
    "failed": job(failure(), seconds_ago=60, name="market-report", word="Failed"),
    "stale": job(research(), seconds_ago=130, name="market-report", word="Stale"),
    "lost": job(research(), seconds_ago=900, name="market-report", word="Lost"),
    "past": past,
    "tenant": tenant,
    "list": job_list,
    "none-fits": none_fits,
    "keyboard": keyboard,
    "empty": empty,
    "away": away,
    "opened": opened,
    "crowd": crowd,
}


@pytest.mark.parametrize("state", STATES)
def test_the_page_is_accessible(state: str, cloud: Cloud, dashboard: Dashboard, pictures: Pictures) -> None:
    STATES[state](dashboard, cloud, cloud.user(tenant=1))
    page = dashboard.page
    looks: list[tuple[str, ViewportSize, Literal["light", "dark"]]] = [
        ("", WIDE, "light"),
        ("-dark", WIDE, "dark"),
        ("-phone", PHONE, "light"),
        ("-phone-dark", PHONE, "dark"),
    ]
    for suffix, size, theme in looks:
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=theme)
        assert unreadable(page) == [], f"{state}{suffix}"
        assert page.evaluate(SIDEWAYS) <= 0, f"{state}{suffix} scrolls sideways"
        if f"{state}{suffix}" in PICTURES:
            pictures.take(dashboard, f"{state}{suffix}")
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate(SIDEWAYS) <= 0, "a narrow phone scrolls sideways"
