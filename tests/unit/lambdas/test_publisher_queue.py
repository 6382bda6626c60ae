"""The publisher behind the queue: committed and redelivered messages, and the independence of jobs."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest

from lambdas.status_publisher import _wiring
from lambdas.status_publisher.handler import handler
from lambdas.status_publisher.queue import Retries, publish_messages, records_of
from lambdas.status_publisher.time_limit import OutOfTimeError
from statusbeam.log.publishing.pipeline import PublishResult
from statusbeam.model.errors import BroadcastError, JournalError, SessionStoreError
from statusbeam.model.settings import QUEUE_RECEIVES, PublisherSettings
from tests.unit.dynamo_tables import (
    SESSIONS_TABLE,
    STATUS_TABLE,
    all_items,
    dynamo_tables,
    put_session,
)
from tests.unit.fifo_queue import FifoQueue, fifo_queue
from tests.unit.lambda_context import Context
from tests.unit.local_http import LocalServer, json_answer, local_server
from tests.unit.samples import NOW, StoppedClock, entry

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_dynamodb import DynamoDBClient

OK = json_answer({"data": {"publishStatus": {"jobId": "job-1"}}})
DOWN = json_answer({"message": "down"}, 503)
LAST = QUEUE_RECEIVES

JOURNAL = JournalError("throttled", code="ThrottlingException", retriable=True)
SESSIONS = SessionStoreError("throttled", code="ThrottlingException", retriable=True)
PUSH = BroadcastError("down", code="http_503", retriable=True)
REFUSED = BroadcastError("refused", code="http_403", retriable=False)
BUG = ZeroDivisionError()
SLOW = OutOfTimeError()


def record(message_id: str, *, received: int = 1, body: Any = None) -> dict[str, Any]:
    """A message whose id begins with its job: a1 is the first of job a."""
    return {
        "messageId": message_id,
        "receiptHandle": f"receipt of {message_id}",
        "body": json.dumps(entry(jobId=message_id[0])) if body is None else body,
        "attributes": {"MessageGroupId": message_id[0], "ApproximateReceiveCount": str(received)},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:statuses.fifo",
    }


@dataclass(slots=True)
class Publishing:
    """Publishes, or fails on request, by message."""

    failures: dict[str, BaseException]
    tried: list[str] = field(default_factory=list)
    pushed: list[str] = field(default_factory=list)
    unpushed: list[str] = field(default_factory=list)
    on_try: Callable[[], None] = lambda: None

    def __call__(
        self,
        payload: object,
        *,
        batch_id: str,
        deadline: float,
        pushing: bool,
        received_at: float | None,
    ) -> PublishResult:
        self.tried.append(batch_id)
        self.on_try()
        if batch_id in self.failures:
            raise self.failures[batch_id]
        (self.pushed if pushing else self.unpushed).append(batch_id)
        return {"committed": 1, "rejected": [], "pushed": int(pushing)}


BATCHES: list[Any] = [
    # messages, which of them fail how, which are tried, which are reported
    pytest.param("a1 a2 b1", {}, "a1 a2 b1", "", id="all is well"),
    pytest.param("a1 a2 a3", {"a2": JOURNAL}, "a1 a2", "a2 a3", id="no status overtakes one that failed"),
    pytest.param("a1 b1 a2 b2", {"a1": JOURNAL}, "a1 b1 b2", "a1 a2", id="other jobs go on"),
    pytest.param("a1 b1 a2 b2", {"a1": BUG}, "a1 b1 b2", "a1 a2", id="a mistake of ours is one message's"),
    pytest.param("a1 b1 a2", {"a1": SLOW}, "a1 b1", "a1 a2", id="so is running out of time"),
    pytest.param("a1 b1 a2", {"a1": JOURNAL, "b1": JOURNAL}, "a1 b1", "a1 b1 a2", id="two jobs fail"),
    pytest.param("a1 a2 a3", {"a3": PUSH}, "a1 a2 a3", "a3", id="a failed push comes again, committed"),
    pytest.param("a1 a2", {"a2": SESSIONS}, "a1 a2", "a2", id="so does one whose watchers nobody knows"),
    pytest.param("a1 a2", {"a2": REFUSED}, "a1 a2", "", id="a refused push would be refused again"),
    pytest.param(
        "a1 a2 a3", {"a1": PUSH, "a2": JOURNAL}, "a1 a2", "a1 a2 a3", id="a commit still stops its job"
    ),
]


@pytest.mark.parametrize(("messages", "failures", "tried", "reported"), BATCHES)
def test_a_failed_message_is_redelivered_with_its_jobs_later_messages(
    messages: str, failures: dict[str, BaseException], tried: str, reported: str
) -> None:
    publishing = Publishing(failures)
    records = [record(message_id) for message_id in messages.split()]
    outcome = publish_messages(records, publishing, deadline=NOW + 20, now=lambda: NOW)
    assert publishing.tried == tried.split()
    answer = outcome.answer()["batchItemFailures"]
    assert [failure["itemIdentifier"] for failure in answer] == reported.split()
    assert publishing.pushed == [message for message in tried.split() if message not in failures]


def test_after_a_push_that_failed_for_a_while_the_rest_is_committed_without_waiting_for_pushes() -> None:
    publishing = Publishing({"a1": PUSH})
    records = [record("a1"), record("a2"), record("b1", received=2)]
    outcome = publish_messages(records, publishing, deadline=NOW + 20, now=lambda: NOW)
    assert publishing.unpushed == ["a2", "b1"]
    assert [failed["messageId"] for failed in outcome.failed] == ["a1", "a2"]
    assert (publishing.pushed, outcome.given_up) == ([], 1)


@pytest.mark.parametrize("received", range(2, LAST + 1))
def test_a_push_is_tried_at_most_twice_and_then_delays_its_job_no_longer(received: int) -> None:
    outcome = publish_messages(
        [record("a1", received=received)], Publishing({"a1": PUSH}), deadline=NOW + 20, now=lambda: NOW
    )
    assert (outcome.failed, outcome.given_up) == ([], 1)


def test_a_dead_letter_does_not_take_other_messages_of_its_job_along() -> None:
    publishing = Publishing({"a1": JOURNAL})
    records = [record("a1", received=LAST), record("a2", received=LAST)]
    outcome = publish_messages(records, publishing, deadline=NOW + 20, now=lambda: NOW)
    assert publishing.tried == ["a1", "a2"]
    assert [failed["messageId"] for failed in outcome.failed] == ["a1"]


def test_messages_without_remaining_time_are_redelivered_untried() -> None:
    times = iter([NOW, NOW, NOW + 25, NOW + 25])
    publishing = Publishing({})
    records = [record("a1"), record("a2"), record("b1")]
    outcome = publish_messages(records, publishing, deadline=NOW + 20, now=lambda: next(times))
    assert publishing.tried == ["a1"]
    assert [failed["messageId"] for failed in outcome.failed] == ["a2", "b1"]


def test_messages_that_a_slow_table_would_keep_past_the_deadline_are_redelivered_untried() -> None:
    """Each message takes as long as a table without an answer. The function must not run out of time."""
    time = StoppedClock()

    def hangs() -> None:
        time.time += 12

    publishing = Publishing({"a1": JOURNAL}, on_try=hangs)
    records = [record("a1"), record("b1"), record("c1")]
    outcome = publish_messages(records, publishing, deadline=NOW + 22, now=lambda: time.time)
    assert publishing.tried == ["a1"]
    assert [failed["messageId"] for failed in outcome.failed] == ["a1", "b1", "c1"]


PARTS = tuple(record("a1"))
NOT_TEXT: tuple[Any, ...] = (None, 7, [], {})


@pytest.mark.parametrize(
    "event",
    [
        entry(),
        {"batchId": "b1", "updates": []},
        {"Records": []},
        {"Records": [{"eventSource": "aws:s3"}]},
        {"Records": "text"},
        *({"Records": [record("a1"), {**record("a2"), part: value}]} for part in PARTS for value in NOT_TEXT),
        *(
            {"Records": [{**record("a1"), part: "aws:x"}]}
            for part in ("attributes", "eventSource", "eventSourceARN")
        ),
        {"Records": [{**record("a1"), "attributes": {"ApproximateReceiveCount": "0"}}]},
        {"Records": [{**record("a1"), "attributes": {"ApproximateReceiveCount": "many"}}]},
        ["text"],
        None,
    ],
)
def test_an_event_that_is_not_from_sqs_is_a_payload(event: object) -> None:
    assert records_of(event) is None


# how soon failed messages come again


def test_a_job_waits_for_a_failed_message_not_for_its_visibility_timeout() -> None:
    with fifo_queue() as queue:
        queue.transport().send({"batchId": "b1", "updates": [entry()]})
        event = queue.event()
        assert queue.event()["Records"] == []
        failed = [*event["Records"]]
        failed[0]["attributes"]["ApproximateReceiveCount"] = str(LAST)  # at once, so that no test has to wait
        Retries(queue.client).retry_soon(failed)
        assert [r["messageId"] for r in queue.event()["Records"]] == [failed[0]["messageId"]]


@pytest.mark.parametrize(
    ("received", "seconds"), [(1, 2), (2, 10), (3, 60), (4, 120), (5, 300), (LAST, 0), (LAST + 1, 0)]
)
def test_the_pause_before_a_redelivery_grows_with_each_failure(
    monkeypatch: pytest.MonkeyPatch, received: int, seconds: int
) -> None:
    with local_server(json_answer({"QueueUrl": "http://127.0.0.1/q"}), json_answer({})) as aws:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", aws.url)
        client = boto3.client("sqs")
        Retries(client).retry_soon([record("a1", received=received)])
        asked = json.loads(aws.received[1].body)
    assert (asked["ReceiptHandle"], asked["VisibilityTimeout"]) == ("receipt of a1", seconds)


@pytest.mark.parametrize(("received", "seconds"), [(1, 1), (2, 1), (5, 1), (LAST, 0)])
def test_a_message_that_makes_the_publisher_fail_goes_to_the_dead_letter_queue_within_seconds(
    monkeypatch: pytest.MonkeyPatch, received: int, seconds: int
) -> None:
    with local_server(json_answer({"QueueUrl": "http://127.0.0.1/q"}), json_answer({})) as aws:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", aws.url)
        Retries(boto3.client("sqs")).retry_soon([record("a1", received=received)], faulty={"a1"})
        asked = json.loads(aws.received[1].body)
    assert asked["VisibilityTimeout"] == seconds


@pytest.mark.parametrize(("failure", "faulty"), [(JOURNAL, set()), (BUG, {"a1"}), (SLOW, {"a1"})])
def test_a_message_is_faulty_when_nothing_but_itself_has_failed(
    failure: BaseException, faulty: set[str]
) -> None:
    publishing = Publishing({"a1": failure})
    outcome = publish_messages([record("a1")], publishing, deadline=NOW + 20, now=lambda: NOW)
    assert outcome.faulty == faulty


def test_a_queue_that_refuses_an_early_retry_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with local_server(json_answer({"__type": "AccessDenied"}, 403)) as aws:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", aws.url)
        Retries(boto3.client("sqs")).retry_soon([record("a1")])
    assert [(r.levelno, "wait for their visibility timeout" in r.getMessage()) for r in caplog.records] == [
        (logging.WARNING, True)
    ]


# the whole function: queue and tables in moto, AppSync on a local socket


@dataclass(slots=True)
class Deployed:
    """The queue, the publisher and what is behind it."""

    queue: FifoQueue
    dynamodb: DynamoDBClient
    appsync: LocalServer

    def deliver(self) -> list[str]:
        """Handle one batch like Lambda's poller. Returns the ids of messages to redeliver."""
        return self.invoke(self.queue.event())

    def invoke(self, event: Any) -> list[str]:
        answer = json.loads(json.dumps(handler(event, cast("LambdaContext", Context()))))
        failed = [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]
        for message in event["Records"]:
            if message["messageId"] not in failed:
                self.queue.client.delete_message(
                    QueueUrl=self.queue.url, ReceiptHandle=message["receiptHandle"]
                )
        return failed

    def log(self, job_id: str) -> list[str]:
        items = sorted(all_items(self.dynamodb).items())
        return [
            item["message"]["S"] for (pk, sk), item in items if pk == f"JOB#city#{job_id}" and "UPDATE#" in sk
        ]


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    wired = (_wiring.publisher, _wiring.retries)
    with fifo_queue() as queue, dynamo_tables() as client, local_server(OK) as appsync:
        settings = PublisherSettings(
            appsync_api_url=f"{appsync.url}/graphql",
            appsync_api_id="api",
            user_sessions_table=SESSIONS_TABLE,
            status_table=STATUS_TABLE,
        )
        for variable, value in settings.to_env().items():
            monkeypatch.setenv(variable, value)
        put_session(client, "city", "ana#c1", 9_999_999_999)
        for part in wired:
            part.cache_clear()
        yield Deployed(queue, client, appsync)
        for part in wired:
            part.cache_clear()


