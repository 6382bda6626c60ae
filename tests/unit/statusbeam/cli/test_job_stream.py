"""Following jobs over a connection that loses pushes: the log has the missing statuses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from typing import Any

import pytest

from statusbeam.cli.job_stream import POLL_SECONDS, JobIdleError, JobStream
from statusbeam.client.job_log import JobLog


class LostError(Exception):
    """The network broke."""


class DeniedError(Exception):
    """The service refused."""


def status_of(sequence: int, **more: Any) -> dict[str, Any]:
    return {"jobId": "job-1", "sequence": sequence, "status": "note", "message": f"status {sequence}", **more}


class Service:
    """A job's log, and connections that play a script: statuses to push, words to write, breaks."""

    def __init__(self, *connections: list[Any]) -> None:
        self.log: list[dict[str, Any]] = []
        self.connections = list(connections)
        self.failing_pages = 0
        self.opened = 0

    def write(self, *words: str) -> None:
        for word in words:
            self.log.append(status_of(len(self.log) + 1, status=word))

    async def pushes(self) -> AsyncGenerator[Mapping[str, Any] | None, None]:
        self.opened += 1
        yield None
        for item in self.connections.pop(0) if self.connections else []:
            await asyncio.sleep(0)
            if isinstance(item, Exception):
                raise item
            if isinstance(item, tuple):
                self.write(*item)
            else:
                yield item
        await asyncio.Event().wait()

    async def page(self, job_id: str, after: int) -> Mapping[str, Any]:
        if self.failing_pages:
            self.failing_pages -= 1
            raise LostError
        return {
            "updates": self.log[after : after + 2],
            "currentSequence": len(self.log),
            "nextAfterSequence": min(after + 2, len(self.log)),
            "recovered": True,
        }


async def sleep(seconds: float) -> None:
    """No time passes, but the slow poll never runs."""
    if seconds == POLL_SECONDS:
        await asyncio.Event().wait()
    await asyncio.sleep(0)


async def followed(service: Service, **more: Any) -> list[int]:
    """The sequences that are shown, in the order they are shown."""
    log = JobLog("job-1")
    shown: list[int] = []
    async with JobStream(service.pushes, service.page, retriable=(LostError,), sleep=sleep, **more) as stream:
        async for statuses in stream.follow(log):
            shown += [status["sequence"] for status in statuses]
    return shown


async def test_job_that_has_ended_is_read_from_the_log() -> None:
    service = Service()
    service.write("loading_agents", "validating", "synthesizing", "note", "complete")
    assert await followed(service) == [1, 2, 3, 4, 5]


async def test_pushes_are_shown_as_they_come() -> None:
    service = Service([status_of(1), status_of(2), status_of(3, status="complete")])
    assert await followed(service) == [1, 2, 3]


async def test_lost_reordered_and_repeated_pushes_are_completed_from_the_log() -> None:
    written = ("note", "note", "note", "note", "note", "complete")
    last = status_of(6, status="complete")
    service = Service([status_of(4), written, status_of(2), status_of(2), last])
    assert await followed(service) == [1, 2, 3, 4, 5, 6]


async def test_broken_connection_is_opened_again_and_what_was_missed_is_read() -> None:
    service = Service([status_of(1), ("note", "note", "complete"), LostError()], [])
    assert await followed(service) == [1, 2, 3]
    assert service.opened == 2


async def test_log_that_does_not_answer_is_asked_again() -> None:
    service = Service()
    service.write("note", "complete")
    service.failing_pages = 1
    assert await followed(service) == [1, 2]


async def test_final_status_of_an_agent_after_the_end_is_waited_for() -> None:
    run = {"agentName": "Geo Agent", "invocationId": "job-1-geo", "attempt": 1}
    service = Service(
        [
            status_of(1, status="agent_invoking", **run),
            status_of(2, status="complete"),
            status_of(3, status="agent_complete", **run),
        ]
    )
    assert await followed(service) == [1, 2, 3]


async def test_agent_that_stops_reporting_is_not_waited_for_long() -> None:
    run = {"agentName": "Geo Agent", "invocationId": "job-1-geo", "attempt": 1}
    service = Service([status_of(1, status="agent_invoking", **run), status_of(2, status="complete")])
    assert await followed(service, late_status_seconds=0.01) == [1, 2]


async def test_denied_subscription_ends_the_following() -> None:
    service = Service([DeniedError()])
    with pytest.raises(DeniedError):
        await followed(service)


async def test_job_that_reports_no_status_ends_in_an_error() -> None:
    with pytest.raises(JobIdleError):
        await followed(Service(), idle_timeout_seconds=0.01)


async def test_idle_job_is_announced_at_every_poll() -> None:
    idle_calls: list[int] = []
    polls = 3

    async def poll(seconds: float) -> None:
        nonlocal polls
        if seconds != POLL_SECONDS or not polls:
            await asyncio.Event().wait()
        polls -= 1
        await asyncio.sleep(0)

    service, log = Service(), JobLog("job-1")
    service.write("note")
    with pytest.raises(JobIdleError):
        async with JobStream(
            service.pushes, service.page, retriable=(LostError,), sleep=poll, idle_timeout_seconds=0.2
        ) as stream:
            async for _ in stream.follow(log, on_idle=lambda: idle_calls.append(log.contiguous)):
                pass
    assert idle_calls
    assert set(idle_calls) == {1}


async def test_two_jobs_are_followed_one_after_the_other_over_one_connection() -> None:
    other = {"jobId": "job-2"}
    service = Service(
        [status_of(1), status_of(1, status="complete", **other), status_of(2, status="complete")]
    )
    log = JobLog("job-1")
    async with JobStream(service.pushes, service.page, retriable=(LostError,), sleep=sleep) as stream:
        first = [status async for statuses in stream.follow(log) for status in statuses]
        service.log = [status_of(1, status="complete", **other)]
        second = [s async for statuses in stream.follow(JobLog("job-2")) for s in statuses]
    assert [status["jobId"] for status in [*first, *second]] == ["job-1", "job-1", "job-2"]
    assert service.opened == 1


async def test_a_stream_ends_also_when_the_connection_breaks_at_that_moment() -> None:
    opened: list[str] = []

    async def breaks_when_cancelled() -> AsyncGenerator[Mapping[str, Any] | None, None]:
        opened.append("a connection")
        yield None
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if len(opened) > 1:
                raise
            raise LostError from None

    async with (
        asyncio.timeout(60),
        JobStream(breaks_when_cancelled, Service().page, retriable=(LostError,), sleep=sleep),
    ):
        while not opened:
            await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert opened == ["a connection"]


async def test_a_stream_ends_also_when_its_connection_loses_the_cancellation() -> None:
    opened: list[str] = []

    async def loses_one() -> AsyncGenerator[Mapping[str, Any] | None, None]:
        opened.append("a connection")
        yield None
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        opened.append("and goes on")
        await asyncio.Event().wait()

    async with (
        asyncio.timeout(60),
        JobStream(loses_one, Service().page, retriable=(LostError,), sleep=sleep, cancel_again_seconds=0.01),
    ):
        while not opened:
            await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert opened == ["a connection", "and goes on"]
