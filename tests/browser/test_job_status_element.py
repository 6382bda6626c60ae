"""<job-status> in another site's page: one script tag, under a policy without inline scripts."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from statusbeam.localcloud.outputs import DemoUser
from tests.browser.fault_board import FaultBoard
from tests.browser.own_site import built_client, own_site
from tests.browser.readable import unreadable
from tests.e2e.cloud import Cloud, fresh_id, status

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' {api} {sockets}; "
    "require-trusted-types-for 'script'"
)
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Somebody's page</title>
<script src="token.js"></script>
<script src="job-status.js"></script>
<main><job-status url="{url}" token-callback="viewToken" job-id="{job_id}">Water main</job-status></main>
</html>
"""
TOKEN = """window.asked = 0;
window.viewToken = async () => {{ window.asked += 1; return "{token}"; }};
window.states = [];
addEventListener('statuschange', ({{ detail }}) => window.states.push(detail.verdict));
"""


@pytest.fixture
def user(cloud: Cloud) -> DemoUser:
    """The user that the page's owner knows as its visitor."""
    return cloud.user(tenant=0)


@pytest.fixture
def job_id() -> str:
    """A job of theirs."""
    return fresh_id("job")


@pytest.fixture
def site(cloud: Cloud, user: DemoUser, job_id: str, tmp_path: Path) -> Iterator[str]:
    """The address of the page, on a separate origin."""
    shutil.copy(built_client() / "job-status.js", tmp_path)
    api = cloud.outputs.graphql_url
    (tmp_path / "index.html").write_text(PAGE.format(url=api, job_id=job_id))
    token = cloud.view_token(user.user_id, user.tenant_id, job_ids=[job_id])
    (tmp_path / "token.js").write_text(TOKEN.format(token=token))
    with own_site(tmp_path, POLICY.format(api=api, sockets=cloud.outputs.realtime_url)) as url:
        yield url


@pytest.fixture
def page(browser: Browser, site: str) -> Iterator[Page]:
    """The page, open. The test fails when the browser had anything to complain about."""
    troubles: list[str] = []
    context = browser.new_context(reduced_motion="reduce")
    opened = context.new_page()
    opened.on("pageerror", lambda error: troubles.append(str(error)))
    opened.on(
        "console", lambda said: troubles.append(said.text) if said.type in ("error", "warning") else None
    )
    opened.goto(site)
    yield opened
    context.close()
    # The one favicon that nobody made, and the socket that a test cut.
    assert [trouble for trouble in troubles if "favicon" not in trouble and "404" not in trouble] == []


def part(page: Page, name: str) -> Locator:
    return page.locator(f"job-status [part={name}]")


def test_the_element_shows_a_job_from_its_first_status_to_its_end(
    cloud: Cloud, user: DemoUser, job_id: str, page: Page
) -> None:
    owner = (job_id, user.user_id, user.tenant_id)
    expect(part(page, "state")).to_have_text("Starting")
    cloud.publish(status(*owner, "Reading the address"))
    expect(part(page, "state")).to_have_text("Running")
    row = page.get_by_role("list", name="Agents").get_by_role("listitem")
    expect(row).to_contain_text("Geo Agent")
    expect(row).to_contain_text("Reading the address")
    cloud.publish(status(*owner, "Half of it", status="progress", progress=50))
    expect(row).to_contain_text("Running 50 %")
    cloud.publish(
        status(*owner, "400 Valencia Street", status="agent_complete"),
        status(*owner, "All done", status="complete", agentName=None),
    )
    expect(part(page, "state")).to_have_text("Completed")
    expect(page.get_by_role("progressbar", name="Progress")).to_have_attribute("value", "100")
    expect(page.get_by_role("status")).to_contain_text("Completed, 100 %")
    expect(page.locator("job-status")).to_have_attribute("verdict", "whole")
    assert page.evaluate("asked") == 1, "a token that is still good is not asked for again"


def test_the_element_recovers_from_a_cut_socket_with_the_missed_statuses(
    cloud: Cloud, user: DemoUser, job_id: str, page: Page
) -> None:
    faults = FaultBoard(cloud.outputs.dashboard_url)
    expect(page.locator("job-status")).to_have_attribute("verdict", "whole")
    faults.close_sockets()
    cloud.publish(status(job_id, user.user_id, user.tenant_id, "Said in the dark"))
    expect(page.get_by_role("listitem")).to_contain_text("Said in the dark")
    expect(page.locator("job-status")).to_have_attribute("verdict", "whole")
    assert "behind" in page.evaluate("states")


@pytest.mark.parametrize("end", ["complete", "error", None])
def test_the_element_is_accessible(
    cloud: Cloud, user: DemoUser, job_id: str, page: Page, end: str | None
) -> None:
    owner = (job_id, user.user_id, user.tenant_id)
    cloud.publish(
        status(*owner, "Reading the address"),
        status(*owner, "w" * 300, agentName="Very" * 30),
        *([status(*owner, "The end", status=end, agentName=None)] if end else []),
    )
    page.set_viewport_size({"width": 320, "height": 640})
    expect(page.get_by_role("listitem")).to_have_count(2)
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        assert unreadable(page) == [], theme
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"
