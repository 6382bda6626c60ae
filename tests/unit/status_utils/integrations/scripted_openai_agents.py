"""The scripted agents in the OpenAI Agents SDK: its real model class, over a transport that is a script."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx2
from agents import Agent, OpenAIChatCompletionsModel, Runner, function_tool
from openai import AsyncOpenAI

from tests.unit.status_utils.integrations.agent_script import (
    FUNCTIONS,
    TOKENS_IN,
    TOKENS_OUT,
    ScriptedAgent,
    Step,
    own_loop,
)

_USAGE = {
    "prompt_tokens": TOKENS_IN,
    "completion_tokens": TOKENS_OUT,
    "total_tokens": TOKENS_IN + TOKENS_OUT,
}

RESPONSE: dict[str, Any] = {
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
}
"""An answer of the Responses API, to which a test adds its `usage`."""


def scripted_model(steps: tuple[Step, ...]) -> OpenAIChatCompletionsModel:
    """Answers with its steps, one after the other."""
    left = list(steps)

    def answer(request: httpx2.Request) -> httpx2.Response:
        step = left.pop(0)
        if step.error:
            return httpx2.Response(400, json={"error": {"message": step.error}})
        completion = _completion(step, len(left))
        asked = json.loads(request.content)
        if not asked.get("stream"):
            return httpx2.Response(200, json=completion)
        with_usage = bool((asked.get("stream_options") or {}).get("include_usage"))
        return httpx2.Response(
            200, text=_streamed(completion, with_usage), headers={"content-type": "text/event-stream"}
        )

    client = AsyncOpenAI(
        api_key="test",
        base_url="http://127.0.0.1:9",
        max_retries=0,
        http_client=httpx2.AsyncClient(transport=httpx2.MockTransport(answer)),
    )
    return OpenAIChatCompletionsModel(model="scripted", openai_client=client)


def _completion(step: Step, left: int) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": step.say or None}
    if step.calls:
        message["tool_calls"] = [
            {
                "id": f"call-{left}-{number}",
                "type": "function",
                "function": {
                    "name": name,
                    "arguments": json.dumps({"text" if name in FUNCTIONS else "input": "elm"}),
                },
            }
            for number, name in enumerate(step.calls)
        ]
    choice = {"index": 0, "finish_reason": "tool_calls" if step.calls else "stop", "message": message}
    return {
        "id": "completion",
        "object": "chat.completion",
        "created": 0,
        "model": "scripted",
        "choices": [choice],
        "usage": _USAGE,
    }


def _streamed(completion: dict[str, Any], with_usage: bool) -> str:
    """The completion in chunks, as server-sent events."""
    (choice,) = completion["choices"]
    delta = dict(choice["message"])
    if "tool_calls" in delta:
        delta["tool_calls"] = [{"index": n, **call} for n, call in enumerate(delta["tool_calls"])]
    chunk = {**completion, "object": "chat.completion.chunk", "usage": None}
    chunks = [
        {**chunk, "choices": [{"index": 0, "finish_reason": None, "delta": delta}]},
        {**chunk, "choices": [{"index": 0, "finish_reason": choice["finish_reason"], "delta": {}}]},
        *([{**chunk, "choices": [], "usage": _USAGE}] if with_usage else []),
    ]
    return "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"


def build(script: ScriptedAgent, functions: dict[str, Callable[..., Any]]) -> Agent[None]:
    """The agent and those below it."""
    tools: list[Any] = [function_tool(functions[name]) for name in script.functions]
    tools += [build(below, functions).as_tool(name, name) for name, below in script.agents.items()]
    return Agent(name=script.name, model=scripted_model(script.steps), tools=tools)


def run(script: ScriptedAgent, tracing: object) -> str:
    """Run it the plain way; `tracing` is installed for the whole process."""
    with own_loop():
        return str(Runner.run_sync(build(script, FUNCTIONS), "Where?").final_output)


async def run_async(script: ScriptedAgent, tracing: object, functions: dict[str, Any]) -> str:
    """Run it in the running loop."""
    return str((await Runner.run(build(script, functions), "Where?")).final_output)
