"""Reports the runs of Pydantic AI agents.

    Agent(model, name="Geo Agent", capabilities=[StatusCapability()])       # for each agent

Runs, tools, tokens and `report_progress` inside a tool are reported to the current `job(...)`. An agent that
runs in another agent's tool is below that agent. A run whose output is `DeferredToolRequests` waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic_ai import DeferredToolRequests, RunContext
from pydantic_ai.capabilities import (
    AbstractCapability,
    ValidatedToolArgs,
    WrapModelRequestHandler,
    WrapRunHandler,
    WrapToolExecuteHandler,
)
from pydantic_ai.exceptions import ApprovalRequired, CallDeferred, SkipToolExecution
from pydantic_ai.messages import ModelRequest, ModelResponse, ToolCallPart, UserPromptPart

from ..scopes.job import AgentScope, JobScope
from .framework_runs import FrameworkRuns
from .usage import usage_of

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelMessage
    from pydantic_ai.models import ModelRequestContext
    from pydantic_ai.run import AgentRunResult
    from pydantic_ai.tools import ToolDefinition


class StatusCapability(AbstractCapability[Any]):
    """A capability for any number of agents."""

    def __init__(self, scope: JobScope | AgentScope | None = None) -> None:
        """Top-level runs belong to `scope`; without it, to the scope that is current when they start."""
        self._runs = FrameworkRuns("pydantic-ai", scope)

    async def wrap_run(self, ctx: RunContext[Any], *, handler: WrapRunHandler) -> AgentRunResult[Any]:
        """Called by Pydantic AI."""
        origin = _origin(ctx)
        self._runs.agent_started(
            ctx.run_id,
            (ctx.agent and ctx.agent.name) or "Agent",
            same_as=origin,
            durable_id=f"run-{origin}",
        )
        try:
            result = await handler()
        except BaseException as error:
            self._runs.agent_ended(ctx.run_id, error)
            raise
        if isinstance(result.output, DeferredToolRequests):
            self._runs.agent_waits(ctx.run_id, *_wait(result.output))
        self._runs.agent_ended(ctx.run_id)
        return result

    async def wrap_model_request(
        self,
        ctx: RunContext[Any],
        *,
        request_context: ModelRequestContext,
        handler: WrapModelRequestHandler,
    ) -> ModelResponse:
        """Called by Pydantic AI."""
        key = (ctx.run_id, "model")
        self._runs.model_started(key, parent=ctx.run_id)
        try:
            response = await handler(request_context)
        except BaseException:
            self._runs.model_ended(key)
            raise
        self._runs.model_ended(key, _usage(response))
        return response

    async def wrap_tool_execute(
        self,
        ctx: RunContext[Any],
        *,
        call: ToolCallPart,
        tool_def: ToolDefinition,  # noqa: ARG002 - the base's
        args: ValidatedToolArgs,
        handler: WrapToolExecuteHandler,
    ) -> Any:
        """Called by Pydantic AI."""
        key = (ctx.run_id, call.tool_call_id)
        self._runs.tool_started(key, call.tool_name, parent=ctx.run_id)
        try:
            result = await handler(args)
        except (ApprovalRequired, CallDeferred) as error:
            for_ = "approval" if isinstance(error, ApprovalRequired) else "result"
            self._runs.tool_waits(key, for_, _question([call], for_))
            raise
        except SkipToolExecution:
            self._runs.tool_ended(key)
            raise
        except BaseException as error:
            self._runs.tool_ended(key, error)
            raise
        self._runs.tool_ended(key)
        return result


def _origin(ctx: RunContext[Any]) -> str:
    """The id of the run itself; of one that answers deferred calls, the id of the run that it resumes.

    The message history has it, so that it is the same in another process.
    """
    history = list(ctx.messages)
    run_id = str(ctx.run_id)
    last = history[-1] if history else None
    if not (isinstance(last, ModelResponse) and any(isinstance(part, ToolCallPart) for part in last.parts)):
        return run_id
    for position in range(len(history) - 1, -1, -1):
        run_id = history[position].run_id or run_id
        if _is_question(history, position):
            break
    return run_id


def _is_question(history: Sequence[ModelMessage], position: int) -> bool:
    """Whether the message is a person's: a run that begins with it resumes no other run."""
    message = history[position]
    return isinstance(message, ModelRequest) and any(
        isinstance(part, UserPromptPart) for part in message.parts
    )


def _wait(requests: DeferredToolRequests) -> tuple[str, str]:
    for_ = "approval" if requests.approvals else "result"
    return for_, _question(requests.approvals or requests.calls, for_)


def _question(calls: Sequence[ToolCallPart], for_: str) -> str:
    names = ", ".join(call.tool_name for call in calls)
    return f"Approve {names}" if for_ == "approval" else f"Waiting for the result of {names}"


def _usage(response: ModelResponse) -> dict[str, Any]:
    usage = response.usage
    return usage_of(
        input=usage.input_tokens,
        output=usage.output_tokens,
        cache_read=usage.cache_read_tokens,
        cache_write=usage.cache_write_tokens,
        reasoning=getattr(usage, "output_reasoning_tokens", None),
        model=response.model_name,
    )