def test_messages_of_a_batch_are_committed_in_their_order(deployed: Deployed) -> None:
    for number in range(8):
        deployed.queue.transport().send(entry(message=str(number), jobId=f"job-{number % 2}"))
    assert deployed.deliver() == []
    assert deployed.log("job-0") == ["0", "2", "4", "6"]
    assert deployed.log("job-1") == ["1", "3", "5", "7"]


def test_a_redelivered_batch_changes_nothing(deployed: Deployed) -> None:
    deployed.queue.transport().send({"batchId": "b1", "updates": [entry(message="one")]})
    event = deployed.queue.event()
    deployed.invoke(event)
    items = all_items(deployed.dynamodb)
    deployed.invoke(event)
    assert all_items(deployed.dynamodb) == items


def test_a_bare_status_of_a_state_is_named_by_its_message(deployed: Deployed) -> None:
    body = Path(__file__).with_name("events").joinpath("publisher_from_step_functions.json").read_text()
    event = {"Records": [record("message-1", body=body)]}
    assert handler(event, cast("LambdaContext", Context())) == {"batchItemFailures": []}
    assert ("JOB#city#complaint-20261120-0007", "MARKER#message-1") in all_items(deployed.dynamodb)


def test_a_number_that_is_too_long_is_its_own_statuss_fault(deployed: Deployed) -> None:
    huge = "9" * 5_000
    parts = [entry(metadata={"n": "HUGE"}), entry(progress="HUGE", status="progress"), entry(jobId="b")]
    body = json.dumps({"batchId": "b1", "updates": parts}).replace('"HUGE"', huge)
    assert handler({"Records": [record("a1", body=body)]}, cast("LambdaContext", Context())) == {
        "batchItemFailures": []
    }
    assert (len(deployed.log("job-1")), len(deployed.log("b"))) == (0, 1)


