"""From a commit in the table's stream to a message in the queue."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest

from lambdas.job_lifecycle import _wiring
from lambdas.job_lifecycle.handler import handler
from statusbeam.cli.cost_model import QUEUE_REQUESTS, Load, bill
from statusbeam.log.journal.dynamo import DynamoJournal
from statusbeam.model.settings import (
    PROBE_PREFIX,
    JobEventType,
    NotificationChannel,
    NotificationSettings,
    StatusTable,
    channels_text,
)
from statusbeam.notifications.deliveries import Delivery
from statusbeam.notifications.lease_check import FIRST_DELAY
from tests.unit.dynamo_tables import STATUS_TABLE, dynamo_tables
from tests.unit.samples import StoppedClock, batch_of, update

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient

NO_CONTEXT = cast("Any", None)
OPENING: dict[str, Any] = {"agentName": None, "status": "loading_agents"}
COMPLETE: dict[str, Any] = {"agentName": None, "status": "complete"}


class World:
    """A table whose stream is read as AWS reads it: through the filter, and in order."""

    def __init__(self, client: DynamoDBClient, sqs: SQSClient, urls: tuple[str, str]) -> None:
        self.client = client
        self.sqs = sqs
        self.deliveries_url, self.leases_url = urls
        self.journal = DynamoJournal(client, STATUS_TABLE, log_retention_days=7, job_retention_days=90)
        self.records: list[dict[str, Any]] = []
        self.head: dict[str, Any] | None = None
        self.count = 0

    def commit(self, *entries: dict[str, Any]) -> None:
        """Commit, and note the record that the event source mapping lets through, if it does."""
        updates = [update(f"event-{self.count + n}", **one) for n, one in enumerate(entries, 1)]
        self.count += len(entries)
        self.journal.commit(batch_of(updates, f"b{self.count}"), deadline=9e9)
        (head,) = [one for one in self._raw() if one["sk"]["S"] == StatusTable.HEAD]
        if StatusTable.JOB_EVENT in head:
            images = {"NewImage": head, **({"OldImage": self.head} if self.head else {})}
            self.records.append({"dynamodb": {"SequenceNumber": str(self.count), **images}})
        self.head = head

    def _raw(self) -> list[dict[str, Any]]:
        return self.client.scan(TableName=STATUS_TABLE)["Items"]

    def stream(self) -> dict[str, Any]:
        return handler({"Records": self.records}, NO_CONTEXT)

    def delivered(self) -> list[tuple[str, str, str]]:
        """Channel, type and id of the queued events, in order."""
        found = self.sqs.receive_message(QueueUrl=self.deliveries_url, MaxNumberOfMessages=10)
        bodies = [Delivery.from_body(one["Body"]) for one in found.get("Messages", [])]
        return [(one.channel, one.event.type.value, one.event.id) for one in bodies]

    def checks(self) -> int:
        found = self.sqs.get_queue_attributes(
            QueueUrl=self.leases_url, AttributeNames=["ApproximateNumberOfMessagesDelayed"]
        )
        return int(found["Attributes"]["ApproximateNumberOfMessagesDelayed"])


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with dynamo_tables() as client:
        sqs = boto3.client("sqs", region_name="us-east-1")
        deliveries = sqs.create_queue(QueueName="Deliveries.fifo", Attributes={"FifoQueue": "true"})[
            "QueueUrl"
        ]
        leases = sqs.create_queue(QueueName="Leases")["QueueUrl"]
        ops = NotificationChannel(name="ops", kind="webhook", target="arn:aws:secretsmanager:…")
        settings = NotificationSettings(
            status_table=STATUS_TABLE,
            notification_channels=channels_text((ops,)),
            notification_queue_url=deliveries,
            lease_queue_url=leases,
        )
        monkeypatch.setattr(os, "environ", {**os.environ, **settings.to_env()})
        _wiring.job_lifecycle.cache_clear()
        yield World(client, sqs, (deliveries, leases))
        _wiring.job_lifecycle.cache_clear()


def test_each_event_of_a_job_is_queued_once_and_no_other_commit_is_read(world: World) -> None:
    world.commit(OPENING)
    world.commit({})
    world.commit({"status": "agent_complete"})
    world.commit(COMPLETE)
    world.commit({"status": "agent_complete", "message": "late"})
    assert len(world.records) == 2
    assert world.stream() == {"batchItemFailures": []}
    assert world.delivered() == [("ops", "job.started", "event-1"), ("ops", "job.completed", "event-4")]


def test_nobody_is_notified_of_a_probe(world: World) -> None:
    probe = {"jobId": f"{PROBE_PREFIX}1"}
    world.commit({**OPENING, **probe})
    world.commit({**COMPLETE, **probe})
    assert len(world.records) == 2
    assert world.stream() == {"batchItemFailures": []}
    assert (world.delivered(), world.checks()) == ([], 0)


def test_a_record_that_is_handed_over_again_is_queued_once(world: World) -> None:
    world.commit(OPENING, {}, COMPLETE)
    world.stream()
    world.stream()
    assert world.delivered() == [("ops", "job.completed", "event-3")]


def test_a_job_that_begins_is_checked_later_and_one_that_ends_is_not(world: World) -> None:
    world.commit(OPENING)
    world.stream()
    assert world.checks() == 1
    world.records.clear()
    world.commit(COMPLETE)
    world.stream()
    assert world.checks() == 1


def test_a_job_that_is_lost_is_queued_and_checked_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.commit(OPENING)
    check = {"tenant_id": "city", "job_id": "job-1", "epoch": epoch(world), "run": 1, "reported": 0}
    clock = StoppedClock()
    clock.time += FIRST_DELAY + 10
    monkeypatch.setattr(_wiring.job_lifecycle(), "_now", lambda: clock.time)
    answer = handler({"Records": [{"messageId": "m1", "body": json.dumps(check)}]}, NO_CONTEXT)
    assert answer == {"batchItemFailures": []}
    ((channel, kind, _),) = world.delivered()
    assert (channel, kind) == ("ops", JobEventType.LOST)
    assert world.checks() == 1


def test_a_record_that_fails_is_named_so_that_it_is_retried(world: World) -> None:
    world.commit(OPENING)
    world.commit(COMPLETE)
    world.sqs.delete_queue(QueueUrl=world.deliveries_url)
    assert world.stream() == {"batchItemFailures": [{"itemIdentifier": "1"}]}


def test_the_mark_of_an_event_is_in_the_head_of_its_commit_only(world: World) -> None:
    world.commit(OPENING)
    assert world.head is not None
    assert world.head[StatusTable.JOB_EVENT] == {"S": "job.started"}
    world.commit({})
    assert StatusTable.JOB_EVENT not in world.head


def epoch(world: World) -> str:
    assert world.head is not None
    return str(world.head["epoch"]["S"])


def test_the_cost_formula_counts_the_messages_of_a_job(world: World) -> None:
    for entry in (OPENING, {}, COMPLETE):
        world.commit(entry)
    world.stream()
    counts = {item.name: item.count for item in bill(Load(jobs=1, webhooks=1, minutes=FIRST_DELAY / 60))}
    assert counts["notification queue requests"] == len(world.delivered()) * QUEUE_REQUESTS
    assert counts["lease queue requests"] == world.checks() * QUEUE_REQUESTS
    assert counts["notification invocations"] == len(world.records) + 1 + len(world.records)
