"""The description of an exception for readers, and its full text for the process's logs.

>>> describe_failure(ZeroDivisionError(), "Geo Agent", {"jobId": "job-1"})
('Geo Agent failed', {'errorId': '9f86d081884c7d65'})

The exception's own text is logged under the same error id and never sent: it may name hosts, keys or other
people's data. An exception with a text for readers has it in its attribute `public_message`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress

from ..sending.own_work import ERROR, INFO, best_effort, log
from ..sending.refused import note_refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from traceback import TracebackException
    from typing import Any, Final

_ERROR_ID = "statusbeam_error_id"

_CANCELLATIONS: Final = frozenset(("CancelledError", "Cancelled", "GreenletExit"))
"""The names that asyncio, anyio, trio, gevent and eventlet give the exception that stops the work."""

TEXT_CHARACTERS: Final = 1_000
"""The most characters of an exception's text in the process's logs: some quote whole documents."""

TRACEBACK_CHARACTERS: Final = 6_000
"""The most characters of a traceback there. The caller waits while it is redacted."""


def describe_failure(
    error: BaseException, label: str, fields: Mapping[str, Any]
) -> tuple[str, dict[str, str]]:
    """The message and the metadata of a status that reports `error`. Logs the exception once.

    `label` names what failed, `fields` has the status's ids. A group of one exception is described as that
    one. Never raises, not even if the exception's attributes do.
    """
    outcome, message = "failed", None
    with suppress(Exception):  # a class that overrides what a group or `isinstance` looks at
        error = _unwrap_group(error)
        outcome = _outcome(error)
    public = _attribute(error, "public_message")
    if isinstance(public, str) and public:
        message = public
    metadata = {"errorId": error_id(error, fields, outcome)}
    if outcome != "failed":
        metadata["reason"] = outcome
    return message or f"{label} {outcome}", metadata


def is_success(error: BaseException) -> bool:
    """Whether the exception ends the process as a success, which is no failure. Never raises."""
    return issubclass(type(error), SystemExit) and _attribute(error, "code") in (None, 0)


def is_cancellation(error: BaseException) -> bool:
    """Whether the event loop or its library stopped the work on purpose. Never raises.

    Knows the exceptions of asyncio, trio, anyio, gevent and eventlet by name, without importing them. A group
    that holds nothing else counts too, such as a group of trio's nurseries.
    """
    try:
        return all(_CANCELLATIONS.intersection(_class_names(leaf)) for leaf in _leaves(error))
    except Exception:  # noqa: BLE001 - a class that overrides what `isinstance` looks at
        return False


def _class_names(error: BaseException) -> list[str]:
    """Looks at classes that are not `Exception`s: the CancelledError of `concurrent.futures` is about other
    work."""
    return [] if isinstance(error, Exception) else [kind.__name__ for kind in type(error).__mro__]


def _leaves(error: BaseException) -> list[BaseException]:
    """The exceptions of a group, and of the groups in it."""
    if not isinstance(error, BaseExceptionGroup):
        return [error]
    return [leaf for inner in error.exceptions for leaf in _leaves(inner)]


def error_id(error: BaseException, fields: Mapping[str, Any], outcome: str = "failed") -> str:
    """The id of the exception in the process's logs; logs it, unless that was done before. Never raises."""
    known = _attribute(error, _ERROR_ID)
    if isinstance(known, str):
        return known
    new = os.urandom(8).hex()
    with suppress(Exception):  # an exception that takes no attributes gets an id at each level
        setattr(error, _ERROR_ID, new)
    _log_failure(error, new, outcome, fields)
    return new


def _attribute(error: BaseException, name: str) -> object:
    try:
        return getattr(error, name, None)
    except Exception:  # noqa: BLE001 - the caller's `__getattr__` may raise anything
        return None


def _unwrap_group(error: BaseException) -> BaseException:
    """The one exception in a group whose other tasks were cancelled, if any."""
    leaves = _leaves(error)
    failures = [leaf for leaf in leaves if not is_cancellation(leaf)]
    if len(failures) == 1:
        return failures[0]
    return error if failures else leaves[0]


def _outcome(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "timed out"
    if isinstance(error, KeyboardInterrupt):
        return "was interrupted"
    if isinstance(error, SystemExit | GeneratorExit):
        return "was stopped"
    return "was cancelled" if is_cancellation(error) else "failed"


@best_effort
def _log_failure(error: BaseException, id_: str, outcome: str, fields: Mapping[str, Any]) -> None:
    log(
        "status_utils.failures",
        ERROR if outcome in ("failed", "timed out") else INFO,
        "job_id=<%s>, invocation_id=<%s>, error_id=<%s> | work %s\n%s",
        fields.get("jobId"),
        fields.get("invocationId"),
        id_,
        outcome,
        _redacted_traceback(error),
    )


def log_not_reported(call: str, fields: Mapping[str, Any], error: Exception) -> None:
    """Log that a call of this library failed, and why."""
    note_refused(fields, error)
    _log_not_reported(call, fields, error)


@best_effort
def _log_not_reported(call: str, fields: Mapping[str, Any], error: Exception) -> None:
    log(
        "status_utils.failures",
        ERROR,
        "job_id=<%s>, invocation_id=<%s>, call=<%s> | status not reported\n%s",
        fields.get("jobId"),
        fields.get("invocationId"),
        call,
        _redacted_traceback(error),
    )


def _redacted_traceback(error: BaseException) -> str:
    """The traceback without secrets; logging's `exc_info` would show all that the exception quotes."""
    from traceback import TracebackException  # noqa: PLC0415 - for failures only

    from ..sending.redact_on_exit import redact_text  # noqa: PLC0415

    try:
        trace = TracebackException.from_exception(error)
        _shorten_texts(trace)
        return redact_text(_shorten("".join(trace.format()), TRACEBACK_CHARACTERS))
    except Exception:  # noqa: BLE001 - the exception's attributes may raise anything
        return type(error).__name__


def _shorten_texts(trace: TracebackException | None) -> None:
    """Before they are formatted: that copies each text several times."""
    if trace is None:
        return
    for name in ("_str", "__notes__"):
        value: Any = getattr(trace, name, None)
        if isinstance(value, str):
            setattr(trace, name, _shorten(value, TEXT_CHARACTERS))
        elif isinstance(value, list | tuple):
            setattr(trace, name, [_shorten(str(note), TEXT_CHARACTERS) for note in value[:10]])
    for inner in (trace.__cause__, trace.__context__, *(getattr(trace, "exceptions", None) or ())):
        _shorten_texts(inner)


def _shorten(text: str, characters: int) -> str:
    """The beginning and the end of a text that is longer."""
    if len(text) <= characters:
        return text
    half = characters // 2
    return f"{text[:half]} … [{len(text) - 2 * half} characters] … {text[-half:]}"
