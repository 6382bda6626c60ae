"""Handlers of every kind with every kind of event: the place of their ids, and the end of their job."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any
from unittest.mock import MagicMock

import attrs
import pytest
from pydantic import BaseModel, Field

from status_utils import current_scope, report_progress, status_handler
from status_utils.testing import Recording, recorded

EVENT = {"jobId": "job-1", "userId": "ana", "tenantId": "city", "retryCount": 1}
WHOLE = ["loading_agents", "agent_invoking", "progress", "agent_complete", "complete"]


@pytest.fixture
def recording() -> Iterator[Recording]:
    with recorded() as found:
        yield found


# --- streams ------------------------------------------------------------------------------------------------

streams = status_handler("Geo Agent", ends_job=True)


def words_of(event: Any) -> Generator[str, None, None]:
    report_progress(0.5)
    yield "Elm"
    if event.get("fails"):
        raise RuntimeError("hunter2")
    yield "Street"


async def words_soon(event: Any) -> AsyncIterator[str]:
    for word in words_of(event):
        await asyncio.sleep(0)
        yield word


@streams
def stream(event: Any, context: Any = None) -> Generator[str, None, None]:
    yield from words_of(event)


@streams
async def stream_soon(event: Any, context: Any = None) -> AsyncIterator[str]:
    async for word in words_soon(event):
        yield word


def test_a_handler_that_streams_is_complete_when_its_stream_is(recording: Recording) -> None:
    words = stream(EVENT)
    assert next(words) == "Elm"
    assert current_scope() is None
    assert recording.statuses() == WHOLE[:3]
    assert list(words) == ["Street"]
    assert recording.statuses() == WHOLE


async def test_a_handler_that_streams_asynchronously_is_complete_when_its_stream_is(
    recording: Recording,
) -> None:
    words = stream_soon(EVENT)
    assert await anext(words) == "Elm"
    assert current_scope() is None
    assert recording.statuses() == WHOLE[:3]
    assert [word async for word in words] == ["Street"]
    assert recording.statuses() == WHOLE


async def test_a_stream_that_fails_or_is_left_ends_its_job_badly(recording: Recording) -> None:
    with pytest.raises(RuntimeError, match="hunter2"):
        list(stream({**EVENT, "fails": True}))
    assert recording.statuses()[-2:] == ["agent_error", "error"]
    words = stream_soon({**EVENT, "jobId": "job-2"})
    await anext(words)
    await words.aclose()  # type: ignore[attr-defined]  # a generator
    assert recording.statuses()[-2:] == ["agent_error", "error"]
    assert recording.messages()[-2:] == ["Geo Agent was stopped", "The job was stopped"]


async def test_a_coroutine_handler_that_returns_a_stream_is_complete_when_that_is(
    recording: Recording,
) -> None:
    @streams
    async def handler(event: Any) -> AsyncIterator[str]:
        return words_soon(event)

    words = await handler(EVENT)
    assert "complete" not in recording.statuses()
    assert [word async for word in words] == ["Elm", "Street"]
    assert recording.statuses() == WHOLE


# --- events -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class DataEvent:
    """An event with names in Python's style."""

    job_id: str = "job-1"
    user_id: str = "ana"
    tenant_id: str = "city"
    retry_count: int = 1


class ModelEvent(BaseModel):
    """An event whose names on the wire are others."""

    job: str = Field(alias="jobId")
    user_id: str = Field(validation_alias="userId")
    tenantId: str  # noqa: N815 - as on the wire
    retry_count: int = 1


@attrs.frozen
class AttrsEvent:
    """An event of attrs."""

    job_id: str = "job-1"
    user_id: str = "ana"
    tenant_id: str = "city"
    retry_count: int = 1


class Handlers:
    """A class with a handler."""

    @status_handler("Geo Agent")
    def handle(self, event: Any) -> str:
        report_progress(0.5)
        return "done"


@status_handler("Geo Agent")
def one_argument(event: Any) -> str:
    report_progress(0.5)
    return "done"


@status_handler("Geo Agent")
def by_keyword(*, event: Any, context: Any = None) -> str:
    report_progress(0.5)
    return "done"


@status_handler("Geo Agent")
def of_ids(job_id: str, user_id: str, tenant_id: str, retry_count: int = 0) -> str:
    report_progress(0.5)
    return "done"


@status_handler("Geo Agent")
def context_first(context: Any, event: Any) -> str:
    report_progress(0.5)
    return "done"


