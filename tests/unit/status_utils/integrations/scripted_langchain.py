"""The scripted agents in LangChain, which run as graphs of LangGraph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from langchain.agents import create_agent
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import BaseTool, StructuredTool, ToolException

from status_utils.integrations.langchain import StatusCallbacks
from tests.unit.status_utils.integrations.agent_script import (
    FUNCTIONS,
    TOKENS_IN,
    TOKENS_OUT,
    ScriptedAgent,
    Step,
)

_USAGE = {
    "input_tokens": TOKENS_IN,
    "output_tokens": TOKENS_OUT,
    "total_tokens": TOKENS_IN + TOKENS_OUT,
}


class ScriptedModel(BaseChatModel):
    """Answers with its steps, one after the other."""

    steps: list[Step]

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, *args: Any, **kwargs: Any) -> ScriptedModel:
        return self

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        step = self.steps.pop(0)
        if step.error:
            raise RuntimeError(step.error)
        calls = [
            {"name": name, "args": {"text": "elm"}, "id": f"call-{len(self.steps)}-{number}"}
            for number, name in enumerate(step.calls)
        ]
        message = AIMessage(content=step.say, tool_calls=calls, usage_metadata=_USAGE)
        return ChatResult(generations=[ChatGeneration(message=message)])


def build(script: ScriptedAgent, functions: dict[str, Callable[..., Any]]) -> Any:
    """The agent and those below it."""
    tools = [_function_tool(name, functions[name]) for name in script.functions]
    tools += [_agent_tool(name, build(below, functions)) for name, below in script.agents.items()]
    return create_agent(ScriptedModel(steps=list(script.steps)), tools=tools, name=script.name)


def _function_tool(name: str, function: Callable[..., Any]) -> BaseTool:
    # A failure is for the model to read, as in the other frameworks.
    async def awaited(text: str) -> str:
        try:
            answer = function(text)
            return str(answer if isinstance(answer, str) else await answer)
        except ValueError as error:
            raise ToolException(str(error)) from error

    def plain(text: str) -> str:
        try:
            return str(function(text))
        except ValueError as error:
            raise ToolException(str(error)) from error

    return StructuredTool.from_function(plain, awaited, name=name, description=name, handle_tool_error=str)


def _agent_tool(name: str, agent: Any) -> BaseTool:
    def plain(text: str) -> str:
        try:
            return str(agent.invoke({"messages": [("user", text)]})["messages"][-1].content)
        except RuntimeError as error:
            raise ToolException(str(error)) from error

    async def awaited(text: str) -> str:
        try:
            return str((await agent.ainvoke({"messages": [("user", text)]}))["messages"][-1].content)
        except RuntimeError as error:
            raise ToolException(str(error)) from error

    return StructuredTool.from_function(plain, awaited, name=name, description=name, handle_tool_error=str)


def run(script: ScriptedAgent, callbacks: StatusCallbacks) -> str:
    """Run it the plain way: the graph uses threads."""
    question: Any = {"messages": [("user", "Where?")]}
    answer = build(script, FUNCTIONS).invoke(question, config={"callbacks": [callbacks]})
    return str(answer["messages"][-1].content)


async def run_async(script: ScriptedAgent, callbacks: StatusCallbacks, functions: dict[str, Any]) -> str:
    """Run it in the running loop."""
    question: Any = {"messages": [("user", "Where?")]}
    answer = await build(script, functions).ainvoke(question, config={"callbacks": [callbacks]})
    return str(answer["messages"][-1].content)
