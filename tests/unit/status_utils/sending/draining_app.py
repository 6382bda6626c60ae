"""An application that uvicorn's command imports, with a job that ends while the server drains.

The environment's REPORT_TO is the file to report to. With IN_THREAD, the job is in a thread, which may not
handle signals.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.unit.status_utils.sending.scope_programs import FileTransport, announce, opened

draining = threading.Event()


class StuckTransport(FileTransport):
    """Answers nothing that is sent once the server drains."""

    def send(self, payload: Mapping[str, Any]) -> None:
        if draining.is_set():
            time.sleep(60)
        super().send(payload)


IN_THREAD = bool(os.environ.get("IN_THREAD"))
if not IN_THREAD:  # so that what the server restores at its end is the default, not the library's handler
    signal.signal(signal.SIGTERM, signal.SIG_DFL)

TRANSPORT = StuckTransport(Path(os.environ["REPORT_TO"]))


def work() -> None:
    with opened(TRANSPORT) as j, j.agent("Geo Agent"):
        announce("ready")
        draining.wait(20)


async def work_here() -> None:
    async with opened(TRANSPORT) as j, j.agent("Geo Agent"):
        announce("ready")
        await asyncio.to_thread(draining.wait, 20)


async def app(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    working = asyncio.create_task(asyncio.to_thread(work) if IN_THREAD else work_here())
    await send({"type": "lifespan.startup.complete"})
    await receive()
    draining.set()
    await working
    await send({"type": "lifespan.shutdown.complete"})
