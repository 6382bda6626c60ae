"""Functions for code at any depth below a scope: they find the current scope by themselves.

    with j.agent("Geo Agent"):
        current_scope().agent_name          # "Geo Agent", from any depth below
        report_progress(0.4, "Halfway")     # progress of the innermost agent or tool
        with report_tool("location"): ...   # of the innermost agent
        executor.map(in_scope(look_up), streets)

Outside of all scopes they do nothing, so any function may call them.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext

from .job import AgentScope, JobScope
from .scope import innermost_scope

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from typing import Any

    from .job import ToolScope
    from .scope import Scope


def current_scope() -> JobScope | AgentScope | None:
    """The innermost agent or job; None outside of all scopes."""
    return agent_or_job(innermost_scope())


def agent_or_job(scope: Scope | None) -> JobScope | AgentScope | None:
    """The scope; the agent of a tool."""
    while scope is not None and not isinstance(scope, JobScope | AgentScope):
        scope = scope.parent
    return scope


def report_progress(share: float | None = None, message: str = "", *, percent: float | None = None) -> None:
    """Report the progress of the innermost agent, tool or job, as a share from 0 to 1 or in percent.

        >>> report_progress(0.4, "4 of 10 pages")

    Does nothing outside of a scope, so any function may call it.
    """
    scope = innermost_scope()
    if scope is not None:
        scope.progress(share, message, percent=percent)


def report_tool(
    tool_name: str, reason: str = "", metadata: Mapping[str, Any] | None = None
) -> ToolScope | nullcontext[None]:
    """Report that the innermost agent uses a tool; as a `with` block, also the tool's end.

        >>> with report_tool("location", reason="Find Elm Street"):
        ...     find("Elm Street")

    Does nothing outside of an agent, so any function may call it.
    """
    agent = current_scope()
    return agent.tool(tool_name, reason, metadata) if isinstance(agent, AgentScope) else nullcontext()
