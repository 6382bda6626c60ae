"""Reports the runs of Pydantic AI agents.

    Agent(model, name="Geo Agent", capabilities=[StatusCapability()])       # for each agent

Runs, tools, tokens and `report_progress` inside a tool are reported to the current `job(...)`. An agent that
runs in another agent's tool is below that agent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic_ai import RunContext
from pydantic_ai.capabilities import (
    AbstractCapability,
    ValidatedToolArgs,
    WrapModelRequestHandler,
    WrapRunHandler,
    WrapToolExecuteHandler,
)
from pydantic_ai.exceptions import ApprovalRequired, CallDeferred, SkipToolExecution

from ..scopes.job import AgentScope, JobScope
from .framework_runs import FrameworkRuns

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelResponse, ToolCallPart
    from pydantic_ai.models import ModelRequestContext
    from pydantic_ai.run import AgentRunResult
    from pydantic_ai.tools import ToolDefinition

_CONTROL_FLOW = (ApprovalRequired, CallDeferred, SkipToolExecution)
"""Exceptions that control the run; they are not failures."""


class StatusCapability(AbstractCapability[Any]):
    """A capability for any number of agents."""

    def __init__(self, scope: JobScope | AgentScope | None = None) -> None:
        """Top-level runs belong to `scope`; without it, to the scope that is current when they start."""
        self._runs = FrameworkRuns(scope)

    async def wrap_run(self, ctx: RunContext[Any], *, handler: WrapRunHandler) -> AgentRunResult[Any]:
        """Called by Pydantic AI."""
        self._runs.agent_started(ctx.run_id, (ctx.agent and ctx.agent.name) or "Agent")
        try:
            result = await handler()
        except BaseException as error:
            self._runs.agent_ended(ctx.run_id, error)
            raise
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
        response = await handler(request_context)
        self._runs.add_tokens(
            ctx.run_id, input=response.usage.input_tokens, output=response.usage.output_tokens
        )
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
        except BaseException as error:
            self._runs.tool_ended(key, None if isinstance(error, _CONTROL_FLOW) else error)
            raise
        self._runs.tool_ended(key)
        return result
