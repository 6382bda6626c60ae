"""What people are told of an exception, and what is kept for those who look into it.

>>> failure_of(ZeroDivisionError(), "Geo Agent", {"jobId": "job-1"})
('Geo Agent failed', {'errorId': '9f86d081884c7d65'})

The exception's own text stays in the local log, beside the same id: it may name hosts, keys, other people's
data. An exception that has text for everybody says so: `public_message`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ERROR_ID = "statusbeam_error_id"


def failure_of(error: BaseException, who: str, entry: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """The message and metadata of a status that tells of `error`; logs it, once however far it goes up.

    Of a group with one exception in it, it tells of that one.
    """
    error = _sole(error)
    how = _how(error)
    try:
        said = getattr(error, "public_message", None)
    except Exception:  # noqa: BLE001 - a property of somebody else's
        said = None
    message = said if isinstance(said, str) and said else f"{who} {how}"
    metadata = {"errorId": _logged(error, how, entry)}
    if how != "failed":
        metadata["reason"] = how
    return message, metadata


def _sole(error: BaseException) -> BaseException:
    """The one exception in a group, such as of a TaskGroup whose other tasks were cancelled."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def _how(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "timed out"
    if isinstance(error, KeyboardInterrupt):
        return "was interrupted"
    if isinstance(error, SystemExit | GeneratorExit):
        return "was stopped"
    # asyncio's CancelledError without loading asyncio, and those of its kind.
    return "failed" if isinstance(error, Exception) else "was cancelled"


def _logged(error: BaseException, how: str, entry: Mapping[str, Any]) -> str:
    known = getattr(error, _ERROR_ID, None)
    if isinstance(known, str):
        return known
    import logging  # noqa: PLC0415 - loading it costs as much as the rest of this library

    error_id = os.urandom(8).hex()
    with suppress(AttributeError):  # an exception with slots gets an id at each level
        setattr(error, _ERROR_ID, error_id)
    logging.getLogger("status_utils.failures").log(
        logging.ERROR if how in ("failed", "timed out") else logging.INFO,
        "job_id=<%s>, invocation_id=<%s>, error_id=<%s> | work %s\n%s",
        entry.get("jobId"),
        entry.get("invocationId"),
        error_id,
        how,
        _told(error),
    )
    return error_id


def _told(error: BaseException) -> str:
    """The exception with its traceback, without secrets: `exc_info` would show whatever it quotes."""
    import traceback  # noqa: PLC0415 - for failures only

    from ..sending.redact_on_exit import redacted_text  # noqa: PLC0415

    try:
        return redacted_text("".join(traceback.format_exception(error)))
    except Exception:  # noqa: BLE001 - its own text may fail, and the caller's work goes on
        return type(error).__name__