@status_handler("Geo Agent")
def of_anything(*args: Any, **kwargs: Any) -> str:
    report_progress(0.5)
    return "done"


MODEL = ModelEvent(jobId="job-1", userId="ana", tenantId="city")  # type: ignore[call-arg]  # by alias
CALLS: dict[str, Callable[[], str]] = {
    "one argument": lambda: one_argument(EVENT),
    "one argument by its name": lambda: one_argument(event=EVENT),
    "keywords only": lambda: by_keyword(context=None, event=EVENT),
    "a dataclass": lambda: one_argument(DataEvent()),
    "a pydantic model": lambda: one_argument(MODEL),
    "attrs": lambda: one_argument(AttrsEvent()),
    "a JSON text": lambda: one_argument(json.dumps(EVENT)),
    "JSON bytes": lambda: one_argument(json.dumps(EVENT).encode()),
    "ids as arguments": lambda: of_ids("job-1", "ana", "city", 1),
    "ids as keywords": lambda: of_ids(job_id="job-1", user_id="ana", tenant_id="city", retry_count=1),
    "any keywords": lambda: of_anything(jobId="job-1", userId="ana", tenantId="city", retryCount="1"),
    "a context first": lambda: context_first(MagicMock(), EVENT),
    "a method": lambda: Handlers().handle(EVENT),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=list(CALLS))
def test_the_ids_are_found_in_whatever_a_handler_is_called_with(
    recording: Recording, call: Callable[[], str]
) -> None:
    assert call() == "done"
    assert recording.statuses() == ["agent_invoking", "progress", "agent_complete"]
    found = {(s["jobId"], s["userId"], s["tenantId"], s["attempt"]) for s in recording}
    assert found == {("job-1", "ana", "city", 2)}


SQS = {"Records": [{"messageId": "m-1", "body": json.dumps({"detail": json.dumps(EVENT)})}]}


def test_a_path_goes_through_lists_and_json_texts(recording: Recording) -> None:
    at = "Records.0.body.detail"

    @status_handler(
        "Geo Agent", job_id=f"{at}.jobId", user_id=f"{at}.userId", tenant_id=f"{at}.tenantId", retry_count=at
    )
    def handler(event: Any, context: Any) -> str:
        return "done"

    assert handler(SQS, None) == "done"
    assert {(s["jobId"], s["userId"], s["tenantId"]) for s in recording} == {("job-1", "ana", "city")}


def test_a_custom_function_finds_the_ids(recording: Recording) -> None:
    def ids(event: Any, context: Any) -> dict[str, Any]:
        body = json.loads(json.loads(event["Records"][0]["body"])["detail"])
        return {"job_id": body["jobId"], "user_id": "ana", "tenant_id": "city", "attempt": 3}

    @status_handler("Geo Agent", ids=ids)
    def handler(event: Any, context: Any) -> str:
        return "done"

    assert handler(SQS, None) == "done"
    assert {(s["jobId"], s["userId"], s["attempt"]) for s in recording} == {("job-1", "ana", 3)}


def no_ids(*_: Any) -> None:
    """For events that belong to no job."""


def raising_ids(*_: Any) -> dict[str, Any]:
    raise KeyError("Records")


@pytest.mark.parametrize("ids", [no_ids, raising_ids, lambda *_: {"job_id": "job-1"}, lambda *_: 7])
def test_a_handler_whose_ids_are_not_found_runs_without_statuses(recording: Recording, ids: Any) -> None:
    @status_handler("Geo Agent", ids=ids)
    def handler(event: Any, context: Any) -> str:
        return "done"

    assert handler(SQS, None) == "done"
    assert len(recording) == 0


class Hostile:
    """An event that answers nothing."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)


BAD_EVENTS = [
    {"Records": []},
    {"Records": [{"body": "no JSON"}]},
    {"Records": "7"},
    Hostile(),
    MagicMock(),
    "no JSON",
    b"\xff",
    7,
    "[" * 100_000,
]


@pytest.mark.parametrize("event", BAD_EVENTS, ids=range(len(BAD_EVENTS)))
@pytest.mark.parametrize("path", ["jobId", "Records.0.body.jobId", "Records.body.jobId", ""])
def test_an_event_that_is_something_else_is_handled_without_statuses(
    recording: Recording, event: Any, path: str
) -> None:
    @status_handler("Geo Agent", job_id=path)
    def handler(event: Any) -> str:
        return "done"

    assert handler(event) == "done"
    assert len(recording) == 0
