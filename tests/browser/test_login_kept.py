"""The login of a user pool's user survives a reload, is shared by all tabs, and ends in all of them."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from tests.browser.conftest import NewDashboard
from tests.browser.dashboard import Dashboard
from tests.browser.story import Story
from tests.e2e.cloud import Cloud

STORED = """async () => {
  const stored = (database) => new Promise((done) => {
    const opening = indexedDB.open(database.name);
    opening.onsuccess = () => {
      const reading = opening.result.transaction('login').objectStore('login').getAll();
      reading.onsuccess = () => done(reading.result);
    };
  });
  return (await Promise.all((await indexedDB.databases()).map(stored))).flat();
}"""


def stored_logins(dashboard: Dashboard) -> list[Any]:
    """The data that the browser stores for the page."""
    logins: list[Any] = dashboard.page.evaluate(STORED)
    return logins


def expect_signed_out(dashboard: Dashboard) -> None:
    """Wait for the sign-in form."""
    expect(dashboard.page.locator("#users")).to_be_visible()


def test_a_reload_and_a_new_tab_need_no_password_and_signing_out_in_one_tab_ends_both(
    dashboard: Dashboard, story: Story
) -> None:
    dashboard.watch(story.user, story.job_id)
    dashboard.page.reload()
    dashboard.expect_whole(2)
    second = dashboard.another_tab()
    second.open(story.job_id)
    second.expect_whole(2)
    story.publish("three")
    for tab in (dashboard, second):
        tab.expect_log_length(3)
    (login,) = stored_logins(second)
    assert login["name"] == story.user.username
    second.leave("Sign out")
    for tab in (dashboard, second):
        expect_signed_out(tab)
    assert story.job_id not in dashboard.page.content()
    assert stored_logins(dashboard) == [None]
    dashboard.sign_in(story.user)  # the other tab signs in with it, where it was
    dashboard.expect_whole(3)
    expect(second.page.locator("#who-name")).to_have_text(story.user.username)


def test_a_tab_restored_from_the_history_shows_nothing_of_a_signed_out_user(
    dashboard: Dashboard, story: Story
) -> None:
    dashboard.watch(story.user, story.job_id)
    second = dashboard.another_tab()
    second.open()
    second.expect_live()
    dashboard.page.goto("about:blank")
    second.leave("Sign out")
    expect_signed_out(second)
    dashboard.page.go_back()
    expect_signed_out(dashboard)
    assert story.job_id not in dashboard.page.content()


def test_two_browsers_have_a_login_each(cloud: Cloud, new_dashboard: NewDashboard) -> None:
    one, other = new_dashboard(), new_dashboard()
    for dashboard, user in ((one, cloud.user(tenant=0)), (other, cloud.user(tenant=0, which=1))):
        dashboard.open()
        dashboard.sign_in(user)
    other.leave("Sign out")
    expect_signed_out(other)
    one.page.reload()
    one.expect_live()
