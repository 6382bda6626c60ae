"""The scripted agents in Strands."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Callable
from typing import Any

from strands import Agent, tool
from strands.models import Model
from strands.types.streaming import StreamEvent

from status_utils.integrations.strands import StatusHooks
from tests.unit.status_utils.integrations.agent_script import (
    FUNCTIONS,
    TOKENS_IN,
    TOKENS_OUT,
    ScriptedAgent,
    Step,
)


class ScriptedModel(Model):
    """Answers with its steps, one after the other."""

    def __init__(self, steps: tuple[Step, ...]) -> None:
        self.steps = list(steps)

    def update_config(self, **model_config: Any) -> None:
        """Nothing to configure."""

    def get_config(self) -> dict[str, Any]:
        return {}

    def structured_output(self, *args: Any, **kwargs: Any) -> AsyncGenerator[dict[str, Any], None]:
        raise NotImplementedError

    async def stream(self, *args: Any, **kwargs: Any) -> AsyncIterable[StreamEvent]:
        step = self.steps.pop(0)
        if step.error:
            raise RuntimeError(step.error)
        yield {"messageStart": {"role": "assistant"}}
        for number, name in enumerate(step.calls):
            use: Any = {"toolUse": {"name": name, "toolUseId": f"call-{len(self.steps)}-{number}"}}
            yield {"contentBlockStart": {"start": use}}
            key = "text" if name in FUNCTIONS else "input"
            yield {"contentBlockDelta": {"delta": {"toolUse": {"input": f'{{"{key}": "elm"}}'}}}}
            yield {"contentBlockStop": {}}
        if step.say:
            yield {"contentBlockStart": {"start": {}}}
            yield {"contentBlockDelta": {"delta": {"text": step.say}}}
            yield {"contentBlockStop": {}}
        yield {"messageStop": {"stopReason": "tool_use" if step.calls else "end_turn"}}
        usage: Any = {
            "inputTokens": TOKENS_IN,
            "outputTokens": TOKENS_OUT,
            "totalTokens": TOKENS_IN + TOKENS_OUT,
        }
        yield {"metadata": {"usage": usage, "metrics": {"latencyMs": 1}}}


def build(script: ScriptedAgent, functions: dict[str, Callable[..., Any]], *hooks: StatusHooks) -> Agent:
    """The agent and those below it; only the outermost is given the hooks."""
    tools: list[Any] = [tool(functions[name]) for name in script.functions]
    tools += [build(below, functions).as_tool(name=name) for name, below in script.agents.items()]
    return Agent(
        name=script.name,
        model=ScriptedModel(script.steps),
        tools=tools,
        hooks=list(hooks),
        callback_handler=None,
    )


def run(script: ScriptedAgent, hooks: StatusHooks) -> str:
    """Run it the plain way."""
    return str(build(script, FUNCTIONS, hooks)("Where?")).strip()


async def run_async(script: ScriptedAgent, hooks: StatusHooks, functions: dict[str, Any]) -> str:
    """Run it in the running loop."""
    return str(await build(script, functions, hooks).invoke_async("Where?")).strip()
