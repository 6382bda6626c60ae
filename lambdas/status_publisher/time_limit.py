"""A limit on the time of one message, for any of its work.

    with time_limit(4.2):
        publish(payload)          # raises OutOfTimeError when it takes longer

A timer signal interrupts Python code, regular expressions and waits for a socket. Code in C that ignores
signals continues. Then Lambda's timeout ends the function, with its one message.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Never

_AGAIN_SECONDS: Final = 0.2
"""The signal repeats at this interval, because an interrupted finalizer swallows the exception."""


class OutOfTimeError(BaseException):
    """The time is over. Not an `Exception`, so that no handler of other errors catches it."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise OutOfTimeError in the block after `seconds`.

    Only the main thread receives signals, and Lambda runs handlers there. In another thread there is no
    limit.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGALRM, _ring)
    try:
        try:
            signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001), _AGAIN_SECONDS)
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    finally:  # again: the signal may have arrived during the line above
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _ring(*_: object) -> Never:
    raise OutOfTimeError
