"""The page recovers its log after any failure of the connection, the pushes or the tab."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.client_timing import longest_ms
from tests.browser.dashboard import SERVER_AWAY, Dashboard, repeat_until
from tests.browser.fault_board import FaultBoard
from tests.browser.story import Story
from tests.browser.tcp_proxy import TcpProxy
from tests.e2e.cloud import Cloud

ASKING = "2 statuses, asking for what is missing"


def pushed(dashboard: Dashboard, story: Story) -> list[int]:
    """The sequences of the job's pushes, as they arrived."""
    return [push["sequence"] for push in dashboard.pushes if push["jobId"] == story.job_id]


def test_a_link_opened_in_mid_job_shows_the_log_from_its_beginning(
    dashboard: Dashboard, story: Story
) -> None:
    dashboard.watch(story.user, story.job_id)
    story.expect_on(dashboard)
    story.publish("three")
    story.expect_on(dashboard)


def test_a_reload_in_mid_job_shows_the_whole_log_and_stays_live(dashboard: Dashboard, story: Story) -> None:
    dashboard.watch(story.user, story.job_id)
    story.publish("three")
    story.expect_on(dashboard)
    dashboard.page.reload()
    story.expect_on(dashboard)
    story.publish("four")
    story.expect_on(dashboard)


def test_statuses_of_a_cut_connection_are_read_from_the_log(held: Dashboard, story: Story) -> None:
    held.watch(story.user, story.job_id)
    held.cut_button.click()
    expect(held.connection).to_have_text("Reconnecting")
    expect(held.completeness).to_have_text("2 statuses, none missing until the connection broke")
    story.publish("three", "four")
    held.page.clock.fast_forward(longest_ms("retryFirst"))
    story.expect_on(held, from_the_log=frozenset({3, 4}))
    held.expect_live()
    story.publish("five")
    story.expect_on(held, from_the_log=frozenset({3, 4}))
    assert pushed(held, story) == [5]


def test_sockets_that_the_service_closes_are_reopened(
    held: Dashboard, story: Story, faults: FaultBoard
) -> None:
    held.watch(story.user, story.job_id)
    faults.close_sockets()
    expect(held.connection).to_have_text("Reconnecting")
    story.publish("three")
    held.page.clock.fast_forward(longest_ms("retryFirst"))
    story.expect_on(held, from_the_log=frozenset({3}))
    held.expect_live()


def test_a_lost_push_is_taken_from_the_log_when_the_next_one_comes(
    held: Dashboard, story: Story, faults: FaultBoard
) -> None:
    held.watch(story.user, story.job_id)
    faults.switch(drop=1)
    story.publish("three")
    faults.reset()
    story.publish("four")
    held.expect_shown(ASKING)
    held.page.clock.fast_forward(longest_ms("gap"))
    story.expect_on(held, from_the_log=frozenset({3}))
    assert pushed(held, story) == [4]


def test_a_push_that_is_repeated_is_shown_once(held: Dashboard, story: Story, faults: FaultBoard) -> None:
    held.watch(story.user, story.job_id)
    faults.switch(duplicate=1)
    story.publish("three", "four")
    faults.reset()
    story.publish("five")
    story.expect_on(held)
    assert pushed(held, story) == [3, 3, 4, 4, 5]


def test_pushes_that_change_places_are_shown_in_order(
    held: Dashboard, story: Story, faults: FaultBoard
) -> None:
    held.watch(story.user, story.job_id)
    faults.switch(reorder=1)
    story.publish("three", "four")
    faults.reset()
    story.publish("five")
    story.expect_on(held)
    assert pushed(held, story) == [4, 3, 5]


def test_a_push_lost_right_after_start_ack_is_found_shortly_after(
    held: Dashboard, story: Story, faults: FaultBoard
) -> None:
    faults.switch(dropAfterStartAck=1)
    held.watch(story.user, story.job_id)
    story.publish("three")
    held.page.clock.fast_forward(longest_ms("settle"))
    held.expect_shown(ASKING)
    held.page.clock.fast_forward(longest_ms("gap"))
    story.expect_on(held, from_the_log=frozenset({3}))
    assert pushed(held, story) == []


