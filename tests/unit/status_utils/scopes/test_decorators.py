"""Decorated functions and handlers: the run of a call, and the statuses before Lambda stops it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import pytest

from status_utils import agent_step, current_scope, job, report_progress, status_handler
from status_utils.scopes import decorators
from status_utils.testing import Recording, recorded

EVENT = {"jobId": "job-1", "userId": "ana", "tenantId": "city", "retryCount": 1}


@pytest.fixture
def recording() -> Iterator[Recording]:
    with recorded() as found:
        yield found


@agent_step("Geo Agent", message="Reading the address")
def locate(text: str) -> str:
    report_progress(0.5, "Halfway")
    return text.upper()


@agent_step("Slow Agent")
async def think(text: str) -> str:
    report_progress(0.5)
    return text[::-1]


def test_each_call_of_an_agent_step_is_a_run(recording: Recording) -> None:
    with job(job_id="job-1", user_id="ana", tenant_id="city"):
        assert locate("elm street") == "ELM STREET"
        assert locate("oak street") == "OAK STREET"
    assert recording.statuses("Geo Agent") == ["agent_invoking", "progress", "agent_complete"] * 2
    assert len({s["invocationId"] for s in recording if "invocationId" in s}) == 2
    assert recording.messages("Geo Agent")[0] == "Reading the address"


async def test_a_coroutine_function_is_a_run_while_it_is_awaited(recording: Recording) -> None:
    async with job(job_id="job-1", user_id="ana", tenant_id="city"):
        assert await think("abc") == "cba"
    assert recording.statuses("Slow Agent") == ["agent_invoking", "progress", "agent_complete"]


@agent_step("Reader")
def read(pages: int) -> Generator[int, str | None, str]:
    given = None
    for page in range(pages):
        report_progress(page / pages, f"page {page}, after {given}")
        given = yield page
    return "read"


@agent_step("Reader")
async def read_soon(pages: int) -> AsyncGenerator[int, str]:
    given = None
    for page in range(pages):
        report_progress(page / pages, f"page {page}, after {given}")
        given = yield page


def test_a_generator_is_a_run_until_it_ends_and_its_caller_stays_where_it_is(recording: Recording) -> None:
    def caller() -> Generator[int, str | None, None]:
        assert (yield from read(2)) == "read"

    with job(job_id="job-1", user_id="ana", tenant_id="city") as j:
        pages = caller()
        assert next(pages) == 0
        assert current_scope() is j
        assert recording.statuses("Reader") == ["agent_invoking", "progress"]
        assert pages.send("tea") == 1
        assert list(pages) == []
    assert recording.messages("Reader")[-2:] == ["page 1, after tea", "Reader completed"]
    assert recording.statuses("Reader")[-1] == "agent_complete"


async def test_an_async_generator_is_a_run_until_it_ends(recording: Recording) -> None:
    async with job(job_id="job-1", user_id="ana", tenant_id="city") as j:
        pages = read_soon(2)
        assert await anext(pages) == 0
        assert current_scope() is j
        assert await pages.asend("tea") == 1
        assert [page async for page in pages] == []
    assert recording.messages("Reader")[-2:] == ["page 1, after tea", "Reader completed"]


async def test_a_closed_or_failed_generator_is_reported(recording: Recording) -> None:
    async with job(job_id="job-1", user_id="ana", tenant_id="city"):
        closed, failed = read(2), read(2)
        next(closed)
        closed.close()
        next(failed)
        with pytest.raises(ValueError, match="hunter2"):
            failed.throw(ValueError("hunter2"))
        later = read_soon(2)
        await anext(later)
        await later.aclose()
    ends = [s["message"] for s in recording if s["status"] == "agent_error"]
    assert ends == ["Reader was stopped", "Reader failed", "Reader was stopped"]


def test_generators_that_take_turns_keep_their_scopes(recording: Recording) -> None:
    with job(job_id="job-1", user_id="ana", tenant_id="city"):
        assert list(zip(read(3), read(3), strict=True)) == [(0, 0), (1, 1), (2, 2)]
    runs = {s["invocationId"] for s in recording if "invocationId" in s}
    for run in runs:
        words = [s["status"] for s in recording if s.get("invocationId") == run]
        assert (words[0], words[-1]) == ("agent_invoking", "agent_complete")
    assert len(runs) == 2


def test_outside_of_a_scope_a_generator_runs_unchanged(recording: Recording) -> None:
    assert list(read(2)) == [0, 1]
    assert len(recording) == 0


@pytest.mark.parametrize("decorator", [agent_step, status_handler])
def test_a_decorator_without_its_parentheses_raises_at_once(decorator: Any) -> None:
    with pytest.raises(TypeError, match="takes the name of the agent"):
        decorator(lambda event, context: None)


async def test_outside_of_a_scope_the_function_runs_unchanged(recording: Recording) -> None:
    assert (locate("a"), await think("ab")) == ("A", "ba")
    assert locate.__name__ == "locate"
    assert len(recording) == 0


def test_a_handlers_call_is_a_run_of_its_agent_in_the_events_job(recording: Recording) -> None:
    @status_handler("Geo Agent", message="Reading the address")
    def handler(event: Any, context: Any) -> str:
        report_progress(0.5)
        return str(event["jobId"])

    assert handler(EVENT, None) == "job-1"
    assert recording.statuses() == ["agent_invoking", "progress", "agent_complete"]
    assert {(s["jobId"], s["userId"], s["tenantId"]) for s in recording} == {("job-1", "ana", "city")}
    assert {(s["invocationId"], s["attempt"]) for s in recording} == {("job-1-geo_agent", 2)}


async def test_a_handler_that_is_a_coroutine_function_is_a_run_while_it_is_awaited(
    recording: Recording,
) -> None:
    @status_handler("Geo Agent", ends_job=True)
    async def handler(event: Any, context: Any) -> str:
        await asyncio.sleep(0)
        report_progress(0.5)
        if context == "fails":
            raise ValueError("hunter2")
        return str(event["jobId"])

    assert await handler(EVENT, None) == "job-1"
    assert recording.statuses() == [
        "loading_agents",
        "agent_invoking",
        "progress",
        "agent_complete",
        "complete",
    ]
    with pytest.raises(ValueError, match="hunter2"):
        await handler(EVENT, "fails")
    assert recording.statuses()[-2:] == ["agent_error", "error"]
    assert await handler({"jobId": "job-2"}, None) == "job-2"
    assert {s["jobId"] for s in recording} == {"job-1"}


def test_a_retry_supersedes_the_attempt_before_it(recording: Recording) -> None:
    @status_handler("Geo Agent")
    def handler(event: Any, context: Any) -> None:
        if event["retryCount"] == 0:
            raise RuntimeError

    with pytest.raises(RuntimeError):
        handler({**EVENT, "retryCount": 0}, None)
    handler({**EVENT, "retryCount": 1}, None)
    (agent,) = recording.snapshot("job-1")["agents"]
    assert (agent["status"], agent["attempt"]) == ("success", 2)


def test_the_keys_may_be_anywhere_in_the_event(recording: Recording) -> None:
    @status_handler("Geo Agent", job_id="detail.id", user_id="who", tenant_id="where", invocation_id="run")
    def handler(event: Any, context: Any) -> None:
        assert current_scope() is not None

    handler({"detail": {"id": "job-2"}, "who": "ana", "where": "city", "run": "run-7"}, None)
    assert {(s["jobId"], s["invocationId"], s["attempt"]) for s in recording} == {("job-2", "run-7", 1)}


def test_an_orchestrators_handler_may_be_the_whole_job(recording: Recording) -> None:
    @status_handler(ends_job=True, plan=["Geo Agent"])
    def handler(event: Any, context: Any) -> None:
        locate("elm street")

    handler(EVENT, None)
    assert recording.statuses() == [
        "loading_agents",
        "agent_invoking",
        "progress",
        "agent_complete",
        "complete",
    ]


@pytest.mark.parametrize("event", [None, [], {}, {**EVENT, "jobId": [7]}, {**EVENT, "userId": ""}])
def test_an_event_without_ids_is_handled_without_statuses(
    recording: Recording, caplog: pytest.LogCaptureFixture, event: Any
) -> None:
    @status_handler("Geo Agent")
    def handler(event: Any, context: Any) -> str:
        return "done"

    assert handler(event, None) == "done"
    assert len(recording) == 0
    assert "the event lacks an id" in caplog.text


@dataclass(frozen=True)
class Context:
    """Lambda's, with so many milliseconds left."""

    left: int

    def get_remaining_time_in_millis(self) -> int:
        return self.left


