"""A stage whose readers sign in at an OpenID Connect provider: on its page, with its tokens, for all tabs."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.dashboard import TIMEOUT_MS, Dashboard, repeat_until
from tests.chromium import open_chromium
from tests.e2e.cloud import Cloud, fresh_id, status
from tests.e2e.provider_cloud import cloud_of
from tests.e2e.waiting import wait_for
from tests.identity_provider import (
    CLIENT_ID,
    DENIAL,
    IdentityProvider,
    Reader,
    identity_provider,
)

READERS = {
    "Ann": Reader(sub="ann", tenant_id="riverton"),
    "Ben": Reader(sub="ben", tenant_id="riverton"),
    "Oda": Reader(sub="oda", tenant_id="riverton", roles=("viewer", "operator")),
    "Nils": Reader(sub="nils", tenant_id=""),
}
ANN = READERS["Ann"]


@pytest.fixture(scope="module")
def provider() -> Iterator[IdentityProvider]:
    """The provider of the stage."""
    with identity_provider(READERS) as running:
        yield running


@pytest.fixture(scope="module")
def oidc_cloud(provider: IdentityProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A localcloud whose readers sign in at the provider."""
    with cloud_of(provider, tmp_path_factory.mktemp("localcloud")) as running:
        provider.page = running.outputs.dashboard_url
        yield running


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One for the file."""
    expect.set_options(timeout=TIMEOUT_MS)
    with open_chromium() as running:
        yield running


@pytest.fixture
def browsers(chromium: Browser, oidc_cloud: Cloud, provider: IdentityProvider) -> Iterator[list[Dashboard]]:
    """Two that share nothing. The test fails when anything went wrong in one of them."""
    provider.token_seconds = 3_600
    with ExitStack() as closing:
        opened = [Dashboard(chromium, oidc_cloud.outputs.dashboard_url) for _ in range(2)]
        for dashboard in opened:
            closing.callback(dashboard.close)
        yield opened
    assert [trouble for dashboard in opened for trouble in dashboard.troubles] == []


@pytest.fixture
def dashboard(browsers: list[Dashboard]) -> Dashboard:
    """The first."""
    return browsers[0]


def job_of(cloud: Cloud, reader: Reader = ANN) -> str:
    """A job with one status."""
    job_id = fresh_id("job")
    cloud.publish(status(job_id, reader.sub, reader.tenant_id, "one"))
    return job_id


def choose(page: Page, name: str) -> None:
    """Go to the provider, and choose a user on its page."""
    page.locator("#sign-in-there").click()
    page.get_by_role("button", name=name, exact=True).click()


def expect_whole(tabs: list[Dashboard], statuses: int) -> None:
    """Wait until each tab has the whole log of its job."""
    for tab in tabs:
        tab.expect_whole(statuses)


def expect_sign_in(page: Page) -> None:
    """Wait until the page asks to sign in."""
    expect(page.locator("#sign-in-there")).to_be_enabled()
    expect(page.locator("#who")).to_have_count(0)


def test_a_reader_signs_in_at_the_provider_and_returns_to_the_same_place(
    oidc_cloud: Cloud, provider: IdentityProvider, dashboard: Dashboard
) -> None:
    page, job_id = dashboard.page, job_of(oidc_cloud)
    dashboard.open(fragment=f"?state=failed#job={job_id}&at=1")
    expect(page.locator(".sign-in-form")).to_contain_text(provider.url.removeprefix("http://"))
    choose(page, "Ann")
    expect(page.locator("#who-name")).to_have_text("ann@example.com")
    expect(page.locator("#who-tenant")).to_have_text("riverton")
    assert page.url == f"{provider.page}?state=failed#job={job_id}&at=1"
    dashboard.open(job_id)
    dashboard.expect_whole(1)
    oidc_cloud.publish(status(job_id, ANN.sub, ANN.tenant_id, "two"))
    dashboard.expect_log_length(2)
    assert [push["message"] for push in dashboard.pushes] == ["two"]


def test_a_login_outlives_a_reload_is_there_in_a_new_tab_and_ends_in_all_at_once(
    oidc_cloud: Cloud, provider: IdentityProvider, dashboard: Dashboard
) -> None:
    page, job_id = dashboard.page, job_of(oidc_cloud)
    dashboard.open(job_id)
    choose(page, "Ann")
    dashboard.expect_whole(1)
    asked = len(provider.asked)
    page.reload()
    dashboard.expect_whole(1)
    second = dashboard.another_tab()
    second.open(job_id)
    second.expect_whole(1)
    assert [path for path in provider.asked[asked:] if path in ("/authorize", "/token")] == []
    second.leave("Sign out")
    expect_sign_in(second.page)
    expect_sign_in(page)
    assert job_id not in page.content()
    assert page.url == f"{provider.page}#job={job_id}"
    assert "/revoke" in provider.asked[asked:]
    page.reload()
    expect_sign_in(page)
    # The provider's own session is over, too: it asks who this is. Signed in again, the other tab is as well.
    choose(page, "Ann")
    dashboard.expect_whole(1)
    expect(second.page.locator("#who-name")).to_have_text("ann@example.com")


def test_many_tabs_renew_one_login_and_show_no_refresh_token_twice(
    oidc_cloud: Cloud, provider: IdentityProvider, dashboard: Dashboard
) -> None:
    provider.token_seconds = 20  # each request needs a new token
    job_id = job_of(oidc_cloud)
    dashboard.open(job_id)
    choose(dashboard.page, "Ann")
    expect(dashboard.page.locator("#who-name")).to_have_text("ann@example.com")
    tabs = [dashboard, *(dashboard.another_tab() for _ in range(3))]
    before = provider.renewals
    for tab in tabs:
        tab.page.goto(f"{provider.page}#job={job_id}", wait_until="commit")
    expect_whole(tabs, 1)

    def reload() -> None:
        for tab in tabs:
            tab.page.reload(wait_until="commit")
        expect_whole(tabs, 1)

    # Tabs that ask at once may share one renewal.
    repeat_until(lambda: provider.renewals - before > len(tabs), reload)
    oidc_cloud.publish(status(job_id, ANN.sub, ANN.tenant_id, "two"))
    expect_whole(tabs, 2)
    assert provider.reused == []


def test_another_user_of_this_browser_takes_all_tabs_over(oidc_cloud: Cloud, dashboard: Dashboard) -> None:
    job_id = job_of(oidc_cloud)
    dashboard.open(job_id)
    choose(dashboard.page, "Ann")
    dashboard.expect_whole(1)
    second = dashboard.another_tab()
    second.open()
    second.leave("Sign out")
    expect_sign_in(second.page)
    choose(second.page, "Ben")
    for tab in (dashboard, second):
        expect(tab.page.locator("#who-name")).to_have_text("ben@example.com")
    expect(dashboard.completeness).to_have_text("No status yet")
    expect(dashboard.in_job_list(job_id)).to_have_count(0)


def test_a_login_that_was_ended_elsewhere_needs_a_new_one_and_the_provider_asks_again(
    oidc_cloud: Cloud, browsers: list[Dashboard]
) -> None:
    leaving, forgotten = browsers
    job_id = job_of(oidc_cloud)
    for each in browsers:
        each.expected = re.compile("WebSocket|net::ERR")
        each.open(job_id)
        choose(each.page, "Ann")
        each.expect_whole(1)
    leaving.leave("Sign out everywhere")
    expect_sign_in(leaving.page)
    ended_by = int(time.time())
    expect(forgotten.page.locator("#ended")).to_contain_text("Your sign-in has ended")
    # A token names the whole second of its sign-in: one in the second of the end counts as ended, too.
    wait_for("the next second", lambda: time.time() >= ended_by + 1)
    forgotten.page.get_by_role("button", name="Sign in again").click()
    expect(forgotten.page.locator("#over")).to_contain_text("Sign in again to continue")
    choose(forgotten.page, "Ann")  # its session with the provider is still there, and does not count
    forgotten.expect_whole(1)


def test_an_operator_watches_the_tenant_by_the_roles_of_the_token(
    oidc_cloud: Cloud, dashboard: Dashboard
) -> None:
    job_id = job_of(oidc_cloud)
    dashboard.open(fragment="#tenant")
    choose(dashboard.page, "Oda")
    expect(dashboard.page.locator("#who-name")).to_have_text("oda@example.com")
    expect(dashboard.page.get_by_role("main").locator(f'a[href="#job={job_id}"]')).to_be_visible()


def test_a_providers_refusal_is_quoted_with_the_next_step(
    oidc_cloud: Cloud, provider: IdentityProvider, dashboard: Dashboard
) -> None:
    page, job_id = dashboard.page, job_of(oidc_cloud)
    dashboard.open(job_id)
    choose(page, DENIAL)
    expect(page.locator("#failure")).to_contain_text("did not let you in. Use another account")
    expect(page.locator("#failure")).to_contain_text("It says: “Nobody may read statuses.”")
    assert page.url == f"{provider.page}#job={job_id}"
    choose(page, "Ann")
    dashboard.expect_whole(1)


def test_an_answer_that_nobody_asked_for_signs_nobody_in(
    oidc_cloud: Cloud, provider: IdentityProvider, dashboard: Dashboard
) -> None:
    page, job_id, exchanges = dashboard.page, job_of(oidc_cloud), provider.asked.count("/token")
    page.goto(f"{provider.page}?code=stolen&state=forged&error_description=Call+this+number#job={job_id}")
    expect(page.locator("#failure")).to_contain_text("belongs to no sign-in of this tab")
    expect(page.locator("#failure")).not_to_contain_text("Call this number")
    assert page.url == f"{provider.page}#job={job_id}"
    assert provider.asked.count("/token") == exchanges
    choose(page, "Ann")
    dashboard.expect_whole(1)
    page.goto(f"{provider.page}?code=stolen&state=forged#job={job_id}")
    dashboard.expect_whole(1)  # who is signed in stays so


def test_an_account_without_a_tenant_gets_an_error(oidc_cloud: Cloud, dashboard: Dashboard) -> None:
    dashboard.open()
    choose(dashboard.page, "Nils")
    expect(dashboard.page.locator("#failure")).to_contain_text("Your account belongs to no tenant")
    expect_sign_in(dashboard.page)
    choose(dashboard.page, "Ann")  # the provider asks again: with its session, there would be no way out
    expect(dashboard.page.locator("#who-name")).to_have_text("ann@example.com")


def test_a_reader_who_returns_by_the_history_can_sign_in_again(
    provider: IdentityProvider, dashboard: Dashboard
) -> None:
    page = dashboard.page
    dashboard.open()
    page.locator("#sign-in-there").click()
    expect(page.get_by_role("button", name="Ann", exact=True)).to_be_visible()
    page.go_back()
    expect_sign_in(page)
    choose(page, "Ann")
    expect(page.locator("#who-name")).to_have_text("ann@example.com")


def test_a_link_with_a_view_token_needs_no_login_and_leaves_the_one_there_is(
    oidc_cloud: Cloud, dashboard: Dashboard
) -> None:
    mine, shared = job_of(oidc_cloud), job_of(oidc_cloud, READERS["Ben"])
    dashboard.open(mine)
    choose(dashboard.page, "Ann")
    dashboard.expect_whole(1)
    visitor = dashboard.another_tab()
    token = oidc_cloud.view_token("ben", "riverton", job_ids=[shared])
    visitor.open(fragment=f"#viewToken={token}&job={shared}")
    visitor.expect_whole(1)
    expect(visitor.page.locator("#who-name")).to_have_text("ben")
    visitor.leave("Leave")
    expect(visitor.page.locator("#who-name")).to_have_text("ann@example.com")
    dashboard.expect_whole(1)


def test_the_bridge_takes_the_providers_tokens_as_well(oidc_cloud: Cloud, provider: IdentityProvider) -> None:
    job_id = job_of(oidc_cloud)
    token = provider.token(sub=ANN.sub, tenantId=ANN.tenant_id, aud=CLIENT_ID)
    url, headers = f"{oidc_cloud.outputs.bridge_url}/jobs/{job_id}", {"authorization": f"Bearer {token}"}
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
        job = json.load(answer)
    assert (job["jobId"], job["sequence"]) == (job_id, 1)
