"""The adapters report each token once, with cached and reasoning tokens, also for calls without an agent."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterator
from typing import Any

import agents
import httpx2
import pytest
from agents import Agent as OpenAIAgent
from agents import OpenAIResponsesModel, Runner
from langchain_core.language_models.llms import LLM
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult, Generation, LLMResult
from openai import AsyncOpenAI
from pydantic import Field
from pydantic_ai import Agent as PydanticAgent
from pydantic_ai.messages import ModelResponse, TextPart
from pydantic_ai.models.function import FunctionModel
from pydantic_ai.usage import RequestUsage
from strands import Agent as StrandsAgent
from strands.types.streaming import StreamEvent

from status_utils import AgentScope, JobScope, MemoryTransport, job
from status_utils.integrations.langchain import StatusCallbacks
from status_utils.integrations.openai_agents import StatusTracing
from status_utils.integrations.pydantic_ai import StatusCapability
from status_utils.integrations.strands import StatusHooks
from tests.unit.status_utils.integrations import scripted_langchain, scripted_openai_agents, scripted_strands
from tests.unit.status_utils.integrations.agent_script import Step, work
from tests.unit.status_utils.published import snapshot

EVERYTHING = {
    "inputTokens": 100,
    "outputTokens": 50,
    "cacheReadInputTokens": 40,
    "cacheWriteInputTokens": 10,
    "reasoningTokens": 30,
    "model": "scripted",
}
WITHOUT_REASONING = {key: value for key, value in EVERYTHING.items() if key != "reasoningTokens"}
WITHOUT_WRITING = {key: value for key, value in EVERYTHING.items() if key != "cacheWriteInputTokens"}


@pytest.fixture
def transport() -> MemoryTransport:
    return MemoryTransport()


@pytest.fixture
def scope(transport: MemoryTransport) -> Iterator[JobScope]:
    with job(job_id="job-1", user_id="ana", tenant_id="city", transport=transport) as scope:
        yield scope


@pytest.fixture(autouse=True)
def _tracing() -> Iterator[None]:
    agents.set_trace_processors([StatusTracing()])
    yield
    agents.set_trace_processors([])


def usage(transport: MemoryTransport) -> Any:
    return (work(transport)[-1].metadata or {}).get("tokenUsage")


class Candidates(scripted_langchain.ScriptedModel):
    """Answers with several candidates; each carries the usage of the whole answer."""

    steps: list[Step] = Field(default_factory=list)
    count: int = 1

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        message = AIMessage(
            content="Elm",
            usage_metadata={
                "input_tokens": 100,
                "output_tokens": 50,
                "total_tokens": 150,
                "input_token_details": {"cache_read": 40, "cache_creation": 10},
                "output_token_details": {"reasoning": 30},
            },
            response_metadata={"model_name": "scripted"},
        )
        return ChatResult(generations=[ChatGeneration(message=message) for _ in range(self.count)])


@pytest.mark.parametrize("count", [1, 3])
def test_several_candidates_of_one_answer_of_langchain_are_one_usage(
    scope: JobScope, transport: MemoryTransport, count: int
) -> None:
    with scope.agent("Geo Agent"):
        Candidates(count=count).invoke("Where?", config={"callbacks": [StatusCallbacks()]})
    assert usage(transport) == EVERYTHING


def test_several_prompts_of_one_call_are_a_usage_each(scope: JobScope, transport: MemoryTransport) -> None:
    with scope.agent("Geo Agent"):
        model = Candidates(count=2)
        model.batch(["Where?", "When?"], config={"callbacks": [StatusCallbacks()]})
    assert (usage(transport)["inputTokens"], usage(transport)["outputTokens"]) == (200, 100)


class Completing(LLM):
    """A model that completes a text, and reports its usage for all prompts together."""

    @property
    def _llm_type(self) -> str:
        return "completing"

    def _call(self, prompt: str, *args: Any, **kwargs: Any) -> str:
        raise NotImplementedError

    def _generate(self, prompts: list[str], *args: Any, **kwargs: Any) -> LLMResult:
        counts = {"prompt_tokens": 100, "completion_tokens": 50}
        return LLMResult(
            generations=[[Generation(text="Elm")] for _ in prompts],
            llm_output={"token_usage": counts, "model_name": "scripted"},
        )


def test_a_bare_call_of_a_completing_model_counts_too(scope: JobScope, transport: MemoryTransport) -> None:
    with scope.agent("Geo Agent"):
        Completing().invoke("Where?", config={"callbacks": [StatusCallbacks()]})
    assert usage(transport) == {"inputTokens": 100, "outputTokens": 50, "model": "scripted"}


def test_a_bare_call_of_a_model_in_a_job_counts_for_the_job(
    scope: JobScope, transport: MemoryTransport
) -> None:
    Candidates().invoke("Where?", config={"callbacks": [StatusCallbacks()]})
    scope.complete("Done")
    assert snapshot(transport)["totalTokenUsage"]["inputTokens"] == 100


def test_a_model_that_fails_costs_nothing_and_leaves_nothing_open(
    scope: JobScope, transport: MemoryTransport
) -> None:
    model = scripted_langchain.ScriptedModel(steps=[Step(error="no model"), Step(say="Elm")])
    with scope.agent("Geo Agent"):
        callbacks = StatusCallbacks()
        with pytest.raises(RuntimeError, match="no model"):
            model.invoke("Where?", config={"callbacks": [callbacks]})
        model.invoke("Where?", config={"callbacks": [callbacks]})
    assert usage(transport) == {"inputTokens": 10, "outputTokens": 5}


def test_tokens_that_the_agent_counted_itself_and_those_of_a_model_add_up(
    scope: JobScope, transport: MemoryTransport
) -> None:
    with scope.agent("Geo Agent") as agent:
        agent.tokens(input=1, output=2, cache_read=3)
        Candidates().invoke("Where?", config={"callbacks": [StatusCallbacks()]})
    found = usage(transport)
    assert (found["inputTokens"], found["outputTokens"], found["cacheReadInputTokens"]) == (101, 52, 43)


CHAT_USAGE = {
    "prompt_tokens": 100,
    "completion_tokens": 50,
    "total_tokens": 150,
    "prompt_tokens_details": {"cached_tokens": 40},
    "completion_tokens_details": {"reasoning_tokens": 30},
}
RESPONSES_USAGE = {
    "input_tokens": 100,
    "input_tokens_details": {"cached_tokens": 40, "cache_write_tokens": 0},
    "output_tokens": 50,
    "output_tokens_details": {"reasoning_tokens": 30},
    "total_tokens": 150,
}


@pytest.mark.usefixtures("scope")
@pytest.mark.parametrize("api", ["chat completions", "responses"])
async def test_openai_reports_cached_and_reasoning_tokens(
    transport: MemoryTransport, api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scripted_openai_agents, "_USAGE", CHAT_USAGE)
    response = {**scripted_openai_agents.RESPONSE, "usage": RESPONSES_USAGE}
    client = AsyncOpenAI(
        api_key="test",
        http_client=httpx2.AsyncClient(
            transport=httpx2.MockTransport(lambda request: httpx2.Response(200, json=response))
        ),
    )
    model: Any = scripted_openai_agents.scripted_model((Step(say="Elm"),))
    if api == "responses":
        model = OpenAIResponsesModel("scripted", openai_client=client)
    await Runner.run(OpenAIAgent(name="Geo Agent", model=model), "Where?")
    assert usage(transport) == WITHOUT_WRITING


@pytest.mark.usefixtures("scope")
async def test_pydantic_ai_reports_cached_and_reasoning_tokens(transport: MemoryTransport) -> None:
    async def answer(messages: Any, info: Any) -> ModelResponse:
        counts = RequestUsage(
            input_tokens=100,
            output_tokens=50,
            cache_read_tokens=40,
            cache_write_tokens=10,
            output_reasoning_tokens=30,
        )
        return ModelResponse(parts=[TextPart("Elm")], usage=counts, model_name="scripted")

    model = FunctionModel(answer, model_name="scripted")
    await PydanticAgent(model, name="Geo Agent", capabilities=[StatusCapability()]).run("Where?")
    assert usage(transport) == EVERYTHING


class CachingModel(scripted_strands.ScriptedModel):
    """A model of Strands whose provider caches prompts."""

    def get_config(self) -> dict[str, Any]:
        return {"model_id": "scripted"}

    async def stream(self, *args: Any, **kwargs: Any) -> AsyncIterable[StreamEvent]:
        async for event in super().stream(*args, **kwargs):
            if "metadata" in event:
                counts: Any = {
                    "inputTokens": 100,
                    "outputTokens": 50,
                    "totalTokens": 150,
                    "cacheReadInputTokens": 40,
                    "cacheWriteInputTokens": 10,
                }
                yield {"metadata": {"usage": counts, "metrics": {"latencyMs": 1}}}
            else:
                yield event


@pytest.mark.usefixtures("scope")
def test_strands_reports_cached_tokens(transport: MemoryTransport) -> None:
    StrandsAgent(
        name="Geo Agent",
        model=CachingModel((Step(say="Elm"),)),
        hooks=[StatusHooks()],
        callback_handler=None,
    )("Where?")
    assert usage(transport) == WITHOUT_REASONING


def test_token_counts_of_callers_have_the_same_names(scope: JobScope, transport: MemoryTransport) -> None:
    agent: AgentScope = scope.agent("Geo Agent").start()
    with agent.tool("location") as tool:
        tool.tokens(input=100, output=50, cache_read=40, cache_write=10, reasoning=30, model="scripted")
    assert usage(transport) == EVERYTHING
    agent.end()
    (found,) = snapshot(transport)["agents"]
    assert found["tokenUsage"] == {"inputTokens": 100, "outputTokens": 50, "totalTokens": 150}