def test_a_lost_push_that_none_follows_is_found_in_time(
    held: Dashboard, story: Story, faults: FaultBoard
) -> None:
    held.watch(story.user, story.job_id)
    with held.expect_position_check():  # the last one before the client waits for long
        held.page.clock.fast_forward(longest_ms("settle"))
    faults.switch(drop=1)
    story.publish("three")
    held.page.clock.fast_forward(longest_ms("poll"))
    held.expect_shown(ASKING)
    held.page.clock.fast_forward(longest_ms("gap"))
    story.expect_on(held, from_the_log=frozenset({3}))
    assert pushed(held, story) == []


@pytest.mark.parametrize("event", ["resume", "visibilitychange"])
def test_a_waking_tab_shows_the_statuses_of_its_sleep(
    held: Dashboard, story: Story, faults: FaultBoard, event: str
) -> None:
    held.watch(story.user, story.job_id)
    with held.expect_position_check():  # the last one before the page wakes up
        held.page.clock.fast_forward(longest_ms("settle"))
    faults.switch(drop=1)
    story.publish("three", "four")
    faults.reset()
    # A headless page is never hidden or frozen, so the test says what Chromium says when one wakes up.
    held.page.evaluate("event => document.dispatchEvent(new Event(event))", event)
    held.expect_shown(ASKING)
    held.page.clock.fast_forward(longest_ms("gap"))
    story.expect_on(held, from_the_log=frozenset({3, 4}))
    assert pushed(held, story) == []


def test_a_page_that_is_online_again_changes_to_a_new_socket_without_a_gap(
    dashboard: Dashboard, story: Story
) -> None:
    dashboard.watch(story.user, story.job_id)
    with dashboard.page.expect_websocket() as opened:
        # Chromium's own switch for it would also fail whatever the page asks just then.
        dashboard.page.evaluate("dispatchEvent(new Event('online'))")
    story.publish("three")
    story.expect_on(dashboard)
    # The old socket is closed once the new one has its subscriptions.
    repeat_until(lambda: dashboard.sockets == {opened.value}, lambda: dashboard.page.evaluate("0"))
    story.publish("four")
    story.expect_on(dashboard)
    assert set(pushed(dashboard, story)) == {3, 4}
    dashboard.expect_live()


def test_a_killed_socket_and_a_server_that_was_away_end_in_the_whole_log(
    dashboard: Dashboard, story: Story, cloud: Cloud
) -> None:
    dashboard.expected = SERVER_AWAY
    with TcpProxy(cloud.host) as proxy:
        dashboard.use_server(proxy.url)
        dashboard.watch(story.user, story.job_id)
        proxy.cut()
        story.publish("three")
        story.expect_on(dashboard)
        dashboard.expect_live()
        proxy.stop()
        expect(dashboard.connection).to_have_text("Reconnecting")
        story.publish("four", "five")
        proxy.start()
        dashboard.expect_live()
        story.expect_on(dashboard)
        story.publish("six")
        story.expect_on(dashboard)


def test_the_page_shows_the_recovered_statuses(held: Dashboard, story: Story, faults: FaultBoard) -> None:
    held.watch(story.user, story.job_id)
    faults.switch(drop=1)
    story.publish("three")
    faults.reset()
    story.publish("four")
    held.expect_shown(ASKING)
    held.page.clock.fast_forward(longest_ms("gap"))
    story.expect_on(held)
    expect(held.page.locator("#recovery")).to_have_text("Recovered: 1 status read from the log, 1 gap")


def test_a_frozen_tab_whose_connection_died_shows_the_whole_log_when_it_wakes(
    browser: Browser, dashboard: Dashboard, story: Story, cloud: Cloud
) -> None:
    """As when a laptop sleeps: the page's process gets no time, and the service gives its socket up."""
    dashboard.expected = SERVER_AWAY
    with TcpProxy(cloud.host) as proxy:
        dashboard.use_server(proxy.url)
        dashboard.watch(story.user, story.job_id)
        with asleep(browser):
            proxy.cut()
            story.publish("three", "four")
        story.expect_on(dashboard, from_the_log=frozenset({3, 4}))
        dashboard.expect_live()
        story.publish("five")
        story.expect_on(dashboard)


@contextmanager
def asleep(browser: Browser) -> Iterator[None]:
    """While the block runs, no tab's process does anything."""
    processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    tabs = [process["id"] for process in processes if process["type"] == "renderer"]
    assert tabs
    try:
        for tab in tabs:
            os.kill(tab, signal.SIGSTOP)
        yield
    finally:
        for tab in tabs:
            os.kill(tab, signal.SIGCONT)
