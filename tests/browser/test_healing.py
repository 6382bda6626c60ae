"""The page's log becomes whole again, whatever happens to the connection, the pushes or the tab."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import expect

from localcloud.outputs import DemoUser
from tests.browser.dashboard import Dashboard, Row
from tests.browser.fault_board import FaultBoard
from tests.e2e.cloud import Cloud, fresh_id, status

FAR_AHEAD = dt.timedelta(minutes=1)


@dataclass(frozen=True)
class Story:
    """A job that goes on when the test says so. Each status is committed and pushed when `tell` returns."""

    cloud: Cloud
    user: DemoUser
    job_id: str = field(default_factory=lambda: fresh_id("job"))
    told: list[str] = field(default_factory=list)

    def tell(self, *messages: str) -> None:
        """Publish statuses, each in a commit of its own."""
        for message in messages:
            self.cloud.publish(status(self.job_id, self.user.user_id, self.user.tenant_id, message))
            self.told.append(message)

    def expect_on(self, dashboard: Dashboard, *, from_the_log: set[int]) -> None:
        """Fail unless the page shows the whole story in order, and says which of it no push brought."""
        dashboard.expect_whole(len(self.told))
        rows = dashboard.rows()
        assert rows == [
            Row(sequence=sequence, source="Geo Agent", text=message)
            for sequence, message in enumerate(self.told, start=1)
        ]
        assert {row.sequence for row in rows if row.is_from_the_log} == from_the_log


@pytest.fixture
def story(cloud: Cloud) -> Story:
    """A job with two statuses."""
    begun = Story(cloud, cloud.user(tenant=0))
    begun.tell("one", "two")
    return begun


def pushed(dashboard: Dashboard, story: Story) -> list[int]:
    """The sequences of the job's pushes, as they arrived."""
    return [push["sequence"] for push in dashboard.pushes if push["jobId"] == story.job_id]


def test_a_link_opened_in_mid_job_shows_the_log_from_its_beginning(
    dashboard: Dashboard, story: Story
) -> None:
    dashboard.watch(story.user, story.job_id)
    story.expect_on(dashboard, from_the_log=set())
    story.tell("three")
    story.expect_on(dashboard, from_the_log=set())


def test_a_reload_in_mid_job_shows_the_whole_log_and_goes_on(dashboard: Dashboard, story: Story) -> None:
    dashboard.watch(story.user, story.job_id)
    story.tell("three")
    story.expect_on(dashboard, from_the_log=set())
    dashboard.page.reload()
    story.expect_on(dashboard, from_the_log=set())
    story.tell("four")
    story.expect_on(dashboard, from_the_log=set())


def test_what_happened_while_the_connection_was_cut_is_taken_from_the_log(
    dashboard: Dashboard, story: Story
) -> None:
    clock = dashboard.page.clock
    clock.install()
    dashboard.watch(story.user, story.job_id)
    clock.pause_at(dt.datetime.now(dt.UTC) + FAR_AHEAD)  # so that it does not come back by itself yet
    dashboard.cut_button.click()
    expect(dashboard.connection).to_have_text("Reconnecting")
    expect(dashboard.whole).to_have_text("2 statuses, none missing until the connection broke")
    story.tell("three", "four")
    assert len(dashboard.rows()) == 2
    clock.resume()
    dashboard.expect_live()
    story.expect_on(dashboard, from_the_log={3, 4})
    story.tell("five")
    story.expect_on(dashboard, from_the_log={3, 4})


def test_sockets_that_the_service_closes_come_back(
    dashboard: Dashboard, story: Story, faults: FaultBoard
) -> None:
    clock = dashboard.page.clock
    clock.install()
    dashboard.watch(story.user, story.job_id)
    clock.pause_at(dt.datetime.now(dt.UTC) + FAR_AHEAD)
    faults.close_sockets()
    expect(dashboard.connection).to_have_text("Reconnecting")
    story.tell("three")
    clock.resume()
    dashboard.expect_live()
    story.expect_on(dashboard, from_the_log={3})


def test_a_lost_push_is_taken_from_the_log_when_the_next_one_comes(
    dashboard: Dashboard, story: Story, faults: FaultBoard
) -> None:
    dashboard.watch(story.user, story.job_id)
    faults.switch(drop=1)
    story.tell("three")
    faults.reset()
    story.tell("four")
    story.expect_on(dashboard, from_the_log={3})
    assert pushed(dashboard, story) == [4]


def test_a_push_that_comes_twice_is_shown_once(
    dashboard: Dashboard, story: Story, faults: FaultBoard
) -> None:
    dashboard.watch(story.user, story.job_id)
    faults.switch(duplicate=1)
    story.tell("three", "four")
    faults.reset()
    story.tell("five")
    story.expect_on(dashboard, from_the_log=set())
    assert pushed(dashboard, story) == [3, 3, 4, 4, 5]


def test_pushes_that_change_places_are_shown_in_order(
    dashboard: Dashboard, story: Story, faults: FaultBoard
) -> None:
    dashboard.watch(story.user, story.job_id)
    faults.switch(reorder=1)
    story.tell("three", "four")
    faults.reset()
    story.tell("five")
    dashboard.expect_whole(5)
    assert pushed(dashboard, story) == [4, 3, 5]
    assert [row.text for row in dashboard.rows()] == story.told


def test_a_push_lost_right_after_the_subscription_stood_is_found(
    dashboard: Dashboard, story: Story, faults: FaultBoard
) -> None:
    faults.switch(dropAfterStartAck=1)
    dashboard.watch(story.user, story.job_id)
    faults.reset()
    story.tell("three")
    dashboard.expect_whole(3)
    assert pushed(dashboard, story) == []


def test_a_lost_push_that_none_follows_is_found_in_time(
    dashboard: Dashboard, story: Story, faults: FaultBoard
) -> None:
    clock = dashboard.page.clock
    clock.install()
    dashboard.watch(story.user, story.job_id)
    faults.switch(drop=1)
    story.tell("three")
    clock.fast_forward("01:00")
    story.expect_on(dashboard, from_the_log={3})
    assert pushed(dashboard, story) == []
