"""Waiting in a coroutine for a function that blocks, whichever event loop runs the coroutine.

>>> await wait_for_thread(flush, otherwise=flush_without_waiting)
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from contextlib import suppress

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from collections.abc import Awaitable
    from typing import Any


async def wait_for_thread(function: Callable[[], object], *, otherwise: Callable[[], object]) -> None:
    """Run `function` in a thread of its own, and wait for it in the way of the current event loop.

    The loop's own pool of threads may be busy. Without another thread, `otherwise` is called. In an event
    loop that isn't known here, `function` itself is called, and blocks the loop.
    """
    found = _event_of_loop()
    if found is None:
        function()
        return
    wake, wait = found

    def run() -> None:
        try:
            function()
        finally:
            with suppress(Exception):  # the loop was closed meanwhile
                wake()

    try:
        threading.Thread(target=run, name="status_utils", daemon=True).start()
    except RuntimeError:  # no new thread
        otherwise()
    else:
        await wait()


def _event_of_loop() -> tuple[Callable[[], object], Callable[[], Awaitable[object]]] | None:
    """How a thread wakes the current coroutine, and how this one waits for it."""
    if _is_trio():
        trio: Any = sys.modules["trio"]
        event, token = trio.Event(), trio.lowlevel.current_trio_token()
        return (lambda: token.run_sync_soon(event.set)), event.wait
    asyncio: Any = sys.modules.get("asyncio")
    with suppress(Exception):  # no loop of asyncio's runs here
        loop, done = asyncio.get_running_loop(), asyncio.Event()
        return (lambda: loop.call_soon_threadsafe(done.set)), done.wait
    return None


def _is_trio() -> bool:
    """Whether trio runs the current coroutine; a loop of asyncio may run below it or above."""
    trio: Any = sys.modules.get("trio")
    sniffio: Any = sys.modules.get("sniffio")  # trio needs it, so it is loaded with trio
    if trio is None or sniffio is None:
        return False
    with suppress(Exception):  # no event loop runs here
        return bool(sniffio.current_async_library() == "trio")
    return False
