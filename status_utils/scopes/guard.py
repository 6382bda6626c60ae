"""The one guard around every method of a scope: a failure in reporting is logged, not raised.

    class Scope:
        @never_raises
        def progress(self, share): ...

Exceptions other than `Exception` pass: an interrupt or a cancellation that arrives here is the caller's.
"""

from __future__ import annotations

from functools import wraps

from .failures import log_not_reported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

    P = ParamSpec("P")

    class Reporter(Protocol):
        """An object with methods that report."""

        fields: dict[str, Any]  # by the schema's names

    S = TypeVar("S", bound=Reporter)


def never_raises(method: Callable[Concatenate[S, P], None]) -> Callable[Concatenate[S, P], None]:
    """Make a scope's method log every exception that it raises, also one about its arguments."""

    @wraps(method)
    def guarded(scope: S, /, *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            method(scope, *args, **kwargs)
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller's work goes on
            log_not_reported(method.__name__, scope.fields, error)

    return guarded
