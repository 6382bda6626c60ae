"""What one framework has and the others have not: graphs, hand-overs, streams, interrupts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from typing import Any

import agents
import httpx2
import pytest
from agents import Agent as OpenAIAgent
from agents import ModelSettings, OpenAIResponsesModel, RunConfig, Runner
from langchain.agents import create_agent
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool as langchain_tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import Command, interrupt
from openai import AsyncOpenAI
from pydantic_ai import DeferredToolRequests
from pydantic_ai.exceptions import ApprovalRequired
from strands.multiagent import GraphBuilder, Swarm

from status_utils import JobScope, MemoryTransport, job, report_progress
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
    FUNCTIONS,
    GEO,
    STREET,
    ScriptedAgent,
    Step,
    canonical,
    work,
)
from tests.unit.status_utils.published import snapshot

FAILING = ScriptedAgent("Failing Agent", (Step(error="no model"),))


@pytest.fixture
def transport() -> MemoryTransport:
    return MemoryTransport()


@pytest.fixture
def scope(transport: MemoryTransport) -> Iterator[JobScope]:
    with job(job_id="job-1", user_id="ana", tenant_id="city", transport=transport) as scope:
        yield scope


@pytest.fixture
def tracing() -> Iterator[StatusTracing]:
    tracing = StatusTracing()
    agents.set_trace_processors([tracing])
    yield tracing
    agents.set_trace_processors([])


def reported(transport: MemoryTransport) -> list[tuple[str, str | None]]:
    return [(update.status, update.agent_name) for update in work(transport)]


def parents(transport: MemoryTransport) -> dict[str | None, str | None]:
    names = {update.invocation_id: update.agent_name for update in work(transport)}
    return {u.agent_name: names.get(u.parent_invocation_id) for u in work(transport)}


# --- Streams ------------------------------------------------------------------------------------------------

LOOKS_UP = ScriptedAgent("Geo Agent", (Step(("lookup",)), Step(say="Elm Street")), functions=("lookup",))
STREAMED = [
    ("agent_invoking", "Geo Agent"),
    ("calling_tool", "Geo Agent"),
    ("progress", "Geo Agent"),
    ("tool_complete", "Geo Agent"),
    ("agent_complete", "Geo Agent"),
]

Stream = Callable[[], AsyncIterator[object]]


def strands_stream() -> AsyncIterator[object]:
    return scripted_strands.build(LOOKS_UP, FUNCTIONS, StatusHooks()).stream_async("Where?")


def langgraph_stream() -> AsyncIterator[object]:
    config = {"callbacks": [StatusCallbacks()]}
    stream: AsyncIterator[object] = scripted_langchain.build(LOOKS_UP, FUNCTIONS).astream(
        question(), config=config
    )
    return stream


async def openai_stream() -> AsyncIterator[object]:
    agent = scripted_openai_agents.build(LOOKS_UP, FUNCTIONS)
    usage = RunConfig(model_settings=ModelSettings(include_usage=True))
    run = Runner.run_streamed(agent, "Where?", run_config=usage)
    try:
        async for event in run.stream_events():
            yield event
    finally:
        run.cancel()


async def pydantic_stream() -> AsyncIterator[object]:
    agent = scripted_pydantic_ai.build(LOOKS_UP, FUNCTIONS, StatusCapability())
    async with agent.iter("Where?") as run:
        async for node in run:
            yield node


STREAMS = [strands_stream, langgraph_stream, openai_stream, pydantic_stream]


@pytest.mark.usefixtures("scope", "tracing")
@pytest.mark.parametrize("stream", STREAMS)
async def test_a_run_that_is_streamed_reports_alike(transport: MemoryTransport, stream: Stream) -> None:
    async for _ in stream():
        pass
    assert reported(transport) == STREAMED
    assert canonical(transport)["Geo Agent", None, None][-1] == ("agent_complete", 1, 20, 10)


LEFT = [
    # A framework whose run is another task cancels it; the others close the generator.
    (strands_stream, "agent_error"),
    (langgraph_stream, "agent_error"),
    (openai_stream, "cancelled"),
    (pydantic_stream, "cancelled"),
]


@pytest.mark.usefixtures("scope", "tracing")
@pytest.mark.parametrize(("stream", "end"), LEFT)
async def test_a_stream_that_its_reader_leaves_ends_its_run_badly(
    transport: MemoryTransport, stream: Stream, end: str
) -> None:
    async with aclosing(stream()) as events:  # type: ignore[type-var]  # generators, all of them
        async for _ in events:
            if reported(transport):
                break
    for _ in range(1_000):
        if len(reported(transport)) > 1:
            break
        await asyncio.sleep(0.01)
    assert (reported(transport)[0], reported(transport)[-1]) == (STREAMED[0], (end, "Geo Agent"))


# --- Strands ------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("scope")
def test_the_agents_of_a_strands_graph_need_no_line_of_their_own(transport: MemoryTransport) -> None:
    builder = GraphBuilder()
    builder.add_node(scripted_strands.build(GEO, FUNCTIONS), "geo")
    builder.add_node(scripted_strands.build(STREET, FUNCTIONS), "street")
    builder.add_edge("geo", "street")
    builder.set_hook_providers([StatusHooks()]).set_max_node_executions(5)
    builder.build()("Where?")
    assert [name for word, name in reported(transport) if word == "agent_complete"] == [
        "Street Agent",  # Geo Agent's tool
        "Geo Agent",
        "Street Agent",
    ]


@pytest.mark.usefixtures("scope")
def test_a_failing_node_of_a_strands_graph_is_told(transport: MemoryTransport) -> None:
    builder = GraphBuilder()
    builder.add_node(scripted_strands.build(FAILING, FUNCTIONS), "failing")
    builder.set_hook_providers([StatusHooks()]).set_max_node_executions(5)
    with pytest.raises(RuntimeError, match="no model"):
        builder.build()("Where?")
    assert reported(transport) == [("agent_invoking", "Failing Agent"), ("agent_error", "Failing Agent")]


@pytest.mark.usefixtures("scope")
def test_a_graph_within_a_strands_graph_reports_too(transport: MemoryTransport) -> None:
    inner = GraphBuilder()
    inner.add_node(scripted_strands.build(STREET, FUNCTIONS), "street")
    outer = GraphBuilder()
    outer.add_node(inner.set_max_node_executions(5).build(), "inner")
    outer.set_hook_providers([StatusHooks()]).set_max_node_executions(5)
    outer.build()("Where?")
    assert reported(transport) == [("agent_invoking", "Street Agent"), ("agent_complete", "Street Agent")]


@pytest.mark.usefixtures("scope")
def test_the_agents_of_a_strands_swarm_need_no_line_of_their_own(transport: MemoryTransport) -> None:
    Swarm([scripted_strands.build(STREET, FUNCTIONS)], hooks=[StatusHooks()])("Where?")
    assert reported(transport) == [("agent_invoking", "Street Agent"), ("agent_complete", "Street Agent")]


@pytest.mark.usefixtures("scope")
def test_a_strands_agent_with_hooks_twice_says_everything_once(transport: MemoryTransport) -> None:
    street = scripted_strands.build(STREET, FUNCTIONS, StatusHooks(), StatusHooks())
    street("Where?")
    assert reported(transport) == [("agent_invoking", "Street Agent"), ("agent_complete", "Street Agent")]


@pytest.mark.usefixtures("scope")
def test_a_strands_agent_that_a_function_calls_is_below_the_one_that_called_it(
    transport: MemoryTransport,
) -> None:
    hooks = StatusHooks()
    street = scripted_strands.build(STREET, FUNCTIONS, hooks)

    def lookup(text: str) -> str:
        """Look up a street."""
        return str(street(text))

    script = ScriptedAgent("Geo Agent", (Step(("lookup",)), Step(say="Elm")), functions=("lookup",))
    scripted_strands.build(script, {"lookup": lookup}, hooks)("Where?")
    assert parents(transport) == {"Geo Agent": None, "Street Agent": "Geo Agent"}


# --- LangChain ----------------------------------------------------------------------------------------------


def question() -> Any:
    return {"messages": [("user", "Where?")]}


@pytest.mark.usefixtures("scope")
def test_nodes_of_a_langgraph_graph_are_agents_when_they_are_named(transport: MemoryTransport) -> None:
    def locate(state: MessagesState) -> Any:
        report_progress(0.5, "Half of the map")
        return {"messages": []}

    graph = StateGraph(MessagesState)
    graph.add_node("locate", locate)
    graph.add_node("other", lambda state: {"messages": []})
    graph.add_node("street", scripted_langchain.build(STREET, FUNCTIONS))
    graph.add_edge(START, "locate")
    graph.add_edge("locate", "other")
    graph.add_edge("other", "street")
    graph.add_edge("street", END)
    callbacks = StatusCallbacks(agents=["locate"])
    graph.compile(name="Finder").invoke(question(), config={"callbacks": [callbacks]})
    assert parents(transport) == {"Finder": None, "locate": "Finder", "Street Agent": "Finder"}
    assert ("progress", "locate") in reported(transport)
    assert {word for word, _ in reported(transport)} == {"agent_invoking", "progress", "agent_complete"}


@pytest.mark.usefixtures("scope")
def test_an_interrupt_of_langgraph_is_no_failure(transport: MemoryTransport) -> None:
    @langchain_tool
    def lookup(text: str) -> str:
        """Look up a street."""
        return str(interrupt("May I?"))

    script = [Step(("lookup",)), Step(say="Elm")]
    agent: Any = create_agent(
        scripted_langchain.ScriptedModel(steps=script),
        tools=[lookup],
        name="Geo Agent",
        checkpointer=InMemorySaver(),
    )
    config = {"callbacks": [StatusCallbacks()], "configurable": {"thread_id": "1"}}
    agent.invoke(question(), config=config)
    assert "agent_error" not in dict(reported(transport))
    agent.invoke(Command(resume="yes"), config=config)
    assert not {"agent_error", "tool_error"} & {word for word, _ in reported(transport)}


@pytest.mark.usefixtures("scope")
def test_tokens_of_a_model_that_a_tool_calls_are_its_agents(transport: MemoryTransport) -> None:
    def lookup(text: str) -> str:
        return str(scripted_langchain.ScriptedModel(steps=[Step(say="Elm")]).invoke(text).content)

    script = ScriptedAgent("Geo Agent", (Step(("lookup",)), Step(say="Elm")), functions=("lookup",))
    agent = scripted_langchain.build(script, {"lookup": lookup})
    agent.invoke(question(), config={"callbacks": [StatusCallbacks()]})
    assert canonical(transport)["Geo Agent", None, None][-1] == ("agent_complete", 1, 30, 15)


@pytest.mark.usefixtures("scope")
def test_a_chain_without_a_name_is_reported_under_langchains(transport: MemoryTransport) -> None:
    chain = RunnableLambda(lambda text: text).with_config(run_name="Echo")
    assert chain.invoke("elm", config={"callbacks": [StatusCallbacks()]}) == "elm"
    assert reported(transport) == [("agent_invoking", "Echo"), ("agent_complete", "Echo")]


# --- OpenAI Agents ------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("scope", "tracing")
async def test_a_handover_of_openai_agents_ends_one_agent_and_begins_the_other(
    transport: MemoryTransport,
) -> None:
    street = scripted_openai_agents.build(STREET, FUNCTIONS)
    triage = OpenAIAgent(
        name="Triage Agent",
        model=scripted_openai_agents.scripted_model((Step(("transfer_to_street_agent",)),)),
        handoffs=[street],
    )
    assert (await Runner.run(triage, "Where?")).final_output == "Elm"
    assert reported(transport) == [
        ("agent_invoking", "Triage Agent"),
        ("agent_complete", "Triage Agent"),
        ("agent_invoking", "Street Agent"),
        ("agent_complete", "Street Agent"),
    ]
    assert parents(transport) == {"Triage Agent": None, "Street Agent": None}


@pytest.mark.usefixtures("scope", "tracing")
async def test_a_run_of_openai_agents_without_tracing_reports_nothing(transport: MemoryTransport) -> None:
    street = scripted_openai_agents.build(STREET, FUNCTIONS)
    await Runner.run(street, "Where?", run_config=RunConfig(tracing_disabled=True))
    assert reported(transport) == []


@pytest.mark.usefixtures("scope", "tracing")
async def test_tokens_of_the_responses_api_are_counted_without_sensitive_data(
    transport: MemoryTransport,
) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, json=RESPONSE)

    client = AsyncOpenAI(
        api_key="test", http_client=httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
    )
    agent = OpenAIAgent(name="Street Agent", model=OpenAIResponsesModel("scripted", openai_client=client))
    await Runner.run(agent, "Where?", run_config=RunConfig(trace_include_sensitive_data=False))
    (street,) = snapshot(transport)["agents"]
    assert street["tokenUsage"] == {"inputTokens": 10, "outputTokens": 5, "totalTokens": 15}


RESPONSE = {
    "id": "response",
    "object": "response",
    "created_at": 0,
    "model": "scripted",
    "status": "completed",
    "output": [
        {
            "id": "message",
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "Elm", "annotations": []}],
        }
    ],
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
    "usage": {
        "input_tokens": 10,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": 5,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 15,
    },
}


# --- Pydantic AI --------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("scope")
async def test_a_tool_of_pydantic_ai_that_waits_for_approval_is_no_failure(
    transport: MemoryTransport,
) -> None:
    script = ScriptedAgent("Geo Agent", (Step(("lookup",)),), functions=())
    agent: Any = scripted_pydantic_ai.build(script, {}, StatusCapability())

    def lookup(text: str) -> str:
        raise ApprovalRequired

    agent.tool_plain(lookup)
    result = await agent.run("Where?", output_type=[str, DeferredToolRequests])
    assert isinstance(result.output, DeferredToolRequests)
    assert reported(transport)[-1] == ("agent_complete", "Geo Agent")
    assert "tool_error" not in dict(reported(transport))