def test_a_message_that_hangs_is_ended_named_and_redelivered(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def hangs(payload: object, **_: Any) -> PublishResult:
        while True:
            hash(str(payload))

    monkeypatch.setattr("lambdas.status_publisher.handler.publisher", lambda: hangs)
    monkeypatch.setattr("lambdas.status_publisher.handler._PUSH_SECONDS", 0)
    event = {"Records": [record("a1")]}
    # 0.05 s of work: what the function has left, without the time for its answer.
    answer = handler(event, cast("LambdaContext", Context(remaining_ms=550)))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "a1"}]}
    assert "message_id=<a1>, received=<1>, error=<OutOfTimeError>" in caplog.text


@pytest.mark.parametrize("body", ["", "no json", "[" * 100_000, '"text"', "[]", "{}", '{"updates": 7}'])
def test_a_malformed_message_is_rejected_with_a_reason_and_not_tried_again(
    deployed: Deployed, caplog: pytest.LogCaptureFixture, body: str
) -> None:
    event = {"Records": [record("a1", body=body), record("a2")]}
    assert handler(event, cast("LambdaContext", Context())) == {"batchItemFailures": []}
    assert "batch_id=<a1>" in caplog.text
    assert "status rejected" in caplog.text
    assert len(deployed.log("a")) == 1


