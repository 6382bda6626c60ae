"""Reading requests to cancel a job: in the background, seconds apart, with failures."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import moto
import pytest

from status_utils import defaults, job
from status_utils.scopes.job import JobScope
from status_utils.sending.cancel_watch import LOOK_SECONDS, CancelWatch
from status_utils.testing import recorded
from status_utils.transports.dynamo_cancel_requests import DynamoCancelRequests
from status_utils.transports.memory_cancel_requests import MemoryCancelRequests
from statusbeam.model.clock import Clock
from statusbeam.model.errors import TransportError
from statusbeam.model.job_key import JobKey

KEY = JobKey("city", "job-1")


class Requests(MemoryCancelRequests):
    """Counts the looks; may fail."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = 0
        self.error: Exception | None = None

    def is_requested(self, job: JobKey, opened_at: float) -> bool:
        self.looks += 1
        if self.error is not None:
            raise self.error
        return super().is_requested(job, opened_at)


class Watched:
    """A watch whose looks run when `run` is called, in a time of its own."""

    def __init__(self) -> None:
        self.time = 1_000.0
        self.requests = Requests()
        self.due: list[Callable[[], None]] = []
        clock = Clock(now=lambda: self.time, ticks=lambda: self.time, chance=lambda: 0.5)
        self.watch = CancelWatch(self.requests, KEY, opened_at=0, clock=clock, start=self.due.append)

    def run(self) -> None:
        while self.due:
            self.due.pop()()


def test_the_first_answer_is_no_and_the_look_that_it_starts_gives_the_next() -> None:
    watched = Watched()
    watched.requests.job_ids.add("job-1")
    assert not watched.watch.is_requested()
    watched.run()
    assert watched.watch.is_requested()


def test_an_answer_is_cached_for_some_seconds_and_one_look_is_enough_at_a_time() -> None:
    watched = Watched()
    for _ in range(5):
        assert not watched.watch.is_requested()
    assert len(watched.due) == 1
    watched.run()
    watched.time += LOOK_SECONDS - 1
    watched.watch.is_requested()
    assert not watched.due
    watched.time += 1
    watched.requests.job_ids.add("job-1")
    watched.watch.is_requested()
    watched.run()
    assert watched.watch.is_requested()
    assert watched.requests.looks == 2


def test_a_request_that_was_found_stays_and_costs_no_more_looks() -> None:
    watched = Watched()
    watched.requests.job_ids.add("job-1")
    watched.watch.is_requested()
    watched.run()
    watched.requests.job_ids.clear()
    watched.time += 10 * LOOK_SECONDS
    assert watched.watch.is_requested()
    assert not watched.due


@pytest.mark.parametrize(
    "error", [TransportError("no", code="AccessDenied", retriable=False), ValueError("x")]
)
def test_a_look_that_fails_is_no_answer_and_one_warning(
    caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    watched = Watched()
    watched.requests.error = error
    for _ in range(3):
        assert not watched.watch.is_requested()
        watched.run()
        watched.time += LOOK_SECONDS
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    watched.requests.error = None
    watched.requests.job_ids.add("job-1")
    watched.watch.is_requested()
    watched.run()
    assert watched.watch.is_requested()


def test_without_a_new_thread_the_answer_is_no() -> None:
    def start(function: Callable[[], None]) -> None:
        raise RuntimeError("can't start new thread")

    watch = CancelWatch(Requests(), KEY, opened_at=0, start=start)
    assert not watch.is_requested()
    assert not watch.is_requested()


# --- the adapters -----------------------------------------------------------------------------------------


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    with moto.mock_aws():
        yield boto3.resource("dynamodb", region_name="us-west-2").create_table(
            TableName="statuses",
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            BillingMode="PAY_PER_REQUEST",
        )


def put_head(table: Any, state: str, *, at: str | None) -> None:
    request = {} if at is None else {"cancelRequest": {"by": "ana", "reason": "wrong street", "at": at}}
    table.put_item(Item={"pk": "JOB#city#job %237", "sk": "HEAD", "overallStatus": state, **request})


AT = "2026-11-20T09:30:00.000Z"
BEFORE, AFTER = 1_795_166_999, 1_795_167_001  # AT is 1_795_167_000

HEADS = [
    # the head's state, whether there is a request, when the caller opened the job, the answer
    ("processing", None, 0, False),
    ("processing", AT, 0, True),
    ("processing", AT, AFTER, True),  # a second scope that joined the run
    ("cancelled", AT, BEFORE, True),
    ("cancelled", AT, 0, True),  # a part of the job
    ("cancelled", AT, AFTER, False),  # of the run before; the new one is not committed yet
    ("completed", AT, AFTER, False),
]


@pytest.mark.parametrize(("state", "at", "opened_at", "answer"), HEADS)
def test_the_head_of_the_job_has_the_request(
    table: Any, state: str, at: str | None, opened_at: float, answer: bool
) -> None:
    put_head(table, state, at=at)
    requests = DynamoCancelRequests("statuses")
    assert requests.is_requested(JobKey("city", "job #7"), opened_at) is answer
    assert not requests.is_requested(JobKey("city", "another"), opened_at)


def test_a_table_that_is_not_there_is_an_error_with_its_code(table: Any) -> None:
    with pytest.raises(TransportError) as refused:
        DynamoCancelRequests("another").is_requested(KEY, 0)
    assert refused.value.code == "ResourceNotFoundException"


# --- scopes -----------------------------------------------------------------------------------------------


def a_job() -> JobScope:
    return job(job_id="job #7", user_id="ana", tenant_id="city")


def test_every_scope_of_a_job_finds_the_request() -> None:
    with recorded() as recording, a_job() as j, j.agent("Geo Agent") as agent, agent.tool("map") as tool:
        before = j.cancel_requested
        recording.request_cancel("job #7")
        assert not before
        assert (j.cancel_requested, agent.cancel_requested, tool.cancel_requested) == (True, True, True)


def test_without_a_table_nothing_is_requested(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STATUS_TABLE", raising=False)
    defaults.default_cancel_requests.cache_clear()
    assert not a_job().cancel_requested


def test_a_job_looks_into_the_table_that_the_environment_names(
    table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATUS_TABLE", "statuses")
    defaults.default_cancel_requests.cache_clear()
    put_head(table, "processing", at=AT)
    j = a_job()
    _ = j.cancel_requested  # the first question begins the look
    for thread in threading.enumerate():
        if thread.name == "status_utils cancel watch":
            thread.join(60)
    assert j.cancel_requested
    defaults.default_cancel_requests.cache_clear()


def test_a_question_raises_nothing_whatever_the_answer(caplog: pytest.LogCaptureFixture) -> None:
    requests = Requests()
    requests.error = ValueError("broken")
    j = a_job()
    with defaults.override_cancel_requests(requests):
        assert [j.cancel_requested for _ in range(3)] == [False] * 3
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "call=<cancel_requested>" in caplog.text
