"""Through the queue: a job's statuses are committed in the order they were sent in, and one that nobody can
commit ends in the dead-letter queue without stopping other jobs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from status_utils import QueueTransport, publish_agent_status
from status_utils.transports.queue_messages import group_of
from statusbeam.log.journal.dynamo_items import partition
from statusbeam.model.job_key import JobKey
from tests.e2e.cloud import Cloud, fresh_id
from tests.e2e.waiting import wait_for

TENANT_ID = "city"
STATUSES = 30
PATIENCE = 2
"""Deliveries until a message counts as dead, in this test: the stack's own number takes minutes."""


@pytest.fixture(scope="module")
def transport(cloud: Cloud) -> QueueTransport:
    return QueueTransport(cloud.outputs.status_queue_url, new_client=lambda: cloud.aws("sqs"))


def _send(transport: QueueTransport, job_id: str, message: str) -> None:
    sent = publish_agent_status(
        job_id, "queue-user", TENANT_ID, "Geo Agent", "progress", message, transport=transport
    )
    assert sent


def _log(cloud: Cloud, job_id: str) -> list[tuple[int, str]]:
    """The committed statuses of a job: sequence and message."""
    log = cloud.log(JobKey(TENANT_ID, job_id))
    return [(int(status["sk"].partition("#")[2]), status["message"]) for status in log]


def test_statuses_sent_one_by_one_are_committed_in_exactly_that_order(
    cloud: Cloud, transport: QueueTransport
) -> None:
    job_id = fresh_id("job")
    for number in range(1, STATUSES + 1):
        _send(transport, job_id, f"step {number}")
    wait_for("the last status", lambda: len(_log(cloud, job_id)) >= STATUSES)
    assert _log(cloud, job_id) == [(number, f"step {number}") for number in range(1, STATUSES + 1)]


@contextmanager
def _little_patience(cloud: Cloud) -> Iterator[None]:
    sqs, queue = cloud.aws("sqs"), cloud.outputs.status_queue_url
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["RedrivePolicy"])["Attributes"]
    policy = json.loads(attributes["RedrivePolicy"])
    shorter = json.dumps(policy | {"maxReceiveCount": PATIENCE})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": shorter})
    try:
        yield
    finally:
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": json.dumps(policy)})


@contextmanager
def _damaged_job(cloud: Cloud) -> Iterator[str]:
    """A job with an unreadable head, whose statuses can never be committed."""
    dynamodb, job_id = cloud.aws("dynamodb"), fresh_id("damaged")
    key = {"pk": {"S": partition(JobKey(TENANT_ID, job_id))}, "sk": {"S": "HEAD"}}
    dynamodb.put_item(TableName=cloud.outputs.status_table, Item={**key, "sequence": {"S": "no number"}})
    try:
        yield job_id
    finally:
        dynamodb.delete_item(TableName=cloud.outputs.status_table, Key=key)


def _dead_letters(cloud: Cloud) -> list[str]:
    messages = cloud.aws("sqs").receive_message(
        QueueUrl=cloud.outputs.status_dead_letter_queue_url, VisibilityTimeout=0, MaxNumberOfMessages=10
    )
    return [message["Body"] for message in messages.get("Messages", [])]


def test_a_poisoned_message_ends_in_the_dead_letter_queue_without_stopping_other_jobs(
    cloud: Cloud, transport: QueueTransport
) -> None:
    others = [fresh_id("job") for _ in range(3)]
    poison = fresh_id("poison")
    with _little_patience(cloud), _damaged_job(cloud) as damaged:
        _send(transport, damaged, poison)
        for job_id in others:
            _send(transport, job_id, "one")
        _send(transport, others[0], "two")
        wait_for("the other jobs' statuses", lambda: all(_log(cloud, job_id) for job_id in others))
        wait_for("the second status", lambda: _log(cloud, others[0]) == [(1, "one"), (2, "two")])
        wait_for("the dead letter", lambda: any(poison in letter for letter in _dead_letters(cloud)))
    assert _log(cloud, damaged) == []
    assert [_log(cloud, job_id) for job_id in others[1:]] == [[(1, "one")]] * 2


def test_a_message_that_is_not_a_payload_is_deleted_and_its_job_continues(
    cloud: Cloud, transport: QueueTransport
) -> None:
    job_id, rubbish = fresh_id("job"), fresh_id("rubbish")
    cloud.aws("sqs").send_message(
        QueueUrl=cloud.outputs.status_queue_url,
        MessageGroupId=group_of(JobKey(TENANT_ID, job_id)),
        MessageDeduplicationId=rubbish,
        MessageBody=rubbish,
    )
    _send(transport, job_id, "after it")
    wait_for("the status behind it", lambda: _log(cloud, job_id) == [(1, "after it")])
    assert not any(rubbish in letter for letter in _dead_letters(cloud))
