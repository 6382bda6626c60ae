"""An MCP server of the bridge's: its refusals are answers, and none of them writes a traceback."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Final

from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import (
    ResourceError,
    ResourceNotFoundError,
    ToolError,
    UnexpectedResourceError,
    UnexpectedToolError,
)
from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS, CallToolResult, GetPromptResult, InputRequiredResult
from starlette.requests import Request

from statusbeam.model.errors import JournalError
from statusbeam.model.limits import NAME_LENGTH
from statusbeam.model.validation import json_text

from ..access.viewer import Viewer
from ..problems import Problem

UNREADABLE: Final = "The log can't be read now."


class AssistantServer(MCPServer[Any]):
    """Tells callers of unknown names which names there are, and of problems what they may know."""

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """Call a tool. Raises MCPError for an unknown one, and ToolError."""
        known = [tool.name for tool in await self.list_tools()]
        if name not in known:
            raise _unknown("tool", name, known)
        try:
            return await super().call_tool(name, arguments, context)
        except UnexpectedToolError as error:
            if (detail := readable(error.__cause__)) is None:
                raise
            raise ToolError(detail) from error

    async def read_resource(
        self, uri: Any, context: Context[Any, Any] | None = None
    ) -> Iterable[ReadResourceContents] | InputRequiredResult:
        """Read a resource. Raises ResourceError."""
        try:
            return await super().read_resource(uri, context)
        except UnexpectedResourceError as error:
            if (detail := readable(error.__cause__)) is None:
                raise
            kind = ResourceNotFoundError if is_callers(error.__cause__) else ResourceError
            raise kind(detail) from error

    async def get_prompt(
        self, name: str, arguments: dict[str, Any] | None = None, context: Context[Any, Any] | None = None
    ) -> GetPromptResult | InputRequiredResult:
        """Get a prompt. Raises MCPError for an unknown one."""
        known = [prompt.name for prompt in await self.list_prompts()]
        if name not in known:
            raise _unknown("prompt", name, known)
        return await super().get_prompt(name, arguments, context)


def viewer_of(request: Request | None) -> Viewer:
    """The viewer that a request's token stands for."""
    if request is None:
        raise ToolError("The request brought no token.")
    viewer: Viewer = request.state.viewer
    return viewer


def readable(error: BaseException | None) -> str | None:
    """What the caller may know of an error that the bridge expects; None for a fault of the bridge's own."""
    if isinstance(error, Problem):
        return error.detail
    return UNREADABLE if isinstance(error, JournalError) else None


def is_callers(error: BaseException | None) -> bool:
    """Whether the caller named something that does not exist, or that an id can't be."""
    return isinstance(error, Problem) and error.status in (HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST)


def _unknown(kind: str, name: str, known: list[str]) -> MCPError:
    names = ", ".join(known) if known else "none"
    return MCPError(INVALID_PARAMS, f"Unknown {kind}: {json_text(name[:NAME_LENGTH])}. Known: {names}.")
