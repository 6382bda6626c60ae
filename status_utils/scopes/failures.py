"""What readers learn about an exception, and what stays in the process's logs.

>>> describe_failure(ZeroDivisionError(), "Geo Agent", {"jobId": "job-1"})
('Geo Agent failed', {'errorId': '9f86d081884c7d65'})

The exception's own text is logged under the same error id and never sent: it may name hosts, keys or other
people's data. An exception with a text for readers has it in its attribute `public_message`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ERROR_ID = "statusbeam_error_id"


def describe_failure(
    error: BaseException, label: str, fields: Mapping[str, Any]
) -> tuple[str, dict[str, str]]:
    """The message and the metadata of a status that reports `error`. Logs the exception once.

    `label` names what failed, `fields` has the status's ids. A group of one exception is described as that
    one.
    """
    error = _unwrap_group(error)
    outcome = _outcome(error)
    try:
        public = getattr(error, "public_message", None)
    except Exception:  # noqa: BLE001 - the caller's property may raise anything
        public = None
    message = public if isinstance(public, str) and public else f"{label} {outcome}"
    metadata = {"errorId": _log_once(error, outcome, fields)}
    if outcome != "failed":
        metadata["reason"] = outcome
    return message, metadata


def _unwrap_group(error: BaseException) -> BaseException:
    """The one exception in a group, such as of a TaskGroup whose other tasks were cancelled."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def _outcome(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "timed out"
    if isinstance(error, KeyboardInterrupt):
        return "was interrupted"
    if isinstance(error, SystemExit | GeneratorExit):
        return "was stopped"
    # asyncio's CancelledError, without importing asyncio, and others of its kind.
    return "failed" if isinstance(error, Exception) else "was cancelled"


def _log_once(error: BaseException, outcome: str, fields: Mapping[str, Any]) -> str:
    """Log the exception, unless a scope below did, and return its error id."""
    known = getattr(error, _ERROR_ID, None)
    if isinstance(known, str):
        return known
    import logging  # noqa: PLC0415 - loading it costs as much as the rest of this library

    error_id = os.urandom(8).hex()
    with suppress(AttributeError):  # an exception with slots gets an id at each level
        setattr(error, _ERROR_ID, error_id)
    logging.getLogger("status_utils.failures").log(
        logging.ERROR if outcome in ("failed", "timed out") else logging.INFO,
        "job_id=<%s>, invocation_id=<%s>, error_id=<%s> | work %s\n%s",
        fields.get("jobId"),
        fields.get("invocationId"),
        error_id,
        outcome,
        _redacted_traceback(error),
    )
    return error_id


def _redacted_traceback(error: BaseException) -> str:
    """The traceback without secrets; logging's `exc_info` would show whatever the exception quotes."""
    import traceback  # noqa: PLC0415 - for failures only

    from ..sending.redact_on_exit import redact_text  # noqa: PLC0415

    try:
        return redact_text("".join(traceback.format_exception(error)))
    except Exception:  # noqa: BLE001 - the exception's `__str__` may raise anything
        return type(error).__name__
