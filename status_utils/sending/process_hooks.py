"""Hooks where a process ends or forks: interpreter exit, the end of multiprocessing's children, SIGTERM,
fork.

The first scope installs them; SIGTERM's is also installed when scopes are imported, for servers whose scopes
are all in other threads than the main one. Afterwards the previous SIGTERM handler is called. Without one,
the signal ends the process as it would have without this library.
"""

from __future__ import annotations

import _thread
import atexit
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any, Final

SIGTERM_SECONDS: Final = 0.4
"""The longest delay of SIGTERM; Lambda kills the process half a second after it."""

FORK_SECONDS: Final = 3.0
"""How long a fork waits for imports in the background."""

import_lock = threading.RLock()
"""Hold it while a background thread imports modules. A process that is forked meanwhile would inherit their
import locks for ever, and hang where it imports them itself."""

_installed: set[str] = set()
_ending: list[bool] = []  # not empty once the process is about to end


def is_ending() -> bool:
    """Whether SIGTERM arrived, or the interpreter's exit began. Statuses from now on may have no later hook.

    Servers such as uvicorn take the signal, finish their requests, and raise it again with its default
    handler.
    """
    return bool(_ending)


def install(
    *, at_exit: Callable[[], None], at_sigterm: Callable[[], None], in_child: Callable[[], None]
) -> None:
    """Install each hook once."""
    if "exit" not in _installed:
        _installed.add("exit")

        def end() -> None:
            _ending.append(True)
            at_exit()

        atexit.register(end)
        _at_end_of_child(end)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(
                before=_before_fork,
                after_in_parent=_after_fork,
                after_in_child=lambda: _in_child(in_child, end),
            )
    install_sigterm(at_sigterm, "first scope")


def install_sigterm(at_sigterm: Callable[[], None], occasion: str) -> None:
    """Install the SIGTERM handler, from the main thread only; once an occasion.

    A handler that another library installed in between is still called, afterwards.
    """
    if occasion in _installed or threading.current_thread() is not threading.main_thread():
        return
    _installed.add(occasion)
    previous = signal.getsignal(signal.SIGTERM)
    # Python can't call a handler that is not Python's; and ours may be in place already.
    if previous is not None and not getattr(previous, "reports_statuses", False):
        with suppress(ValueError):  # in a subinterpreter
            signal.signal(signal.SIGTERM, _handler(at_sigterm, previous))


def _before_fork() -> None:
    import_lock.acquire(timeout=FORK_SECONDS)


def _after_fork() -> None:
    with suppress(RuntimeError):  # the wait timed out
        import_lock.release()


def _in_child(in_child: Callable[[], None], at_exit: Callable[[], None]) -> None:
    global import_lock  # noqa: PLW0603 - the thread that held it is not in this process
    import_lock = threading.RLock()
    _ending.clear()
    in_child()
    multiprocessing = sys.modules.get("multiprocessing.util")
    if multiprocessing is not None:  # its child clears the parent's finalizers, then calls this
        multiprocessing.register_after_fork(at_exit, _at_end_of_child)


def _at_end_of_child(at_exit: Callable[[], None]) -> None:
    """Children of multiprocessing exit without atexit."""
    multiprocessing = sys.modules.get("multiprocessing.util")
    if multiprocessing is not None:
        multiprocessing.Finalize(None, at_exit, exitpriority=0)


def _handler(at_sigterm: Callable[[], None], previous: Any) -> Callable[[int, FrameType | None], None]:
    def handle(number: int, frame: FrameType | None) -> None:
        _ending.append(True)
        _run_bounded(at_sigterm)
        if callable(previous):
            previous(number, frame)
        elif previous is signal.SIG_DFL:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    handle.reports_statuses = True  # type: ignore[attr-defined]  # to be known again
    return handle


def _run_bounded(function: Callable[[], None]) -> None:
    """Run in another thread: the interrupted thread may hold a lock that the function needs.

    Uses `_thread`, because the interrupted thread may hold a lock of `threading` as well.
    """
    done = _thread.allocate_lock()
    done.acquire()

    def run() -> None:
        try:
            function()
        finally:
            done.release()

    try:
        _thread.start_new_thread(run, ())
    except RuntimeError:  # no new thread: the interpreter is ending, and its exit hook flushes
        return
    done.acquire(timeout=SIGTERM_SECONDS)