class FakeTimer:
    """Calls its function when a test says so."""

    made: ClassVar[list[FakeTimer]] = []

    def __init__(self, seconds: float, function: Callable[..., None], args: tuple[Any, ...]) -> None:
        self.seconds = seconds
        self.running = False
        self._call = partial(function, *args)
        self.made.append(self)

    def fire(self) -> None:
        self._call()

    def start(self) -> None:
        self.running = True

    def cancel(self) -> None:
        self.running = False


@pytest.fixture(autouse=True)
def _timer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decorators, "Timer", FakeTimer)
    FakeTimer.made.clear()


def test_agents_report_their_timeout_before_lambda_stops_them(recording: Recording) -> None:
    @status_handler("Geo Agent")
    def handler(event: Any, context: Any) -> None:
        scope = current_scope()
        assert scope is not None
        with scope.agent("Map Agent"):
            FakeTimer.made[0].fire()
            told_by_then.extend(recording.messages())

    told_by_then: list[str] = []
    handler(EVENT, Context(left=30_000))
    assert FakeTimer.made[0].seconds == 29.5
    assert told_by_then[2:] == ["Map Agent ran out of time", "Geo Agent ran out of time"]
    assert recording.statuses() == ["agent_invoking", "agent_invoking", "agent_error", "agent_error"]


