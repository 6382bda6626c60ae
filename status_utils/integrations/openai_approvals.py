"""Whether a run of the OpenAI Agents SDK waits for an approval.

The SDK's spans don't tell: a run that is interrupted ends its spans like one that is complete. The result of
the run does, and so does the one of the tool. Both are at hand in the SDK's function that ends the span.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, Final

from agents import FunctionToolResult, ToolApprovalItem
from agents.result import RunResultBase

_FRAMES: Final = 20
"""How far up the SDK's function is at most."""


def pending_tools() -> list[str]:
    """The tools that the run whose span ends waits for."""
    for value in _locals_of_runner():
        if isinstance(value, RunResultBase):
            interruptions = getattr(value, "interruptions", None) or ()
            return [str(getattr(item, "tool_name", None) or item.name or "a tool") for item in interruptions]
    return []


def is_tool_pending() -> bool:
    """Whether the tool whose span ends waits, and did nothing."""
    return any(
        isinstance(value, FunctionToolResult) and isinstance(value.run_item, ToolApprovalItem)
        for value in _locals_of_runner()
    )


def _locals_of_runner() -> Iterator[Any]:
    """What is at hand in the SDK's innermost function that runs agents and tools."""
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
