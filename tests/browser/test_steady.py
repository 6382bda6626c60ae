"""The layout of the page stays in place while statuses arrive."""

from __future__ import annotations

import pytest
from playwright.sync_api import ViewportSize, expect

from tests.browser.dashboard import PHONE, WIDE, Dashboard
from tests.browser.market_report import report
from tests.browser.story import Story
from tests.e2e.cloud import Cloud

STEADY = ("#job-title", ".overview", ".number:nth-child(4)", ".timeline", ".agents-panel")
WITH_LOG = (*STEADY, ".log-panel")
WHERE_THEY_ARE = """
(names) => ({
  rows: Number(document.querySelector('#timeline > li')?.getAttribute('aria-setsize') ?? 0),
  places: names.map((name) => {
    const { left, top } = document.querySelector(name).getBoundingClientRect();
    return [name, Math.round(left), Math.round(top)];
  }),
})
"""


@pytest.mark.parametrize(
    ("size", "names"),
    [
        pytest.param(WIDE, WITH_LOG, id="wide"),
        pytest.param(PHONE, STEADY, id="phone"),  # there, the log is below cards that grow
    ],
)
def test_the_layout_stays_while_statuses_arrive_unless_an_agent_joins(
    cloud: Cloud, dashboard: Dashboard, size: ViewportSize, names: tuple[str, ...]
) -> None:
    dashboard.page.set_viewport_size(size)
    job = Story(cloud, cloud.user(tenant=0))
    plan, *steps = report()
    job.publish_at_once(plan)
    dashboard.watch(job.user, job.job_id)
    before = dashboard.page.evaluate(WHERE_THEY_ARE, names)
    for step in steps:
        job.publish_at_once(step)
        dashboard.expect_log_length(len(job.published))
        after = dashboard.page.evaluate(WHERE_THEY_ARE, names)
        if after["rows"] == before["rows"]:
            assert after["places"] == before["places"], step["message"]
        before = after
    expect(dashboard.job_state).to_have_text("Completed")
