"""AgentHandoffManager: the result of a call, its statuses, and its log lines."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

import pytest

from status_utils import (
    AgentHandoffManager,
    HandoffOutcome,
    MemoryTransport,
    TransportError,
    UnknownAgentError,
    current_scope,
    job,
    report_progress,
    report_tool,
)
from tests.unit.samples import StoppedClock
from tests.unit.status_utils.published import snapshot, statuses


@pytest.fixture
def transport() -> MemoryTransport:
    return MemoryTransport()


@pytest.fixture
def time() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def handoffs(transport: MemoryTransport, time: StoppedClock) -> AgentHandoffManager:
    return AgentHandoffManager("ana", "city", session_id="job-1", transport=transport, clock=time.clock())


def reported(transport: MemoryTransport) -> list[tuple[str, str]]:
    return [(update.status, update.message) for update in statuses(transport)]


async def never(context: Any) -> Any:
    await asyncio.Event().wait()


async def test_an_async_agent_is_called_and_its_call_reported(
    handoffs: AgentHandoffManager, transport: MemoryTransport, time: StoppedClock
) -> None:
    async def find(context: dict[str, str]) -> dict[str, str]:
        time.time += 1.25
        return {"street": context["text"]}

    handoffs.register("Geo Agent", find)
    assert await handoffs.call_agent("Geo Agent", {"text": "Elm"}) == {"street": "Elm"}
    assert reported(transport) == [
        ("agent_invoking", "Handing over to Geo Agent"),
        ("agent_complete", '{"street":"Elm"}'),
    ]
    (geo,) = snapshot(transport)["agents"]
    assert (geo["name"], geo["status"]) == ("Geo Agent", "success")
    (call,) = handoffs.execution_log
    assert (call.invocation_id, call.duration) == (geo["invocationId"], 1.25)


async def test_a_plain_function_runs_in_a_thread_of_its_own(handoffs: AgentHandoffManager) -> None:
    handoffs.register("Geo Agent", lambda context: threading.current_thread() is threading.main_thread())
    assert await handoffs.call_agent("Geo Agent", {}) is False


async def test_a_plain_function_that_answers_with_an_awaitable_is_awaited(
    handoffs: AgentHandoffManager,
) -> None:
    async def find(context: str, street: str) -> str:
        return f"{context} {street}".upper()

    handoffs.register("Geo Agent", lambda context: find(context, "street"))
    assert await handoffs.call_agent("Geo Agent", "elm") == "ELM STREET"


async def test_an_object_with_an_async_call_is_an_agent_too(handoffs: AgentHandoffManager) -> None:
    class Finder:
        async def __call__(self, context: str) -> str:
            return context.upper()

    handoffs.register("Geo Agent", Finder())
    assert await handoffs.call_agent("Geo Agent", "elm") == "ELM"


async def test_an_agents_exception_reaches_the_caller_and_its_text_nobody_else(
    handoffs: AgentHandoffManager, transport: MemoryTransport, caplog: pytest.LogCaptureFixture
) -> None:
    error = RuntimeError("password is hunter2")

    async def fail(context: Any) -> Any:
        raise error

    handoffs.register("Geo Agent", fail)
    with pytest.raises(RuntimeError) as raised:
        await handoffs.call_agent("Geo Agent", {})
    assert raised.value is error
    assert reported(transport)[-1] == ("agent_error", "Geo Agent failed")
    metadata = statuses(transport)[-1].metadata or {}
    assert metadata["outcome"] == "error"
    assert metadata["errorId"] in caplog.text
    assert "hunter2" not in str(transport.sent)


async def test_a_call_that_takes_too_long_is_reported_and_raises_timeout_error(
    handoffs: AgentHandoffManager, transport: MemoryTransport, caplog: pytest.LogCaptureFixture
) -> None:
    handoffs.register("Geo Agent", never)
    with pytest.raises(TimeoutError):
        await handoffs.call_agent("Geo Agent", {}, timeout=0.01)
    assert reported(transport)[-1] == ("agent_error", "Geo Agent did not answer within 0.01 s")
    metadata = statuses(transport)[-1].metadata or {}
    assert (metadata["outcome"], metadata["reason"]) == ("timeout", "timed out")
    assert metadata["errorId"] in caplog.text
    assert handoffs.execution_log[-1].outcome is HandoffOutcome.TIMEOUT


async def test_an_agents_own_timeout_error_is_an_error_of_the_agent(handoffs: AgentHandoffManager) -> None:
    async def fail(context: Any) -> Any:
        raise TimeoutError("the map did not answer")

    handoffs.register("Geo Agent", fail)
    with pytest.raises(TimeoutError, match="the map"):
        await handoffs.call_agent("Geo Agent", {})
    assert handoffs.execution_log[-1].outcome is HandoffOutcome.ERROR


async def test_a_call_that_its_caller_gives_up_is_reported_as_cancelled(
    handoffs: AgentHandoffManager, transport: MemoryTransport
) -> None:
    begun = asyncio.Event()

    async def wait(context: Any) -> Any:
        begun.set()
        await never(context)

    handoffs.register("Geo Agent", wait)
    call = asyncio.create_task(handoffs.call_agent("Geo Agent", {}))
    await begun.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert reported(transport)[-1] == ("cancelled", "Geo Agent was cancelled")
    assert handoffs.execution_log[-1].outcome is HandoffOutcome.CANCELLED


async def test_an_unknown_agent_is_the_callers_mistake_and_reports_nothing(
    handoffs: AgentHandoffManager, transport: MemoryTransport
) -> None:
    with pytest.raises(UnknownAgentError, match="no agent is registered as Geo Agent"):
        await handoffs.call_agent("Geo Agent", {})
    assert (transport.sent, handoffs.execution_log) == ([], ())


SUMMARIES: list[tuple[Any, str]] = [
    ("Found Elm Street", "Found Elm Street"),
    ({"summary": "Found it", "secret": "x"}, "Found it"),  # its own words go before its JSON
    ({"street": "Elm"}, '{"street":"Elm"}'),
    ("é" * 201, "é" * 199 + "…"),
    (None, "null"),
    ("", "Geo Agent"),  # a message is never empty
    ({"at": object()}, '{"at":"<object>"}'),
    ({(1, 2): 3}, '{"(1, 2)":3}'),
]


@pytest.mark.parametrize(("result", "summary"), SUMMARIES)
async def test_a_result_is_summed_up_in_200_characters(
    handoffs: AgentHandoffManager, transport: MemoryTransport, result: Any, summary: str
) -> None:
    handoffs.register("Geo Agent", lambda context: result)
    assert await handoffs.call_agent("Geo Agent", {}) is result
    assert reported(transport)[-1] == ("agent_complete", summary)


async def test_parallel_calls_of_one_agent_are_invocations_of_their_own(
    handoffs: AgentHandoffManager, transport: MemoryTransport
) -> None:
    both = asyncio.Barrier(2)

    async def echo(context: str) -> str:
        await both.wait()
        return context

    handoffs.register("Geo Agent", echo)
    calls = [handoffs.call_agent("Geo Agent", text) for text in ("elm", "oak")]
    assert await asyncio.gather(*calls) == ["elm", "oak"]
    seen = snapshot(transport)["agents"]
    assert sorted(agent["activity"] for agent in seen) == ["elm", "oak"]
    assert {agent["status"] for agent in seen} == {"success"}
    assert {call.invocation_id: call.summary for call in handoffs.execution_log} == {
        agent["invocationId"]: agent["activity"] for agent in seen
    }


async def test_the_session_of_a_call_overrides_the_managers(
    handoffs: AgentHandoffManager, transport: MemoryTransport
) -> None:
    handoffs.register("Geo Agent", str)
    await handoffs.call_agent("Geo Agent", 1, session_id="job-2")
    assert {update.job_id for update in statuses(transport)} == {"job-2"}
    assert handoffs.execution_log[-1].session_id == "job-2"


async def test_without_a_session_a_call_is_made_and_noted_but_not_reported(
    transport: MemoryTransport,
) -> None:
    handoffs = AgentHandoffManager("ana", "city", transport=transport)
    handoffs.register("Geo Agent", str)
    assert await handoffs.call_agent("Geo Agent", 7) == "7"
    assert transport.sent == []
    assert [(call.agent_name, call.outcome, call.summary) for call in handoffs.execution_log] == [
        ("Geo Agent", "success", "7")
    ]


async def test_an_agents_statuses_belong_to_its_call_in_any_thread(
    handoffs: AgentHandoffManager, transport: MemoryTransport
) -> None:
    def find(context: str) -> str:
        with report_tool("map", reason="Find Elm Street"):
            report_progress(0.5)
        return context

    handoffs.register("Geo Agent", find)
    await handoffs.call_agent("Geo Agent", "elm")
    (call,) = handoffs.execution_log
    assert [update.status for update in statuses(transport)] == [
        "agent_invoking",
        "calling_tool",
        "progress",
        "tool_complete",
        "agent_complete",
    ]
    assert {update.invocation_id for update in statuses(transport)} == {call.invocation_id}


async def test_an_agent_that_an_agent_calls_is_below_it(
    handoffs: AgentHandoffManager, transport: MemoryTransport
) -> None:
    async def ask(context: str) -> Any:
        return await handoffs.call_agent("Street Agent", context)

    handoffs.register("Geo Agent", ask)
    handoffs.register("Street Agent", str)
    assert await handoffs.call_agent("Geo Agent", "elm") == "elm"
    street, geo = (call.invocation_id for call in handoffs.execution_log)
    parents = {update.invocation_id: update.parent_invocation_id for update in statuses(transport)}
    assert parents == {geo: None, street: geo}


async def test_a_call_inside_a_scope_is_below_it_and_needs_no_session(transport: MemoryTransport) -> None:
    handoffs = AgentHandoffManager("ana", "city")
    handoffs.register("Geo Agent", str)
    async with (
        job(job_id="job-7", user_id="ana", tenant_id="city", transport=transport) as j,
        j.agent("Orchestrator") as orchestrator,
        orchestrator.tool("hand over"),
    ):
        await handoffs.call_agent("Geo Agent", "elm")
    (call,) = handoffs.execution_log
    assert call.session_id == "job-7"
    (geo,) = {u.parent_invocation_id for u in statuses(transport) if u.invocation_id == call.invocation_id}
    assert geo == orchestrator.invocation_id
    assert [update.status for update in statuses(transport)][-1] == "complete"


async def test_the_log_keeps_the_last_calls_only() -> None:
    handoffs = AgentHandoffManager("ana", "city", log_size=2)
    handoffs.register("Geo Agent", str)
    for number in range(3):
        await handoffs.call_agent("Geo Agent", number)
    assert [call.summary for call in handoffs.execution_log] == ["1", "2"]


async def test_a_dead_backend_costs_the_call_nothing_and_gets_its_statuses_later() -> None:
    class DeadTransport(MemoryTransport):
        dead = True

        def send(self, payload: Mapping[str, Any]) -> None:
            if self.dead:
                raise TransportError("nobody answers", code="EndpointConnectionError", retriable=True)
            super().send(payload)

    transport = DeadTransport()
    handoffs = AgentHandoffManager("ana", "city", session_id="job-1", transport=transport)
    handoffs.register("Geo Agent", str)
    assert await handoffs.call_agent("Geo Agent", 7) == "7"
    assert transport.sent == []
    transport.dead = False
    assert reported(transport)[-1] == ("agent_complete", "7")


async def test_agents_that_never_return_delay_neither_others_nor_reports(
    handoffs: AgentHandoffManager, transport: MemoryTransport
) -> None:
    release = threading.Event()
    handoffs.register("Stuck Agent", lambda context: release.wait(60))
    handoffs.register("Geo Agent", str)
    stuck = [asyncio.create_task(handoffs.call_agent("Stuck Agent", {}, timeout=None)) for _ in range(50)]
    try:
        assert await handoffs.call_agent("Geo Agent", 7) == "7"
    finally:
        release.set()
    assert await asyncio.gather(*stuck) == [True] * 50


async def test_a_call_that_is_cancelled_before_its_start_report_is_reported_as_cancelled() -> None:
    class SlowTransport(MemoryTransport):
        def send(self, payload: Mapping[str, Any]) -> None:
            asked.set()
            assert release.wait(60)
            super().send(payload)

    asked, release = threading.Event(), threading.Event()
    transport = SlowTransport()
    handoffs = AgentHandoffManager("ana", "city", session_id="job-1", transport=transport)
    handoffs.register("Geo Agent", never)
    call = asyncio.create_task(handoffs.call_agent("Geo Agent", {}))
    await asyncio.to_thread(asked.wait, 60)
    call.cancel()
    release.set()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert sorted(word for word, _ in reported(transport)) == ["agent_invoking", "cancelled"]


async def test_an_agent_that_raises_stop_iteration_does_not_hold_its_caller_up(
    handoffs: AgentHandoffManager,
) -> None:
    handoffs.register("Geo Agent", lambda context: next(iter(())))
    with pytest.raises(RuntimeError, match="StopIteration"):
        await handoffs.call_agent("Geo Agent", {})


async def test_without_arguments_calls_belong_to_the_scope_that_they_are_made_in(
    transport: MemoryTransport,
) -> None:
    handoffs = AgentHandoffManager()
    handoffs.register("Geo Agent", str.upper)
    assert await handoffs.call_agent("Geo Agent", "elm") == "ELM"  # nobody's job: nothing to report
    async with job(job_id="job-1", user_id="ana", tenant_id="city", transport=transport):
        assert await handoffs.call_agent("Geo Agent", "elm") == "ELM"
    assert [call.session_id for call in handoffs.execution_log] == [None, "job-1"]
    assert snapshot(transport)["agents"][0]["status"] == "success"


async def test_a_session_of_no_known_user_is_recorded_only(transport: MemoryTransport) -> None:
    handoffs = AgentHandoffManager(transport=transport)
    handoffs.register("Geo Agent", str.upper)
    assert await handoffs.call_agent("Geo Agent", "elm", session_id="job-1") == "ELM"
    assert (len(handoffs.execution_log), transport.sent) == (1, [])


async def test_the_environment_names_the_user_of_a_session(
    transport: MemoryTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATUS_USER_ID", "ben")
    monkeypatch.setenv("STATUS_TENANT_ID", "county")
    handoffs = AgentHandoffManager(transport=transport)
    handoffs.register("Geo Agent", str.upper)
    await handoffs.call_agent("Geo Agent", "elm", session_id="job-1")
    assert {(u.user_id, u.tenant_id) for u in statuses(transport)} == {("ben", "county")}


async def test_an_unknown_agent_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="no agent is registered as Geo Agent"):
        await AgentHandoffManager().call_agent("Geo Agent", {})


def pages(context: Any) -> Iterator[int]:
    for page in range(3):
        report_progress(page / 3)
        if context == "fails" and page == 2:
            raise RuntimeError("hunter2")
        yield page


async def pages_soon(context: Any) -> AsyncIterator[int]:
    for page in pages(context):
        await asyncio.sleep(0)
        yield page


async def returns_pages(context: Any) -> AsyncIterator[int]:
    return pages_soon(context)


async def all_of(stream: Any) -> list[int]:
    return [page async for page in stream] if hasattr(stream, "__aiter__") else list(stream)


STREAMS = [pages, pages_soon, returns_pages, partial(returns_pages), partial(pages)]


@pytest.mark.parametrize("agent", STREAMS)
@pytest.mark.parametrize("session_id", ["job-1", None])
async def test_a_call_whose_agent_streams_ends_with_the_stream(
    transport: MemoryTransport, time: StoppedClock, agent: Any, session_id: str | None
) -> None:
    handoffs = AgentHandoffManager("ana", "city", transport=transport, clock=time.clock())
    handoffs.register("Geo Agent", agent)
    stream = await handoffs.call_agent("Geo Agent", {}, session_id=session_id)
    assert [word for word, _ in reported(transport)] == (["agent_invoking"] if session_id else [])
    assert current_scope() is None
    assert not handoffs.execution_log
    time.time += 2.5
    assert await all_of(stream) == [0, 1, 2]
    assert [word for word, _ in reported(transport)][-1:] == (["agent_complete"] if session_id else [])
    (entry,) = handoffs.execution_log
    assert (entry.outcome, entry.duration) == (HandoffOutcome.SUCCESS, 2.5)


async def test_a_calls_stream_that_fails_or_is_abandoned_is_reported_as_such(
    handoffs: AgentHandoffManager, transport: MemoryTransport
) -> None:
    handoffs.register("Geo Agent", pages_soon)
    with pytest.raises(RuntimeError, match="hunter2"):
        await all_of(await handoffs.call_agent("Geo Agent", "fails"))
    stream = await handoffs.call_agent("Geo Agent", {})
    await anext(stream)
    await stream.aclose()
    outcomes = [entry.outcome for entry in handoffs.execution_log]
    assert outcomes == [HandoffOutcome.ERROR, HandoffOutcome.ERROR]
    assert [word for word, _ in reported(transport)].count("agent_error") == 2
    assert (statuses(transport)[-1].metadata or {}).get("reason") == "was stopped"
    assert "hunter2" not in str(transport.sent)


async def test_a_call_whose_agent_answers_with_a_future_of_a_thread_waits_for_it(
    handoffs: AgentHandoffManager,
) -> None:
    with ThreadPoolExecutor(1) as pool:
        handoffs.register("Geo Agent", lambda context: pool.submit(str.upper, context))
        assert await handoffs.call_agent("Geo Agent", "elm") == "ELM"


@pytest.mark.parametrize("in_job", [False, True])
async def test_a_retried_call_is_the_same_invocation_in_any_process(
    transport: MemoryTransport, in_job: bool
) -> None:
    async def call(attempt: int) -> str:
        handoffs = AgentHandoffManager("ana", "city", session_id="job-1", transport=transport)
        handoffs.register("Geo Agent", str)
        await handoffs.call_agent("Geo Agent", "elm", attempt=attempt)
        await handoffs.call_agent("Geo Agent", "oak", attempt=attempt)
        first, second = (call.invocation_id for call in handoffs.execution_log)
        assert first != second
        return first

    async with AsyncExitStack() as stack:
        if in_job:
            for attempt in (1, 2):
                j = job(job_id="job-1", user_id="ana", tenant_id="city", transport=transport, attempt=attempt)
                await stack.enter_async_context(j)
                assert await call(attempt) == "job-1-geo_agent"
        else:
            assert [await call(attempt) for attempt in (1, 2)] == ["job-1-geo_agent"] * 2
    told = {(u.invocation_id, u.attempt) for u in statuses(transport) if u.agent_name}
    assert told == {(f"job-1-geo_agent{n}", attempt) for n in ("", "-2") for attempt in (1, 2)}


async def test_a_call_in_a_job_that_counts_attempts_counts_with_it(transport: MemoryTransport) -> None:
    handoffs = AgentHandoffManager("ana", "city", transport=transport)
    handoffs.register("Geo Agent", str)
    async with job(job_id="job-1", user_id="ana", tenant_id="city", transport=transport, attempt=3):
        await handoffs.call_agent("Geo Agent", "elm")
    told = {(u.invocation_id, u.attempt) for u in statuses(transport) if u.agent_name}
    assert told == {("job-1-geo_agent", 3)}
