"""The scripted agents in Pydantic AI."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic_ai import Agent, ModelRetry
from pydantic_ai.messages import ModelMessage, ModelResponse, ModelResponsePart, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.usage import RequestUsage

from status_utils.integrations.pydantic_ai import StatusCapability
from tests.unit.status_utils.integrations.agent_script import (
    FUNCTIONS,
    TOKENS_IN,
    TOKENS_OUT,
    ScriptedAgent,
    Step,
    own_loop,
)


def scripted_model(steps: tuple[Step, ...]) -> FunctionModel:
    """Answers with its steps, one after the other."""
    left = list(steps)

    async def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        step = left.pop(0)
        if step.error:
            raise RuntimeError(step.error)
        usage = RequestUsage(input_tokens=TOKENS_IN, output_tokens=TOKENS_OUT)
        calls: list[ModelResponsePart] = [
            ToolCallPart(name, {"text": "elm"}, tool_call_id=f"call-{len(left)}-{number}")
            for number, name in enumerate(step.calls)
        ]
        return ModelResponse(parts=calls or [TextPart(step.say)], usage=usage)

    return FunctionModel(answer)


def build(
    script: ScriptedAgent, functions: dict[str, Callable[..., Any]], capability: StatusCapability
) -> Agent[None, str]:
    """The agent and those below it; each has the capability."""
    agent = Agent(scripted_model(script.steps), name=script.name, capabilities=[capability])
    for name in script.functions:
        agent.tool_plain(name=name)(_for_the_model(functions[name]))
    for name, below in script.agents.items():
        agent.tool_plain(name=name)(_as_tool(build(below, functions, capability)))
    return agent


def _for_the_model(function: Callable[..., Any]) -> Callable[..., Any]:
    # A failure is for the model to read, as in the other frameworks.
    async def awaited(text: str) -> str:
        try:
            return str(await function(text))
        except ValueError as error:
            raise ModelRetry(str(error)) from error

    def plain(text: str) -> str:
        try:
            return str(function(text))
        except ValueError as error:
            raise ModelRetry(str(error)) from error

    return plain if function in FUNCTIONS.values() else awaited


def _as_tool(agent: Agent[None, str]) -> Callable[..., Any]:
    async def ask(text: str) -> str:
        try:
            return (await agent.run(text)).output
        except RuntimeError as error:
            raise ModelRetry(str(error)) from error

    return ask


def run(script: ScriptedAgent, capability: StatusCapability) -> str:
    """Run it the plain way: plain functions run in threads."""
    with own_loop():
        return build(script, FUNCTIONS, capability).run_sync("Where?").output


async def run_async(script: ScriptedAgent, capability: StatusCapability, functions: dict[str, Any]) -> str:
    """Run it in the running loop."""
    return (await build(script, functions, capability).run("Where?")).output
