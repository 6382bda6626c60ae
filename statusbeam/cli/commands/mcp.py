"""`statusbeam mcp`: the bridge's tools for assistants that start a command and write to its standard input.

The token comes from the environment, not from an argument.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
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
    asyncio.run(serve(f"{url.rstrip('/')}/mcp", token))
    return 0


async def serve(url: str, token: str) -> None:
    """Pass messages between standard input and output and the server at `url`."""
    import httpx2  # noqa: PLC0415 - loaded by this command only
    from mcp.client.streamable_http import streamable_http_client  # noqa: PLC0415 - the same
    from mcp.server.stdio import stdio_server  # noqa: PLC0415 - the same

    from ..mcp_relay import Relay  # noqa: PLC0415 - the same

    headers = {"authorization": f"Bearer {token}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=httpx2.Timeout(30, read=120)) as http,
        streamable_http_client(url, http_client=http) as (from_bridge, to_bridge),
        stdio_server() as (from_assistant, to_assistant),
    ):
        relay = Relay(to_assistant, to_bridge)
        answering = asyncio.create_task(_pass_on(from_bridge, relay.take_from_bridge))
        try:
            await _pass_on(from_assistant, relay.take_from_assistant)
        finally:
            relay.close()
            answering.cancel()


async def _pass_on(source: Any, take: Callable[[Any], Awaitable[None]]) -> None:
    async for message in source:
        if isinstance(message, Exception):
            raise CommandError(f"the bridge refused: {message}", ExitCode.NOT_ALLOWED)
        await take(message)


COMMAND = command(
    mcp,
    examples=(
        "STATUSBEAM_TOKEN=$(statusbeam token --user ana --tenant acme) statusbeam mcp",
        "statusbeam mcp --bridge-url https://bridge.example.com",
    ),
)
