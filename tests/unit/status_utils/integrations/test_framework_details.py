"""Features of single frameworks: graphs, hand-overs, streams."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, suppress
from typing import Any

import agents
import httpx2
import pytest
from agents import Agent as OpenAIAgent
from agents import ModelSettings, OpenAIResponsesModel, RunConfig, Runner
from langchain.agents import create_agent
from langchain_core.runnables import RunnableLambda
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import RetryPolicy
from openai import AsyncOpenAI
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
async def test_a_run_that_is_streamed_reports_equally(transport: MemoryTransport, stream: Stream) -> None:
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
def test_a_failing_node_of_a_strands_graph_is_reported(transport: MemoryTransport) -> None:
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
def test_a_strands_agent_with_hooks_twice_reports_everything_once(transport: MemoryTransport) -> None:
    hooks = StatusHooks()
    street = scripted_strands.build(STREET, FUNCTIONS, hooks, hooks, StatusHooks())
    street("Where?")
    assert canonical(transport)["Street Agent", None, None] == [
        ("agent_invoking", 1, None, None),
        ("agent_complete", 1, 10, 5),
    ]


def test_a_strands_agent_that_gets_hooks_in_each_call_of_a_warm_handler_reports_to_the_current_job() -> None:
    agent = scripted_strands.build(ScriptedAgent("Street Agent", (Step(say="Elm"),) * 3), FUNCTIONS)
    for number in range(3):
        transport = MemoryTransport()
        with job(job_id=f"job-{number}", user_id="ana", tenant_id="city", transport=transport) as scope:
            agent.hooks.add_hook(StatusHooks(scope))
            agent("Where?")
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
def test_tokens_of_a_model_that_a_tool_calls_are_its_agents(transport: MemoryTransport) -> None:
    def lookup(text: str) -> str:
        return str(scripted_langchain.ScriptedModel(steps=[Step(say="Elm")]).invoke(text).content)

    script = ScriptedAgent("Geo Agent", (Step(("lookup",)), Step(say="Elm")), functions=("lookup",))
    agent = scripted_langchain.build(script, {"lookup": lookup})
    agent.invoke(question(), config={"callbacks": [StatusCallbacks()]})
    assert canonical(transport)["Geo Agent", None, None][-1] == ("agent_complete", 1, 30, 15)


def failing_first(times: int) -> Callable[[Any], Any]:
    """Fails so often before it succeeds."""
    left = [None] * times

    def locate(state: Any) -> Any:
        if left:
            left.pop()
            raise ConnectionError("no map")
        return {"messages": []}

    return locate


@pytest.mark.usefixtures("scope")
def test_the_attempts_of_a_retry_policy_are_attempts_of_one_invocation(transport: MemoryTransport) -> None:
    graph = StateGraph(MessagesState)
    policy = RetryPolicy(max_attempts=3, initial_interval=0, jitter=False)
    locate: Any = failing_first(2)
    graph.add_node("locate", locate, retry_policy=policy)
    graph.add_edge(START, "locate")
    graph.add_edge("locate", END)
    finder = graph.compile(name="Finder")
    for _ in range(2):  # the second run of the graph is another one
        finder.invoke(question(), config={"callbacks": [StatusCallbacks(agents=["locate"])]})
    seen = [(u.status, u.attempt) for u in work(transport) if u.agent_name == "locate"]
    assert seen == [
        ("agent_invoking", 1),
        ("agent_error", 1),
        ("agent_invoking", 2),
        ("agent_error", 2),
        ("agent_invoking", 3),
        ("agent_complete", 3),
        ("agent_invoking", 1),
        ("agent_complete", 1),
    ]
    assert len({u.invocation_id for u in work(transport) if u.agent_name == "locate"}) == 2


@pytest.mark.usefixtures("scope")
def test_an_agent_in_a_node_that_is_tried_again_is_tried_again(transport: MemoryTransport) -> None:
    steps = [Step(error="no model"), Step(say="Elm")]
    street = create_agent(scripted_langchain.ScriptedModel(steps=steps), tools=[], name="Street Agent")
    graph = StateGraph(MessagesState)
    policy = RetryPolicy(max_attempts=2, initial_interval=0, jitter=False, retry_on=RuntimeError)
    graph.add_node("street", street, retry_policy=policy)
    graph.add_edge(START, "street")
    graph.add_edge("street", END)
    graph.compile(name="Finder").invoke(question(), config={"callbacks": [StatusCallbacks()]})
    (found,) = [a for a in snapshot(transport)["agents"] if a["name"] == "Street Agent"]
    assert (found["status"], found["attempt"]) == ("success", 2)


@pytest.mark.usefixtures("scope")
def test_the_attempts_of_a_runnable_with_retry_are_attempts_of_one_invocation(
    transport: MemoryTransport,
) -> None:
    locate = RunnableLambda(failing_first(1), name="locate").with_retry(wait_exponential_jitter=False)
    chain = (RunnableLambda(lambda state: state) | locate).with_config(run_name="Finder")
    chain.invoke("elm", config={"callbacks": [StatusCallbacks(agents=["locate"])]})
    seen = [(u.status, u.attempt) for u in work(transport) if u.agent_name == "locate"]
    assert seen == [
        ("agent_invoking", 1),  # the runnable around them, which LangChain gives the same name
        ("agent_invoking", 1),
        ("agent_error", 1),
        ("agent_invoking", 2),
        ("agent_complete", 2),
        ("agent_complete", 1),
    ]


@pytest.mark.usefixtures("scope")
def test_calls_of_an_agent_that_fail_one_after_the_other_are_invocations_of_their_own(
    transport: MemoryTransport,
) -> None:
    def lookup(text: str) -> str:
        for _ in range(2):
            with suppress(RuntimeError):
                scripted_langchain.build(FAILING, FUNCTIONS).invoke(question())
        return "nothing"

    script = ScriptedAgent("Geo Agent", (Step(("lookup",)), Step(say="Elm")), functions=("lookup",))
    agent = scripted_langchain.build(script, {"lookup": lookup})
    agent.invoke(question(), config={"callbacks": [StatusCallbacks()]})
    failed = [update for update in work(transport) if update.agent_name == "Failing Agent"]
    assert len({update.invocation_id for update in failed}) == 2
    assert {update.attempt for update in failed} == {1}


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
        return httpx2.Response(200, json={**scripted_openai_agents.RESPONSE, "usage": RESPONSES_USAGE})

    client = AsyncOpenAI(
        api_key="test", http_client=httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
    )
    agent = OpenAIAgent(name="Street Agent", model=OpenAIResponsesModel("scripted", openai_client=client))
    await Runner.run(agent, "Where?", run_config=RunConfig(trace_include_sensitive_data=False))
    (street,) = snapshot(transport)["agents"]
    assert street["tokenUsage"] == {"inputTokens": 10, "outputTokens": 5, "totalTokens": 15}


RESPONSES_USAGE = {
    "input_tokens": 10,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": 5,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 15,
}