def test_a_whole_job_is_also_reported_as_timed_out(recording: Recording) -> None:
    @status_handler(ends_job=True)
    def handler(event: Any, context: Any) -> None:
        FakeTimer.made[0].fire()

    handler(EVENT, Context(left=30_000))
    assert recording.statuses() == ["loading_agents", "error"]


def test_a_handler_that_ends_in_time_reports_no_timeout(recording: Recording) -> None:
    @status_handler("Geo Agent")
    def handler(event: Any, context: Any) -> None:
        assert FakeTimer.made[0].running

    handler(EVENT, Context(left=60_000))
    assert recording.statuses() == ["agent_invoking", "agent_complete"]
    assert not FakeTimer.made[0].running


@dataclass(frozen=True)
class StrangeContext:
    """A test double of somebody's, that knows no time."""

    answer: object

    def get_remaining_time_in_millis(self) -> object:
        return self.answer


@pytest.mark.parametrize("answer", [None, "soon", object()])
def test_a_context_that_knows_no_time_costs_the_handler_nothing(recording: Recording, answer: object) -> None:
    @status_handler("Geo Agent")
    def handler(event: Any, context: Any) -> str:
        return "done"

    assert handler(EVENT, StrangeContext(answer)) == "done"
    assert recording.statuses() == ["agent_invoking", "agent_complete"]


def sqs_event(count: object) -> dict[str, Any]:
    """A message of a queue as Lambda hands it over, with the ids beside it."""
    record = {"body": "{}", "attributes": {"ApproximateReceiveCount": count}}
    return {"jobId": "job-1", "userId": "ana", "tenantId": "city", "Records": [record]}


COUNTED: list[tuple[dict[str, Any], int | None]] = [
    ({**EVENT, "retryCount": 0}, 1),
    ({**EVENT, "retryCount": 2}, 3),
    ({**EVENT, "retryCount": "2"}, 3),  # a text, as JSONPath makes them
    ({**EVENT, "retryCount": None}, None),
    ({**EVENT, "retryCount": -1}, None),
    (sqs_event("1"), 1),
    (sqs_event("4"), 4),
    (sqs_event(4), 4),
    (sqs_event("often"), None),
    ({**sqs_event("4"), "retryCount": 0}, 1),  # what the event says itself
    ({**EVENT, "retryCount": None, "attributes": {"ApproximateReceiveCount": "2"}}, 2),  # one record
    ({**EVENT, "retryCount": None, "Records": []}, None),
    ({**EVENT, "retryCount": None, "Records": "none"}, None),
]


@pytest.mark.parametrize(("event", "attempt"), COUNTED)
def test_a_handler_that_ends_its_job_counts_the_jobs_attempts(
    recording: Recording, event: dict[str, Any], attempt: int | None
) -> None:
    @status_handler("Geo Agent", ends_job=True)
    def handler(event: Any, context: Any) -> None: ...

    handler(event, None)
    assert [status.get("attempt") for status in recording if "agentName" not in status] == [attempt] * 2
    assert [status["attempt"] for status in recording if "agentName" in status] == [attempt or 1] * 2
    assert ["run" in status.get("metadata", "") for status in recording] == [attempt is None] * 4


OWNER = {"jobId": "job-1", "userId": "ana", "tenantId": "city"}


class Record:
    """A message of a queue as Powertools hands it over."""

    attributes: ClassVar = {"approximate_receive_count": "4"}
    json_body = OWNER


@pytest.mark.parametrize(
    ("options", "call"),
    [
        (
            {"ids": lambda *_: {"job_id": "job-1", "user_id": "ana", "tenant_id": "city"}},
            lambda handler: handler(sqs_event("4"), None),
        ),
        ({}, lambda handler: handler(None, event=sqs_event("4"))),
        (
            {"job_id": "body.jobId", "user_id": "body.userId", "tenant_id": "body.tenantId"},
            lambda handler: handler(
                {"body": json.dumps(OWNER), "attributes": {"ApproximateReceiveCount": "4"}}
            ),
        ),
        (
            {"job_id": "jsonBody.jobId", "user_id": "jsonBody.userId", "tenant_id": "jsonBody.tenantId"},
            lambda handler: handler(Record()),
        ),
    ],
    ids=["ids=", "by name", "a text", "Powertools"],
)
def test_the_count_of_deliveries_is_found_wherever_the_message_is(
    recording: Recording, options: dict[str, Any], call: Callable[[Any], object]
) -> None:
    @status_handler("Geo Agent", ends_job=True, **options)
    def handler(*_: Any, **__: Any) -> None: ...

    call(handler)
    assert [status.get("attempt") for status in recording] == [4] * 4


def test_messages_of_a_queue_that_do_parts_of_a_job_are_invocations_of_their_own(
    recording: Recording,
) -> None:
    @status_handler("Geo Agent")
    def handler(event: Any, context: Any) -> None: ...

    handler(sqs_event("1"), None)
    handler(sqs_event("1"), None)
    assert len({status["invocationId"] for status in recording}) == 2
