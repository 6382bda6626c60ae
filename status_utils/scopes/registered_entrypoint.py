"""Handlers that were registered with their server before they were decorated.

Bedrock AgentCore's `@app.entrypoint` registers the function that it is given, and returns the same function.
The server would leave a decorator above it out of every request.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from inspect import getclosurevars

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_AGENTCORE = "bedrock_agentcore."


def replace_entrypoint(handler: Callable[..., Any], decorated: Callable[..., Any]) -> None:
    """Register the decorated handler in the place of the handler, if an AgentCore app has that."""
    run: Any = getattr(handler, "run", None)  # `entrypoint` gives it to the function
    if not str(getattr(run, "__module__", "")).startswith(_AGENTCORE):
        return
    with suppress(Exception):  # an app of another version
        handlers: dict[str, Any] = getclosurevars(run).nonlocals["self"].handlers
        for name, registered in handlers.items():
            if registered is handler:
                handlers[name] = decorated
