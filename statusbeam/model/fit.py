"""Cuts texts that are too long, with a mark: a cut status is worth more than a rejected one.

>>> fit_message("m" * 2_400)[-22:]
'm … [2400 characters]'
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice

from .errors import InvalidStatusError
from .limits import MESSAGE_LENGTH, NAME_LENGTH
from .texts import cut, one_line, printable
from .validation import JsonObject, mended_object
from .words import StatusWord

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

_ENDS: Final = frozenset(
    word.value
    for word in (
        StatusWord.COMPLETE,
        StatusWord.ERROR,
        StatusWord.CANCELLED,
        StatusWord.AGENT_COMPLETE,
        StatusWord.AGENT_ERROR,
        StatusWord.TOOL_COMPLETE,
        StatusWord.TOOL_ERROR,
    )
)
_NAMES: Final = ("agentName", "toolName")
_MARK: Final = re.compile(r" … \[\d{1,12} characters\]\Z")


def fit_end(status: Mapping[str, Any]) -> Mapping[str, Any]:
    """A status that ends a job or an agent, cut to the limits; any other status unchanged.

    If its length made the publisher reject the end, readers would wait for ever.
    """
    word = status.get("status")
    if not isinstance(word, str) or word not in _ENDS:
        return status
    fitted = dict(status)
    message = status.get("message")
    if isinstance(message, str):
        fitted["message"] = fit_message(message)
    for field in _NAMES:
        name = status.get(field)
        if isinstance(name, str) and name:
            fitted[field] = fit_name(name)
    if status.get("metadata") is not None:
        fitted["metadata"] = fit_metadata(status["metadata"])
    return fitted


def fit_message(message: str) -> str:
    """The message with printable characters only, cut with a mark. A mark that it ends with is kept."""
    message = printable(message)
    if len(message) <= MESSAGE_LENGTH:
        return message
    cut_before = _MARK.search(message)
    mark = cut_before[0] if cut_before else length_mark(message)
    return cut(message, MESSAGE_LENGTH - len(mark)) + mark


def length_mark(text: str) -> str:
    """The mark at the end of a cut text."""
    return f" … [{len(text)} characters]"


def fit_name(name: str, longest: int = NAME_LENGTH) -> str:
    """The name on one line, cut with a mark."""
    name = one_line(name)
    return name if len(name) <= longest else f"{one_line(name[: longest - 1])}…"


def fit_metadata(metadata: object) -> JsonObject:
    """The metadata, or a mark with the reason why it was dropped and its first keys."""
    try:
        return mended_object("metadata", metadata)
    except InvalidStatusError as error:
        mark: dict[str, Any] = {"leftOut": error.message}
        if isinstance(metadata, Mapping):
            mark["keys"] = [printable(str(key))[:NAME_LENGTH] for key in islice(metadata, 10)]
        return JsonObject(mark)
