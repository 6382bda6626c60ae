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

# When the page does something by itself (web/dashboard/appsync.js and follower.js), and a little.
RECONNECT_MS = 600
SETTLE_MS = 1_600
BEAT_MS = 15_100


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

    def expect_on(self, dashboard: Dashboard, *, from_the_log: frozenset[int] = frozenset()) -> None:
        """Fail unless the page shows the whole story in order, and says so of what no push brought."""
        dashboard.expect_whole(len(self.told))
        rows = dashboard.rows()
        assert rows == [
            Row(sequence=sequence, source="Geo Agent", text=message)
            for sequence, message in enumerate(self.told, start=1)
        ]
        assert from_the_log <= {row.sequence for row in rows if row.is_from_the_log}


@pytest.fixture
def story(cloud: Cloud) -> Story:
    """A job with two statuses."""
    begun = Story(cloud, cloud.user(tenant=0))
    begun.tell("one", "two")
    return begun


@pytest.fixture
def held(dashboard: Dashboard) -> Dashboard:
    """The page with its clock held: what it does after a while, it does when the test says so."""
    dashboard.page.clock.install()
    dashboard.page.clock.pause_at(dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1))
    return dashboard


def pushed(dashboard: Dashboard, story: Story) -> list[int]:
    """The sequences of the job's pushes, as they arrived."""
    return [push["sequence"] for push in dashboard.pushes if push["jobId"] == story.job_id]


def test_a_link_opened_in_mid_job_shows_the_log_from_its_beginning(
    dashboard: Dashboard, story: Story
) -> None:
    dashboard.watch(story.user, story.job_id)
    story.expect_on(dashboard)
    story.tell("three")
    story.expect_on(dashboard)


def test_a_reload_in_mid_job_shows_the_whole_log_and_goes_on(dashboard: Dashboard, story: Story) -> None:
    dashboard.watch(story.user, story.job_id)
    story.tell("three")
    story.expect_on(dashboard)
    dashboard.page.reload()
    story.expect_on(dashboard)
    story.tell("four")
    story.expect_on(dashboard)


def test_what_happened_while_the_connection_was_cut_is_taken_from_the_log(
    held: Dashboard, story: Story
) -> None:
    held.watch(story.user, story.job_id)
    held.cut_button.click()
    expect(held.connection).to_have_text("Reconnecting")
    expect(held.whole).to_have_text("2 statuses, none missing until the connection broke")
    story.tell("three", "four")
    held.page.clock.fast_forward(RECONNECT_MS)
    story.expect_on(held, from_the_log=frozenset({3, 4}))
    held.expect_live()
    story.tell("five")
    story.expect_on(held, from_the_log=frozenset({3, 4}))
    assert pushed(held, story) == [5]


def test_sockets_that_the_service_closes_come_back(held: Dashboard, story: Story, faults: FaultBoard) -> None:
    held.watch(story.user, story.job_id)
    faults.close_sockets()
    expect(held.connection).to_have_text("Reconnecting")
    story.tell("three")
    held.page.clock.fast_forward(RECONNECT_MS)
    story.expect_on(held, from_the_log=frozenset({3}))
    held.expect_live()


def test_a_lost_push_is_taken_from_the_log_when_the_next_one_comes(
    held: Dashboard, story: Story, faults: FaultBoard
) -> None:
    held.watch(story.user, story.job_id)
    faults.switch(drop=1)
    story.tell("three")
    faults.reset()
    story.tell("four")
    story.expect_on(held, from_the_log=frozenset({3}))
    assert pushed(held, story) == [4]


def test_a_push_that_comes_twice_is_shown_once(held: Dashboard, story: Story, faults: FaultBoard) -> None:
    held.watch(story.user, story.job_id)
    faults.switch(duplicate=1)
    story.tell("three", "four")
    faults.reset()
    story.tell("five")
    story.expect_on(held)
    assert pushed(held, story) == [3, 3, 4, 4, 5]


def test_pushes_that_change_places_are_shown_in_order(
    held: Dashboard, story: Story, faults: FaultBoard
) -> None:
    held.watch(story.user, story.job_id)
    faults.switch(reorder=1)
    story.tell("three", "four")
    faults.reset()
    story.tell("five")
    story.expect_on(held)
    assert pushed(held, story) == [4, 3, 5]


def test_a_push_lost_right_after_the_subscription_stood_is_found_shortly_after(
    held: Dashboard, story: Story, faults: FaultBoard
) -> None:
    faults.switch(dropAfterStartAck=1)
    held.watch(story.user, story.job_id)
    story.tell("three")
    held.page.clock.fast_forward(SETTLE_MS)
    story.expect_on(held, from_the_log=frozenset({3}))
    assert pushed(held, story) == []


def test_a_lost_push_that_none_follows_is_found_in_time(
    held: Dashboard, story: Story, faults: FaultBoard
) -> None:
    held.watch(story.user, story.job_id)
    with held.page.expect_response("**/graphql"):  # its last look before it waits for long
        held.page.clock.fast_forward(SETTLE_MS)
    faults.switch(drop=1)
    story.tell("three")
    held.page.clock.fast_forward(BEAT_MS)
    story.expect_on(held, from_the_log=frozenset({3}))
    assert pushed(held, story) == []
