"""`statusbeam mcp`: the bridge's tools for assistants that start a command and write to its standard input.

Messages pass unchanged in both directions. The token comes from the environment, not from an argument.
"""

from __future__ import annotations

import asyncio
import os
from typing import Annotated, Any

from typer import Option

from statusbeam.client.target import TOKEN_VARIABLE

from ..command import CommandError, ExitCode
from ..options import TargetOptions
from ..parser import command

BridgeUrl = Annotated[
    str | None,
    Option(
        "--bridge-url",
        envvar="STATUSBEAM_BRIDGE_URL",
        metavar="URL",
        help="address of the bridge; without it, the running localcloud's",
    ),
]


def mcp(options: TargetOptions, bridge_url: BridgeUrl = None) -> int:
    """Serve the bridge's MCP tools on stdin and stdout, for assistants that start a command.

    STATUSBEAM_TOKEN holds a view token, or a token of the user pool: `statusbeam token` issues one.
    """
    token = os.environ.get(TOKEN_VARIABLE)
    if not token:
        raise CommandError(
            f"{TOKEN_VARIABLE} is not set: `statusbeam token` issues a view token.", ExitCode.WRONG_CALL
        )
    url = bridge_url or options.target().output("BridgeUrl")
    asyncio.run(relay(f"{url.rstrip('/')}/mcp", token))
    return 0


async def relay(url: str, token: str) -> None:
    """Pass messages between standard input and output and the server at `url`."""
    import httpx2  # noqa: PLC0415 - loaded by this command only
    from mcp.client.streamable_http import streamable_http_client  # noqa: PLC0415 - the same
    from mcp.server.stdio import stdio_server  # noqa: PLC0415 - the same

    headers = {"authorization": f"Bearer {token}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=httpx2.Timeout(30, read=120)) as http,
        streamable_http_client(url, http_client=http) as (from_bridge, to_bridge),
        stdio_server() as (from_assistant, to_assistant),
    ):
        answering = asyncio.create_task(_pass_on(from_bridge, to_assistant))
        try:
            await _pass_on(from_assistant, to_bridge)
        finally:
            answering.cancel()


async def _pass_on(source: Any, target: Any) -> None:
    async for message in source:
        if isinstance(message, Exception):
            raise CommandError(f"the bridge refused: {message}", ExitCode.NOT_ALLOWED)
        await target.send(_with_headers(message))


def _with_headers(message: Any) -> Any:
    """The message with the headers that HTTP demands since 2026-07-28: version, method and name."""
    from mcp.shared.inbound import (  # noqa: PLC0415 - loaded by this command only
        MCP_METHOD_HEADER,
        MCP_NAME_HEADER,
        MCP_PROTOCOL_VERSION_HEADER,
        NAME_BEARING_METHODS,
        encode_header_value,
    )
    from mcp.shared.message import ClientMessageMetadata, SessionMessage  # noqa: PLC0415 - the same
    from mcp.types import PROTOCOL_VERSION_META_KEY, JSONRPCRequest  # noqa: PLC0415 - the same

    request = message.message
    if not isinstance(request, JSONRPCRequest):
        return message
    params = request.params or {}
    version = (params.get("_meta") or {}).get(PROTOCOL_VERSION_META_KEY)
    if version is None:
        return message
    headers = {MCP_PROTOCOL_VERSION_HEADER: version, MCP_METHOD_HEADER: request.method}
    name = params.get(NAME_BEARING_METHODS.get(request.method, ""))
    if isinstance(name, str):
        headers[MCP_NAME_HEADER] = encode_header_value(name)
    return SessionMessage(request, metadata=ClientMessageMetadata(headers=headers))


COMMAND = command(
    mcp,
    examples=(
        "STATUSBEAM_TOKEN=$(statusbeam token --user ana --tenant acme) statusbeam mcp",
        "statusbeam mcp --bridge-url https://bridge.example.com",
    ),
)