def test_a_failed_push_leaves_the_job_complete_and_is_retried(deployed: Deployed) -> None:
    deployed.appsync.answers[:] = [DOWN, OK]
    for number in range(3):
        deployed.queue.transport().send({"batchId": f"b{number}", "updates": [entry(message=str(number))]})
    event = deployed.queue.event()
    assert deployed.invoke(event) == [sent["messageId"] for sent in event["Records"]]
    assert deployed.log("job-1") == ["0", "1", "2"]
    assert deployed.invoke(event) == []
    assert deployed.log("job-1") == ["0", "1", "2"]


def counts_in(output: str, *names: str) -> list[list[float] | None]:
    """The metrics with these names in the only line of metrics; None for one that the line does not have."""
    (line,) = [json.loads(line) for line in output.splitlines() if '"_aws"' in line]
    return [line.get(name) for name in names]


def test_counts_of_a_batch_are_metrics(deployed: Deployed, capsys: pytest.CaptureFixture[str]) -> None:
    deployed.appsync.answers[:] = [DOWN, OK]
    for number in range(3):
        deployed.queue.transport().send(entry(message=str(number)))
    deployed.deliver()
    counts = counts_in(capsys.readouterr().out, "StatusesCommitted", "Pushes", "PublishFailures")
    assert counts == [[3.0], [0.0], [3.0]]


def test_a_status_is_counted_as_committed_once_however_often_its_push_is_tried(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    deployed.appsync.answers[:] = [DOWN]
    deployed.queue.transport().send({"batchId": "b1", "updates": [entry(), entry(attempt="none")]})
    event = deployed.queue.event()
    names = ("StatusesCommitted", "StatusesRejected", "Pushes", "PushesGivenUp")
    deployed.invoke(event)
    assert counts_in(capsys.readouterr().out, *names) == [[1.0], [1.0], [0.0], None]
    event["Records"][0]["attributes"]["ApproximateReceiveCount"] = "2"
    assert deployed.invoke(event) == []
    assert counts_in(capsys.readouterr().out, *names) == [[0.0], [1.0], [0.0], [1.0]]


def test_statuses_committed_before_the_timeout_are_counted(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def out_of_time(*_: Any, **__: Any) -> None:
        raise OutOfTimeError

    monkeypatch.setattr("statusbeam.log.publishing.appsync.AppSyncBroadcaster.push", out_of_time)
    deployed.queue.transport().send(entry())
    assert len(deployed.deliver()) == 1
    assert counts_in(capsys.readouterr().out, "StatusesCommitted", "PublishFailures") == [[1.0], [1.0]]
