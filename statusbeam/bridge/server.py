"""The bridge as a process: `python -m statusbeam.bridge.server`, set up by BridgeSettings' variables.

SIGTERM drains it: the bridge opens no new streams, asks the clients of open ones to reconnect, and exits.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import socket
import sys
from collections.abc import Callable, Sequence

import uvicorn

from statusbeam.model.errors import SettingError
from statusbeam.model.settings import BridgeSettings

from .app import create_app
from .on_aws import bridge_on_aws
from .shared_frames import SharedFramesProtocol

MESSAGE_BYTES = 65_536
"""The most bytes in one message of a client."""
COLLECTOR_THRESHOLDS = (100_000, 50, 100)
DRAIN_SECONDS = 10
"""How long open streams may take to end."""


class BridgeServer(uvicorn.Server):
    """A uvicorn server that ends the open streams before it waits for them."""

    def __init__(self, config: uvicorn.Config, end_streams: Callable[[], None]) -> None:
        super().__init__(config)
        self._end_streams = end_streams

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until a signal ends the process."""
        # Sockets are many long-lived objects. At its usual pace, garbage collection took a third of the CPU
        # time.
        gc.freeze()
        gc.set_threshold(*COLLECTOR_THRESHOLDS)
        await super().serve(sockets)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, then stop as uvicorn does."""
        self._end_streams()
        await super().shutdown(sockets)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m statusbeam.bridge.server")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, default=8080, help="port to listen on (8080)")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    try:
        settings = BridgeSettings.from_env(os.environ)
        bridge = bridge_on_aws(settings)
    except SettingError as error:
        parser.exit(2, f"{error.message}\n")
    config = uvicorn.Config(
        create_app(bridge, streams=settings.bridge_streams),
        host=options.host,
        port=options.port,
        access_log=False,  # the access log would contain tokens in addresses
        log_level="warning",  # at info, uvicorn logs the address of each WebSocket
        ws=SharedFramesProtocol,
        ws_max_size=MESSAGE_BYTES,
        ws_per_message_deflate=False,  # uvicorn would compress each message for each client
        timeout_graceful_shutdown=DRAIN_SECONDS,
        log_config=None,
    )
    BridgeServer(config, bridge.connections.end_all).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
