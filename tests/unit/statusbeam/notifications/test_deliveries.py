"""Queued deliveries: one message for each event and channel, in the order of its job."""

from __future__ import annotations

import pytest

from statusbeam.model.settings import JobEventType, NotificationChannel
from statusbeam.notifications.deliveries import Delivery, deliveries_of, retry_seconds
from tests.unit.statusbeam.notifications.samples import job_event

OPS = NotificationChannel(name="ops", kind="webhook", target="arn:1")
LOSSES = NotificationChannel(
    name="losses", kind="slack", target="arn:2", events=(JobEventType.FAILED, JobEventType.LOST)
)
OF_ACME = NotificationChannel(name="acme", kind="webhook", target="arn:3", tenant="acme")


def test_an_event_goes_to_the_channels_that_take_it() -> None:
    channels = (OPS, LOSSES, OF_ACME)
    done, lost = job_event(), job_event(JobEventType.LOST)
    assert [one.channel for one in deliveries_of(done, channels)] == ["ops"]
    assert [one.channel for one in deliveries_of(lost, channels)] == ["ops", "losses"]


def test_a_delivery_goes_through_the_queue_unchanged() -> None:
    delivery = Delivery(channel="ops", event=job_event(title="Größe"))
    assert Delivery.from_body(delivery.body()) == delivery


def test_a_job_is_a_group_on_each_channel() -> None:
    started, done = (Delivery(channel="ops", event=job_event(kind)) for kind in list(JobEventType)[:2])
    elsewhere = Delivery(channel="losses", event=started.event)
    assert started.group == done.group != elsewhere.group
    assert started.deduplication_id != done.deduplication_id
    assert started.deduplication_id == Delivery(channel="ops", event=started.event).deduplication_id


@pytest.mark.parametrize(
    ("received", "asked", "chance", "expected"),
    [
        (1, None, 0.0, 5),
        (1, None, 0.999_999, 9),
        (3, None, 0.0, 80),
        (1, 120, 0.0, 120),  # the receiver asks for more
        (7, None, 0.999_999, 21_599),
        (1, 999_999, 0.0, 21_600),  # what SQS can hide a message for has a limit, and so has this
    ],
)
def test_a_failed_delivery_waits_longer_each_time(
    received: int, asked: int | None, chance: float, expected: int
) -> None:
    assert retry_seconds(received, asked=asked, chance=lambda: chance) == expected
