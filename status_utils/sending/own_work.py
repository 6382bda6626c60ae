"""Marks the library's own work: its log output, and its calls of the AWS SDK.

Both run other code: logging handlers, instrumented clients. A status from such code would be about the
library itself, and cause the next one without end. The library ignores it.

    >>> with OwnWork():
    ...     is_own_work()
    True
"""

from __future__ import annotations

from _thread import get_ident
from contextvars import ContextVar
from functools import wraps

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Token
    from typing import ParamSpec

    P = ParamSpec("P")


class OwnWork:
    """A `with` block of the library's own work in this thread. Blocks may be within each other."""

    __slots__ = ("_thread", "_token")

    def __enter__(self) -> None:
        self._thread: int | None = get_ident()
        self._token: Token[OwnWork | None] = _CURRENT.set(self)

    def __exit__(self, *_: object) -> None:
        # Tasks that were created meanwhile keep a copy of the context: for them, too, the work is over.
        self._thread = None
        _CURRENT.reset(self._token)

    def is_here(self) -> bool:
        """Whether the block is running, in this thread."""
        return self._thread == get_ident()


_CURRENT: ContextVar[OwnWork | None] = ContextVar("status_utils_own_work", default=None)


def is_own_work() -> bool:
    """Whether the library itself called the code that asks."""
    work = _CURRENT.get()
    return work is not None and work.is_here()


def best_effort(function: Callable[P, None]) -> Callable[P, None]:
    """Make each call of the function the library's own work, which never raises.

    For the work after a failure: there is no other place left to report to.
    """

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> None:
        with OwnWork():
            try:
                function(*args, **kwargs)
            except Exception as error:  # noqa: BLE001 - such as a logging handler that raises
                _show(function.__name__, error)

    return call


def _show(name: str, error: Exception) -> None:
    """On stderr, as `logging` shows the errors of its handlers. The error's text may hold secrets."""
    import sys  # noqa: PLC0415 - for failures only
    from contextlib import suppress  # noqa: PLC0415

    with suppress(Exception):  # it may be closed
        sys.stderr.write(f"status_utils: {name} failed: {type(error).__name__}\n")


@best_effort
def log(logger: str, level: int, text: str, *values: object) -> None:
    """Log a line about the library itself, if the logger has the level enabled."""
    import logging  # noqa: PLC0415 - loading it costs as much as the rest of this library

    logging.getLogger(logger).log(level, text, *values)


WARNING = 30
ERROR = 40
INFO = 20
"""logging's levels, which this module does without loading it."""


def warn(logger: str, text: str, *values: object) -> None:
    """Log a warning about how the library is used."""
    log(logger, WARNING, text, *values)
