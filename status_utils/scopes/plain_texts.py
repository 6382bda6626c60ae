"""Any caller's value as a text: a message, a name, a title or an id.

    >>> to_id(UUID("9f86d081-884c-4d65-9a2f-eaa0c55ad015"), "job_id")
    '9f86d081-884c-4d65-9a2f-eaa0c55ad015'

Nothing here raises.
"""

from __future__ import annotations

from contextlib import suppress

from statusbeam.model.fit import fit_name, length_mark
from statusbeam.model.limits import ID_LENGTH, REDACTED_LENGTH, TITLE_LENGTH
from statusbeam.model.metadata import IDENTITY

from ..sending.own_work import ERROR, log
from .plain_numbers import is_decimal, to_number

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from typing import Any


def to_text(value: object) -> str:
    """A text for any value. An exception becomes its class name: its text may hold secrets."""
    if type(value) is str:
        return value
    if value is None:
        return ""
    try:
        if isinstance(value, str):
            return str.__str__(value)
        return type(value).__name__ if isinstance(value, BaseException) else str.__str__(str(value))
    except Exception:  # noqa: BLE001 - the caller's `__str__` may raise anything
        return type_mark(value)


def to_message(value: object) -> str:
    """A message, cut with a mark at the length that readers can use."""
    text = to_text(value)
    if len(text) <= REDACTED_LENGTH:
        return text
    ending = length_mark(text)
    return text[: REDACTED_LENGTH - len(ending)] + ending


def to_name(value: object) -> str:
    """The name of an agent or a tool: on one line, within its limit."""
    return fit_name(to_text(value))


def type_mark(value: object) -> str:
    """The mark for a value that has no text."""
    return f"<{type(value).__name__}>"


def to_title(value: object) -> str | None:
    """The title of a job: on one line, within its limit; None without one."""
    return fit_name(to_text(value).strip(), TITLE_LENGTH) or None


def to_id(value: Any, argument: str) -> str | None:
    """An id as people would write it; None, with a line in the process's logs, for any other value."""
    if value is None or type(value) is str:
        return value
    with suppress(Exception):  # the caller's value may raise anything
        text = _id_text(value)
        if text is not None:
            return text
    log(__name__, ERROR, "argument=<%s>, type=<%s> | not an id", argument, type(value).__name__)
    return None


def identity_of(**given: Any) -> dict[str, str]:
    """The metadata that identifies a job, of the arguments that a caller gave."""
    ids = {IDENTITY[argument]: to_id(value, argument) for argument, value in given.items()}
    return {key: value for key, value in ids.items() if value}


def _id_text(value: Any) -> str | None:
    from enum import Enum  # noqa: PLC0415 - for ids that are not text only
    from numbers import Number  # noqa: PLC0415

    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, bool):
        return None
    if isinstance(value, Number):
        plain = to_number(value)
        return None if plain is None else format(plain, "f") if is_decimal(plain) else str(plain)
    text = to_text(value) if has_text(value) and not isinstance(value, BaseException) else ""
    return text if 0 < len(text) <= 2 * ID_LENGTH else None


def has_text(value: object) -> bool:
    """Whether the value's class defines its text. The default text is an address, or a `repr` for
    programmers."""
    text: Any = type(value).__str__
    return text is not object.__str__
