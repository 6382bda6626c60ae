"""Whether a run of the OpenAI Agents SDK waits for an approval.

The SDK's spans do not show it: an interrupted run ends its spans like a complete one. The results of the run
and of the tool do. Both are local variables of the SDK's function that ends the span.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, Final

from agents import FunctionToolResult, ToolApprovalItem
from agents.result import RunResultBase

_FRAMES: Final = 20
"""The most frames up to the SDK's function."""


def pending_tools() -> list[str]:
    """The tools for which an ending run waits, by its span."""
    for value in _locals_of_runner():
        if isinstance(value, RunResultBase):
            interruptions = getattr(value, "interruptions", None) or ()
            return [str(getattr(item, "tool_name", None) or item.name or "a tool") for item in interruptions]
    return []


def is_tool_pending() -> bool:
    """Whether an ending tool waits and did nothing, by its span."""
    return any(
        isinstance(value, FunctionToolResult) and isinstance(value.run_item, ToolApprovalItem)
        for value in _locals_of_runner()
    )


def _locals_of_runner() -> Iterator[Any]:
    """The local variables of the SDK's innermost function that runs agents and tools."""
    frame = sys._getframe(1)
    for _ in range(_FRAMES):
        above = frame.f_back
        if above is None:
            return
        frame = above
        module = str(frame.f_globals.get("__name__"))
        if module == "agents.run" or module.startswith("agents.run_internal."):
            yield from list(frame.f_locals.values())
            return
