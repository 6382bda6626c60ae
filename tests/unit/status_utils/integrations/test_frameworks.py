"""Four frameworks, one script, the same statuses: the real frameworks, with models that are scripts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import agents
import pytest

from status_utils import MemoryTransport, job
from status_utils.integrations.langchain import StatusCallbacks
from status_utils.integrations.openai_agents import StatusTracing
from status_utils.integrations.pydantic_ai import StatusCapability
from status_utils.integrations.strands import StatusHooks
from tests.unit.status_utils.integrations import (
    scripted_langchain,
    scripted_openai_agents,
    scripted_pydantic_ai,
    scripted_strands,
)
from tests.unit.status_utils.integrations.agent_script import (
    CRASHING,
    FUNCTIONS,
    GEO,
    ORCHESTRATOR,
    SECRET,
    Meeting,
    canonical,
    lookup,
    work,
)
from tests.unit.status_utils.published import snapshot


@dataclass(frozen=True, slots=True)
class Framework:
    """A framework's way to run a script, and the adapter that is the user's one line."""

    adapter: Callable[[], Any]
    run: Callable[..., str]
    run_async: Callable[..., Awaitable[str]]


FRAMEWORKS = {
    "strands": Framework(StatusHooks, scripted_strands.run, scripted_strands.run_async),
    "langchain": Framework(StatusCallbacks, scripted_langchain.run, scripted_langchain.run_async),
    "openai-agents": Framework(StatusTracing, scripted_openai_agents.run, scripted_openai_agents.run_async),
    "pydantic-ai": Framework(StatusCapability, scripted_pydantic_ai.run, scripted_pydantic_ai.run_async),
}

# (word, attempt, tokens in, tokens out): the run's total so far, with everything that is said of it.
EXPECTED = {
    ("Orchestrator", None, None): [("agent_invoking", 1, None, None), ("agent_complete", 1, 30, 15)],
    ("Orchestrator", None, "geo"): [("calling_tool", 1, 10, 5), ("tool_complete", 1, 10, 5)],
    ("Orchestrator", None, "category"): [("calling_tool", 1, 10, 5), ("tool_complete", 1, 10, 5)],
    ("Orchestrator", None, "review"): [("calling_tool", 1, 20, 10), ("tool_error", 1, 20, 10)],
    ("Geo Agent", "Orchestrator", None): [
        ("agent_invoking", 1, None, None),
        ("agent_complete", 1, 30, 15),
    ],
    ("Geo Agent", "Orchestrator", "street"): [("calling_tool", 1, 10, 5), ("tool_complete", 1, 10, 5)],
    ("Geo Agent", "Orchestrator", "lookup"): [
        ("calling_tool", 1, 20, 10),
        ("progress", 1, 20, 10),
        ("tool_complete", 1, 20, 10),
    ],
    ("Street Agent", "Geo Agent", None): [("agent_invoking", 1, None, None), ("agent_complete", 1, 10, 5)],
    ("Category Agent", "Orchestrator", None): [
        ("agent_invoking", 1, None, None),
        ("agent_complete", 1, 20, 10),
    ],
    ("Category Agent", "Orchestrator", "classify"): [("calling_tool", 1, 10, 5), ("tool_error", 1, 10, 5)],
    ("Review Agent", "Orchestrator", None): [
        ("agent_invoking", 1, None, None),
        ("agent_error", 1, None, None),
    ],
}

# Of a run alone, in this order; what may come at the same time is left out.
IN_ORDER = [
    ("agent_invoking", "Orchestrator", None),
    ("calling_tool", "Orchestrator", "geo"),
    ("agent_invoking", "Geo Agent", None),
    ("calling_tool", "Geo Agent", "street"),
    ("agent_invoking", "Street Agent", None),
    ("agent_complete", "Street Agent", None),
    ("tool_complete", "Geo Agent", "street"),
    ("calling_tool", "Geo Agent", "lookup"),
    ("progress", "Geo Agent", "lookup"),
    ("tool_complete", "Geo Agent", "lookup"),
    ("agent_complete", "Geo Agent", None),
    ("tool_complete", "Orchestrator", "geo"),
    ("calling_tool", "Orchestrator", "review"),
    ("agent_invoking", "Review Agent", None),
    ("agent_error", "Review Agent", None),
    ("tool_error", "Orchestrator", "review"),
    ("agent_complete", "Orchestrator", None),
]


@pytest.fixture(params=FRAMEWORKS.values(), ids=list(FRAMEWORKS))
def framework(request: pytest.FixtureRequest) -> Framework:
    found: Framework = request.param
    return found


@pytest.fixture
def adapter(framework: Framework) -> Iterator[Any]:
    """The framework's adapter. OpenAI's own trace processor makes way for it: nothing leaves the machine."""
    adapter = framework.adapter()
    agents.set_trace_processors([adapter] if isinstance(adapter, StatusTracing) else [])
    yield adapter
    agents.set_trace_processors([])


@pytest.fixture
def transport() -> MemoryTransport:
    return MemoryTransport()


def in_job(transport: MemoryTransport, number: int = 1) -> Any:
    return job(job_id=f"job-{number}", user_id="ana", tenant_id="city", transport=transport)


def in_order(transport: MemoryTransport) -> list[tuple[str, str | None, str | None]]:
    seen = [(update.status, update.agent_name, update.tool_name) for update in work(transport)]
    return [status for status in seen if status in IN_ORDER]


def test_a_plain_run_is_reported_equally(
    framework: Framework, adapter: Any, transport: MemoryTransport
) -> None:
    with in_job(transport):
        assert framework.run(ORCHESTRATOR, adapter) == "done"
    told = canonical(transport)
    assert {key: told[key] for key in told if key[0]} == EXPECTED
    assert in_order(transport) == IN_ORDER
    assert SECRET not in str(transport.sent)
    assert snapshot(transport)["overallStatus"] == "completed"
    assert snapshot(transport)["totalTokenUsage"] == {
        "inputTokens": 90,
        "outputTokens": 45,
        "totalTokens": 135,
    }


async def test_an_async_run_with_two_agents_at_once_is_reported_equally(
    framework: Framework, adapter: Any, transport: MemoryTransport
) -> None:
    meeting = Meeting(2)
    functions = {"lookup": meeting.lookup, "classify": meeting.classify}
    async with in_job(transport):
        assert await framework.run_async(ORCHESTRATOR, adapter, functions) == "done"
    told = canonical(transport)
    assert {key: told[key] for key in told if key[0]} == EXPECTED
    assert in_order(transport) == IN_ORDER


async def test_runs_of_several_jobs_at_once_are_not_mixed_up(framework: Framework, adapter: Any) -> None:
    meeting = Meeting(8)  # both agents of all four jobs
    functions = {"lookup": meeting.lookup, "classify": meeting.classify}

    async def one(number: int) -> MemoryTransport:
        transport = MemoryTransport()
        async with in_job(transport, number):
            await framework.run_async(ORCHESTRATOR, adapter, functions)
        return transport

    for transport in await asyncio.gather(*(one(number) for number in range(4))):
        told = canonical(transport)
        assert {key: told[key] for key in told if key[0]} == EXPECTED


def test_runs_in_several_threads_are_not_mixed_up(framework: Framework, adapter: Any) -> None:
    def one(number: int) -> MemoryTransport:
        transport = MemoryTransport()
        with in_job(transport, number):
            framework.run(ORCHESTRATOR, adapter)
        return transport

    with ThreadPoolExecutor(4) as pool:
        for transport in pool.map(one, range(4)):
            told = canonical(transport)
            assert {key: told[key] for key in told if key[0]} == EXPECTED


def test_a_failure_of_the_outermost_agent_reaches_the_caller_and_is_reported(
    framework: Framework, adapter: Any, transport: MemoryTransport
) -> None:
    with pytest.raises(Exception, match="hunter2"), in_job(transport):
        framework.run(CRASHING, adapter)
    told = canonical(transport)
    assert told["Orchestrator", None, None] == [("agent_invoking", 1, None, None), ("agent_error", 1, 10, 5)]
    assert [update.message for update in work(transport)][-1] == "Orchestrator failed"
    assert SECRET not in str(transport.sent)
    assert snapshot(transport)["overallStatus"] == "failed"


def test_a_run_inside_an_except_block_is_not_mistaken_for_failed(
    framework: Framework, adapter: Any, transport: MemoryTransport
) -> None:
    with in_job(transport):
        try:
            int("elm")
        except ValueError:
            framework.run(ORCHESTRATOR, adapter)
    told = canonical(transport)
    assert {key: told[key] for key in told if key[0]} == EXPECTED


def test_outside_of_a_job_nothing_is_reported_and_everything_works(
    framework: Framework, adapter: Any
) -> None:
    assert framework.run(ORCHESTRATOR, adapter) == "done"


async def test_a_cancelled_run_is_reported_as_cancelled(
    framework: Framework, adapter: Any, transport: MemoryTransport
) -> None:
    begun, never = asyncio.Event(), asyncio.Event()

    async def lookup(text: str) -> str:
        """Look up a street."""
        begun.set()
        await never.wait()
        return text

    async def whole() -> None:
        async with in_job(transport):
            await framework.run_async(CRASHING, adapter, {**FUNCTIONS, "lookup": lookup})

    task = asyncio.create_task(whole())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    told = canonical(transport)
    assert [status for status, *_ in told["Orchestrator", None, None]] == ["agent_invoking", "cancelled"]


async def strands_twice() -> str:
    return str(await scripted_strands.build(GEO, FUNCTIONS, StatusHooks(), StatusHooks()).invoke_async("?"))


async def langchain_twice() -> str:
    agent = scripted_langchain.build(GEO, FUNCTIONS).with_config({"callbacks": [StatusCallbacks()]})
    question: Any = {"messages": [("user", "Where?")]}
    twice = StatusCallbacks()
    answer = await agent.ainvoke(question, config={"callbacks": [twice, twice]})
    return str(answer["messages"][-1].content)


async def openai_twice() -> str:
    for _ in range(3):  # as in a handler of a warm Lambda
        agents.add_trace_processor(StatusTracing())
    return await scripted_openai_agents.run_async(GEO, None, FUNCTIONS)


async def pydantic_twice() -> str:
    capability = StatusCapability()
    agent = scripted_pydantic_ai.build(GEO, {"lookup": lookup}, capability)
    return (await agent.run("Where?", capabilities=[capability, StatusCapability()])).output


TWICE = [strands_twice, langchain_twice, openai_twice, pydantic_twice]


@pytest.mark.parametrize("run", TWICE)
async def test_an_adapter_that_is_registered_twice_reports_everything_once(
    transport: MemoryTransport, run: Callable[[], Awaitable[str]]
) -> None:
    agents.set_trace_processors([])
    async with in_job(transport):
        assert (await run()).strip() == "Elm Street"
    agents.set_trace_processors([])
    told = canonical(transport)
    assert told["Geo Agent", None, None] == [("agent_invoking", 1, None, None), ("agent_complete", 1, 30, 15)]
    assert len(told["Geo Agent", None, "lookup"]) == 3
    assert [word for word, *_ in told["Street Agent", "Geo Agent", None]] == [
        "agent_invoking",
        "agent_complete",
    ]


class BrokenJob:
    """A scope of somebody else's with a mistake in it."""

    parent = None

    def agent(self, name: str) -> Any:
        raise ZeroDivisionError


def test_a_mistake_in_reporting_never_reaches_the_framework(framework: Framework) -> None:
    adapter = type(framework.adapter())(BrokenJob())
    agents.set_trace_processors([adapter] if isinstance(adapter, StatusTracing) else [])
    assert framework.run(ORCHESTRATOR, adapter) == "done"
    agents.set_trace_processors([])
