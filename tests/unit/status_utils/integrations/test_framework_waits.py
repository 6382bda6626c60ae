"""Four frameworks, runs that wait for a person and are resumed: one invocation, not complete in between."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import agents
import pytest
from agents import ModelSettings, RunConfig, Runner, function_tool
from agents.run_state import RunState
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.tools import tool as langchain_tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import Command, interrupt
from pydantic_ai import DeferredToolRequests, DeferredToolResults, RunContext
from pydantic_ai.exceptions import ApprovalRequired, CallDeferred
from pydantic_ai.messages import ModelMessagesTypeAdapter
from pydantic_core import to_jsonable_python
from strands import Agent as StrandsAgent
from strands import tool as strands_tool
from strands.hooks import BeforeToolCallEvent, HookProvider, HookRegistry
from strands.types.tools import ToolContext

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
from tests.unit.status_utils.integrations.agent_script import ScriptedAgent, Step, work
from tests.unit.status_utils.published import statuses

STEPS = (Step(("lookup",)), Step(say="Elm Street"))
QUESTION: Any = {"messages": [("user", "Where?")]}

Resume = Callable[[], Awaitable[object]]


@pytest.fixture
def transport() -> MemoryTransport:
    return MemoryTransport()


@pytest.fixture(autouse=True)
def _tracing() -> Iterator[None]:
    agents.set_trace_processors([StatusTracing()])
    yield
    agents.set_trace_processors([])


@asynccontextmanager
async def in_job(transport: MemoryTransport) -> AsyncIterator[None]:
    async with job(job_id="job-1", user_id="ana", tenant_id="city", transport=transport):
        yield


def told(transport: MemoryTransport) -> list[tuple[str, str | None, str | None]]:
    return [(update.status, update.agent_name, update.tool_name) for update in work(transport)]


async def langgraph_interrupt() -> Resume:
    @langchain_tool
    def lookup(text: str) -> str:
        """Look up a street."""
        return str(interrupt("May I?"))

    model = scripted_langchain.ScriptedModel(steps=list(STEPS))
    agent: Any = create_agent(model, tools=[lookup], name="Geo Agent", checkpointer=InMemorySaver())

    def config() -> Any:
        return {"callbacks": [StatusCallbacks()], "configurable": {"thread_id": "thread-1"}}

    await agent.ainvoke(QUESTION, config=config())
    return lambda: agent.ainvoke(Command(resume="yes"), config=config())


async def langchain_approval() -> Resume:
    @langchain_tool
    def lookup(text: str) -> str:
        """Look up a street."""
        return text

    agent: Any = create_agent(
        scripted_langchain.ScriptedModel(steps=list(STEPS)),
        tools=[lookup],
        name="Geo Agent",
        checkpointer=InMemorySaver(),
        middleware=[HumanInTheLoopMiddleware(interrupt_on={"lookup": True})],
    )

    def config() -> Any:
        return {"callbacks": [StatusCallbacks()], "configurable": {"thread_id": "thread-1"}}

    await agent.ainvoke(QUESTION, config=config())
    decision = {"decisions": [{"type": "approve"}]}
    return lambda: agent.ainvoke(Command(resume=decision), config=config())


async def openai_approval() -> Resume:
    @function_tool(needs_approval=True)
    def lookup(text: str) -> str:
        """Look up a street."""
        return text.upper()

    agent = agents.Agent(name="Geo Agent", model=scripted_openai_agents.scripted_model(STEPS), tools=[lookup])
    result = await Runner.run(agent, "Where?")
    state = await RunState.from_string(agent, result.to_state().to_string())
    for item in state.get_interruptions():
        state.approve(item)
    return lambda: Runner.run(agent, state)


async def openai_streamed_approval() -> Resume:
    @function_tool(needs_approval=True)
    def lookup(text: str) -> str:
        """Look up a street."""
        return text.upper()

    agent = agents.Agent(name="Geo Agent", model=scripted_openai_agents.scripted_model(STEPS), tools=[lookup])
    with_usage = RunConfig(model_settings=ModelSettings(include_usage=True))
    result = Runner.run_streamed(agent, "Where?", run_config=with_usage)
    async for _ in result.stream_events():
        pass
    state = result.to_state()
    for item in result.interruptions:
        state.approve(item)

    async def resume() -> None:
        async for _ in Runner.run_streamed(agent, state, run_config=with_usage).stream_events():
            pass

    return resume


async def pydantic_approval() -> Resume:
    def lookup(ctx: RunContext[None], text: str) -> str:
        if not ctx.tool_call_approved:
            raise ApprovalRequired
        return text

    agent: Any = scripted_pydantic_ai.build(ScriptedAgent("Geo Agent", STEPS), {}, StatusCapability())
    agent.tool(lookup)
    output = [str, DeferredToolRequests]
    result = await agent.run("Where?", output_type=output)
    kept = to_jsonable_python(result.all_messages())  # as in another process
    answers = DeferredToolResults(approvals={call.tool_call_id: True for call in result.output.approvals})
    return lambda: agent.run(
        message_history=ModelMessagesTypeAdapter.validate_python(kept),
        deferred_tool_results=answers,
        output_type=output,
    )


async def pydantic_deferred() -> Resume:
    def lookup(text: str) -> str:
        raise CallDeferred

    agent: Any = scripted_pydantic_ai.build(ScriptedAgent("Geo Agent", STEPS), {}, StatusCapability())
    agent.tool_plain(lookup)
    output = [str, DeferredToolRequests]
    result = await agent.run("Where?", output_type=output)
    answers = DeferredToolResults(calls={call.tool_call_id: "Elm" for call in result.output.calls})
    return lambda: agent.run(
        message_history=result.all_messages(), deferred_tool_results=answers, output_type=output
    )


class AsksBefore(HookProvider):
    """Interrupts the run before each tool."""

    def register_hooks(self, registry: HookRegistry, **kwargs: Any) -> None:
        registry.add_callback(BeforeToolCallEvent, self.ask)

    def ask(self, event: BeforeToolCallEvent) -> None:
        event.interrupt("permission", reason="May I?")


def interrupted_before_its_tool() -> StrandsAgent:
    @strands_tool
    def lookup(text: str) -> str:
        """Look up a street."""
        return text

    return StrandsAgent(
        name="Geo Agent",
        model=scripted_strands.ScriptedModel(STEPS),
        tools=[lookup],
        hooks=[StatusHooks(), AsksBefore()],
        callback_handler=None,
    )


async def strands_hook_interrupt() -> Resume:
    agent = interrupted_before_its_tool()
    result = await agent.invoke_async("Where?")
    answers: Any = [
        {"interruptResponse": {"interruptId": found.id, "response": "yes"}}
        for found in result.interrupts or ()
    ]
    return lambda: agent.invoke_async(answers)


async def strands_tool_interrupt() -> Resume:
    @strands_tool(context=True)
    def lookup(text: str, tool_context: ToolContext) -> str:
        """Look up a street."""
        return str(tool_context.interrupt("permission", reason="May I?"))

    agent = StrandsAgent(
        name="Geo Agent",
        model=scripted_strands.ScriptedModel(STEPS),
        tools=[lookup],
        hooks=[StatusHooks()],
        callback_handler=None,
    )
    result = await agent.invoke_async("Where?")
    answers: Any = [
        {"interruptResponse": {"interruptId": found.id, "response": "yes"}}
        for found in result.interrupts or ()
    ]
    return lambda: agent.invoke_async(answers)


WAITS = [
    (langgraph_interrupt, "input", "May I?"),
    (langchain_approval, "approval", "Approve lookup"),
    (openai_approval, "approval", "Approve lookup"),
    (openai_streamed_approval, "approval", "Approve lookup"),
    (pydantic_approval, "approval", "Approve lookup"),
    (pydantic_deferred, "result", "Waiting for the result of lookup"),
    (strands_hook_interrupt, "input", "May I?"),
    (strands_tool_interrupt, "input", "May I?"),
]
SCRIPTS = pytest.mark.parametrize(("ask", "for_", "prompt"), WAITS, ids=[row[0].__name__ for row in WAITS])


@SCRIPTS
async def test_a_run_that_waits_for_a_person_is_waiting_and_not_complete(
    transport: MemoryTransport, ask: Callable[[], Awaitable[Resume]], for_: str, prompt: str
) -> None:
    async with in_job(transport):
        await ask()
    words = [word for word, _, _ in told(transport)]
    assert words[-1] == "waiting"
    assert words.count("waiting") == 1
    assert not {"agent_complete", "agent_error", "tool_complete", "tool_error"} & set(words)
    assert (work(transport)[-1].metadata or {})["waiting"] == {"for": for_, "prompt": prompt}
    assert statuses(transport)[-1].status == "waiting", "nor is the job complete"


@SCRIPTS
async def test_resuming_a_waiting_run_continues_the_same_invocation(
    transport: MemoryTransport, ask: Callable[[], Awaitable[Resume]], for_: str, prompt: str
) -> None:
    async with in_job(transport):
        resume = await ask()
    async with in_job(transport):
        await resume()
    assert {update.invocation_id for update in work(transport)} == {work(transport)[0].invocation_id}
    words = [word for word, _, _ in told(transport)]
    after = words[words.index("waiting") + 1 :]
    assert (after[0], after[-1]) == ("agent_invoking", "agent_complete")
    assert not {"tool_error", "agent_error", "waiting"} & set(after)
    usage = (work(transport)[-1].metadata or {})["tokenUsage"]
    assert (usage["inputTokens"], usage["outputTokens"]) == (20, 10), "of both runs together"
    assert statuses(transport)[-1].status == "complete"


@SCRIPTS
async def test_a_run_that_is_resumed_within_the_same_job_scope_lets_the_job_complete(
    transport: MemoryTransport, ask: Callable[[], Awaitable[Resume]], for_: str, prompt: str
) -> None:
    async with in_job(transport):
        await (await ask())()
    assert statuses(transport)[-1].status == "complete"


async def test_a_question_instead_of_an_answer_ends_what_waited(transport: MemoryTransport) -> None:
    @langchain_tool
    def lookup(text: str) -> str:
        """Look up a street."""
        return str(interrupt("May I?"))

    steps = [STEPS[0], Step(say="Hello")]
    agent: Any = create_agent(
        scripted_langchain.ScriptedModel(steps=steps),
        tools=[lookup],
        name="Geo Agent",
        checkpointer=InMemorySaver(),
    )
    config: Any = {"callbacks": [StatusCallbacks()], "configurable": {"thread_id": "another"}}
    async with in_job(transport):
        await agent.ainvoke(QUESTION, config=config)
        await agent.ainvoke(QUESTION, config=config)
    first = work(transport)[0].invocation_id
    assert len({update.invocation_id for update in work(transport)}) == 2
    assert [u.status for u in work(transport) if u.invocation_id == first][-2:] == ["waiting", "agent_error"]
    assert statuses(transport)[-1].status == "complete"


async def test_a_breakpoint_of_a_graph_is_a_wait_of_the_graph(transport: MemoryTransport) -> None:
    graph = StateGraph(MessagesState)
    graph.add_node("locate", lambda state: {"messages": []})
    graph.add_edge(START, "locate")
    graph.add_edge("locate", END)
    finder = graph.compile(name="Finder", checkpointer=InMemorySaver(), interrupt_before=["locate"])
    config: Any = {"callbacks": [StatusCallbacks()], "configurable": {"thread_id": "breakpoint"}}
    async with in_job(transport):
        await finder.ainvoke(QUESTION, config=config)
        assert told(transport)[-1] == ("waiting", "Finder", None)
        await finder.ainvoke(None, config=config)
    assert [word for word, _, _ in told(transport)] == [
        "agent_invoking",
        "waiting",
        "agent_invoking",
        "agent_complete",
    ]


async def test_an_agent_below_the_one_that_was_asked_waits_with_it(transport: MemoryTransport) -> None:
    @langchain_tool
    def lookup(text: str) -> str:
        """Look up a street."""
        return str(interrupt("May I?"))

    street = create_agent(
        scripted_langchain.ScriptedModel(steps=list(STEPS)), tools=[lookup], name="Street Agent"
    )
    graph = StateGraph(MessagesState)
    graph.add_node("street", street)
    graph.add_edge(START, "street")
    graph.add_edge("street", END)
    finder = graph.compile(name="Finder", checkpointer=InMemorySaver())
    config: Any = {"callbacks": [StatusCallbacks()], "configurable": {"thread_id": "nested"}}
    async with in_job(transport):
        await finder.ainvoke(QUESTION, config=config)
        waiting = [(update.status, update.agent_name) for update in work(transport)][-2:]
        assert waiting == [("waiting", "Street Agent"), ("waiting", "Finder")]
        await finder.ainvoke(Command(resume="yes"), config=config)
    assert len({update.invocation_id for update in work(transport)}) == 2
    ends = [(word, name) for word, name, _ in told(transport) if word == "agent_complete"]
    assert ends == [("agent_complete", "Street Agent"), ("agent_complete", "Finder")]
    assert statuses(transport)[-1].status == "complete"


async def test_a_tool_that_strands_interrupted_is_closed_with_its_run(transport: MemoryTransport) -> None:
    agent = interrupted_before_its_tool()
    async with in_job(transport):
        await agent.invoke_async("Where?")
        assert told(transport)[-1] == ("waiting", "Geo Agent", "lookup")
    async with in_job(transport):
        street = scripted_strands.build(ScriptedAgent("Street Agent", (Step(say="Elm"),)), {}, StatusHooks())
        await street.invoke_async("Where?")
    assert told(transport)[-2:] == [
        ("agent_invoking", "Street Agent", None),
        ("agent_complete", "Street Agent", None),
    ]
