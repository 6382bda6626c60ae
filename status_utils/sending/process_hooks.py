"""Where a process ends or doubles: interpreter exit, the end of multiprocessing's children, SIGTERM, fork.

Installed when the first scope begins. The handler of SIGTERM that was there before is called afterwards;
where there was none, the process ends by the signal as it would have without us.
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

TYPE_CHECKING = False  # not typing's: loading typing is a tenth of what importing status_utils costs
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any, Final

SIGTERM_SECONDS: Final = 0.4
"""How long SIGTERM is held up at most; Lambda gives half a second before it kills."""

FORK_SECONDS: Final = 3.0
"""How long a fork waits for modules that are being loaded."""

loading = threading.RLock()
"""Hold it while modules are loaded in the background. Forked meanwhile, a process would find them half loaded
and locked for ever, and hang where it imports them itself."""

_installed: set[str] = set()


def install(
    *, at_exit: Callable[[], None], at_sigterm: Callable[[], None], in_child: Callable[[], None]
) -> None:
    """Have the functions called, once however often this is; SIGTERM only from the main thread."""
    if "exit" not in _installed:
        _installed.add("exit")
        atexit.register(at_exit)
        _at_end_of_child(at_exit)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(
                before=_before_fork,
                after_in_parent=_after_fork,
                after_in_child=lambda: _in_child(in_child, at_exit),
            )
    if "SIGTERM" not in _installed and threading.current_thread() is threading.main_thread():
        _installed.add("SIGTERM")
        previous = signal.getsignal(signal.SIGTERM)
        if previous is not None:  # one that isn't Python's can't be called by us
            with suppress(ValueError):  # a subinterpreter's
                signal.signal(signal.SIGTERM, _handler(at_sigterm, previous))


def _before_fork() -> None:
    loading.acquire(timeout=FORK_SECONDS)


def _after_fork() -> None:
    with suppress(RuntimeError):  # it was waited for in vain
        loading.release()


def _in_child(in_child: Callable[[], None], at_exit: Callable[[], None]) -> None:
    global loading  # noqa: PLW0603 - whoever held it isn't here
    loading = threading.RLock()
    in_child()
    multiprocessing = sys.modules.get("multiprocessing.util")
    if multiprocessing is not None:  # its child forgets what the parent wanted at its end, and then asks anew
        multiprocessing.register_after_fork(at_exit, _at_end_of_child)


def _at_end_of_child(at_exit: Callable[[], None]) -> None:
    """Children of multiprocessing end without atexit."""
    multiprocessing = sys.modules.get("multiprocessing.util")
    if multiprocessing is not None:
        multiprocessing.Finalize(None, at_exit, exitpriority=0)


def _handler(at_sigterm: Callable[[], None], previous: Any) -> Callable[[int, FrameType | None], None]:
    def handle(number: int, frame: FrameType | None) -> None:
        _bounded(at_sigterm)
        if callable(previous):
            previous(number, frame)
        elif previous is signal.SIG_DFL:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    return handle


def _bounded(function: Callable[[], None]) -> None:
    """Run in a thread: the one that the signal interrupted may hold a lock that the function needs.

    Without threading's own, whose locks may be held as well.
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
    except RuntimeError:  # no new thread: the interpreter ends anyway, and says its last words there
        return
    done.acquire(timeout=SIGTERM_SECONDS)
