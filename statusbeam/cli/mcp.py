"""`statusbeam mcp`: the bridge's tools for assistants that start a command and speak to its standard input.

Messages pass unchanged in both directions. The token comes from the environment, not from an argument.
"""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Mapping
from typing import Any

from .command import CommandError, Subcommands, add_flag
from .local_server import add_server_flags, running_outputs, state_folder

TOKEN_VARIABLE = "STATUSBEAM_TOKEN"  # noqa: S105 - the variable's name

DESCRIPTION = (
    "Serves the bridge's MCP tools on stdin and stdout. "
    f"{TOKEN_VARIABLE} holds a view token, or a token of the user pool: `statusbeam token` issues one."
)


def add_command(subcommands: Subcommands, environ: Mapping[str, str]) -> None:
    """Add `mcp`."""
    mcp = subcommands.add_parser("mcp", help="serve jobs to an assistant", description=DESCRIPTION)
    add_flag(
        mcp,
        "--bridge-url",
        environ,
        default="",
        help="address of the bridge; without it, that of the running localcloud",
    )
    add_server_flags(mcp, environ, with_ports=False)
    mcp.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Pass messages on until the assistant closes standard input."""
    token = os.environ.get(TOKEN_VARIABLE)
    if not token:
        raise CommandError(f"{TOKEN_VARIABLE} is not set: `statusbeam token` issues a view token.")
    url = arguments.bridge_url or running_outputs(state_folder(arguments)).bridge_url
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
            raise CommandError(f"the bridge refused: {message}")
        await target.send(message)
